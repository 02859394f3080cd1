# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/architecture.md and docs/decisions/ against the code: what they name is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "reachy_mini_ros"
DOCS = ROOT / "docs"
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
MAKERS = {"Thread", "ThreadPoolExecutor", "create_subprocess_exec"}
"""What begins threads and processes."""
FOREIGN = {"MultiThreadedExecutor", "SingleThreadedExecutor", "EventsExecutor"}


def section(heading: str) -> str:
    return ARCHITECTURE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0].startswith("`")]


def sources() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


SOURCES = sources()


def defined(tree: ast.AST) -> set[str]:
    """Return the names that a module defines, those of classes' members as Class.member."""
    names = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            names |= {node.name} | {f"{node.name}.{name}" for name in defined(node)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


DEFINED = {file: defined(tree) for file, tree in SOURCES.items()}
ALL_DEFINED = set().union(*DEFINED.values())


@pytest.mark.parametrize(
    "document", [DOCS / "architecture.md", *DECISIONS], ids=lambda path: path.name
)
def test_files_and_symbols_that_are_named_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"`([\w./-]+\.(?:py|sh|xml|md|txt|yaml))`", text):
        assert (PACKAGE / name).is_file() or (ROOT / name).is_file(), name
    for name in re.findall(r"`([\w/]+/)`", text):
        assert (
            (PACKAGE / name).is_dir() or (ROOT / name).is_dir() or any(PACKAGE.glob(f"*/{name}"))
        ), name
    for name in re.findall(r"`(_?[A-Z][A-Za-z]*[a-z][A-Za-z]*(?:\.\w+)?)`", text):
        assert name in ALL_DEFINED | FOREIGN, name


@pytest.mark.parametrize("heading", ["Follow one frame", "Follow one command"])
def test_each_step_s_symbol_is_in_its_file(heading: str) -> None:
    steps = [row for row in rows(section(heading)) if len(row) == 3]
    assert len(steps) > 10
    for file, symbol, _ in steps:
        assert symbol.strip("`") in DEFINED[file.strip("`")], (file, symbol)


def test_rooms_and_what_they_import() -> None:
    told = {
        row[0].strip("`/"): set(re.findall(r"`(\w+)`", row[2])) for row in rows(section("Rooms"))
    }
    found: dict[str, set[str]] = {path.parent.name: set() for path in PACKAGE.glob("*/__init__.py")}
    for file, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE.name):
                names = {f"{node.module}.{alias.name}".split(".")[1] for alias in node.names}
                room = Path(file).parts[0]
                if room in found:
                    found[room] |= names & (found.keys() - {room})
    assert told == found


def test_what_begins_threads_and_processes() -> None:
    told = {row[0].strip("`") for row in rows(section("Threads and processes"))}
    found = {
        file
        for file, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in MAKERS
    }
    assert told == found


def test_every_decision_is_listed_with_its_title() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    titles = {path.name: path.read_text(encoding="utf-8").splitlines()[0][2:] for path in DECISIONS}
    found = re.findall(r"^- \[(.+?)\]\((.+?)\)", listed, re.MULTILINE)
    assert found == [(title, name) for name, title in titles.items()]
    for path in DECISIONS:
        text = path.read_text(encoding="utf-8")
        for heading in ("Reason", "Price", "Undo when"):
            assert f"\n## {heading}\n" in text, (path.name, heading)
