# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The files of the site, for MkDocs: the repository's, where its links look for them.

A page's source has the name that it has in the repository, whatever its address on the site is: so
the links of the Markdown files lead to the same on GitHub and here. Source files and folders that
a page links to become pages too.
"""

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PACKAGES = ("reachy_mini_ros/robot", "reachy_mini_ros/media")
"""Whose public names the reference has."""
LINK = re.compile(r"\]\(([^)\s#]+)")
LANGUAGES = {".py": "python", ".sh": "bash", ".yml": "yaml", ".rviz": "yaml", ".perspective": ""}


class PageFile(File):
    """A page, whatever the name of its source ends in."""

    def is_documentation_page(self) -> bool:
        """Return true: it is one."""
        return True

    def is_media_file(self) -> bool:
        """Return false: it is a page."""
        return False

    @cached_property
    def name(self) -> str:  # type: ignore[override]
        """Return the name in the address, for which others ask before the title is known."""
        return Path(self.dest_uri).stem


def on_config(config: MkDocsConfig) -> None:
    """Complete the navigation: what is in folders has no line of its own there."""
    for section in config.nav or []:
        if "API reference" in section:
            section["API reference"] = reference_navigation()
        for entry in section.get("Project", []):
            if "Decisions" in entry:
                entry["Decisions"] = [f"docs/decisions/{path.name}" for path in decisions()]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace what MkDocs found in docs/ by the repository's files."""
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    found = [
        page(config, str(path.relative_to(ROOT)), address(path), path.read_text(encoding="utf-8"))
        for path in pages
    ]
    changes = (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")
    found.append(page(config, "CHANGELOG.rst", "changelog.html", markdown_of(changes)))
    linked = {path for source in pages for path in links(source)}
    for path in sorted(linked):
        name = str(path.relative_to(ROOT))
        if path.suffix in (".png", ".css"):
            found.append(static(config, name))
        elif name != "CHANGELOG.rst" and path not in pages:
            text = source_page(path)
            where = f"source/{name}.html"
            found.append(page(config, name, where, text, InclusionLevel.NOT_IN_NAV))
    found += [static(config, "docs/site/site.css")]
    found += [static(config, f"docs/{path.name}") for path in sorted((ROOT / "docs").glob("*.png"))]
    found += [page(config, *one) for one in reference()]
    of_the_theme = [file for file in files if file.src_dir != config.docs_dir]
    return Files({file.src_uri: file for file in [*of_the_theme, *found]}.values())


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    """Give the tables of the interface the room of a navigation that has one line."""
    if page.file.src_uri == "docs/interface.md":
        page.meta["hide"] = ["navigation"]


def page(
    config: MkDocsConfig,
    source: str,
    where: str,
    text: str,
    inclusion: InclusionLevel = InclusionLevel.UNDEFINED,
) -> File:
    """Return a page with that text at that address."""
    file = PageFile.generated(config, source, content=text, inclusion=inclusion)
    file.dest_uri = where
    return file


def static(config: MkDocsConfig, name: str) -> File:
    """Return a file that is copied as it is."""
    file = File.generated(config, name, abs_src_path=str(ROOT / name))
    file.dest_uri = name.removeprefix("docs/")
    return file


def address(path: Path) -> str:
    """Return a Markdown file's address: docs/ is not in it, and the README is the start."""
    name = str(path.relative_to(ROOT)).removeprefix("docs/")
    return re.sub("README$", "index", name.removesuffix(".md")).lower() + ".html"


def decisions() -> list[Path]:
    """Return the decisions, after the page that lists them."""
    return sorted(
        (ROOT / "docs" / "decisions").glob("*.md"), key=lambda path: path.name != "README.md"
    )


def links(path: Path) -> Iterator[Path]:
    """Return what of the repository a page links to, and what is in a folder that it does."""
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        target = (path.parent / link).resolve()
        if "://" not in link and target.is_relative_to(ROOT) and target.exists():
            yield target


def source_page(path: Path) -> str:
    """Return a page that shows a file, or names what is in a folder."""
    title = f"# {path.relative_to(ROOT)}\n\n"
    if path.is_dir():
        names = sorted(one.name + "/" * one.is_dir() for one in path.iterdir() if shown(one))
        return title + "\n".join(f"- `{name}`" for name in names) + "\n"
    text = path.read_text(encoding="utf-8")
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", text)), 3)
    language = LANGUAGES.get(path.suffix, path.suffix.removeprefix("."))
    return f"{title}{fence}{language}\n{text.rstrip()}\n{fence}\n"


def shown(path: Path) -> bool:
    """Return whether a folder's list names it."""
    return not path.name.startswith((".", "__"))


def markdown_of(changes: str) -> str:
    """Return the changelog's reStructuredText as Markdown; it uses titles, lists and ``code``."""
    lines = re.sub(r"^\^+\n(.+)\n\^+$", r"# \1", changes, flags=re.MULTILINE)
    lines = re.sub(r"^(.+)\n-{3,}$", r"## \1\n", lines, flags=re.MULTILINE)
    return re.sub(
        r"^( *)\*( )",
        lambda match: f"{match[1] * 2}-{match[2]}",
        lines.replace("``", "`"),
        flags=re.MULTILINE,
    )


def modules() -> Iterator[Path]:
    """Return the modules and packages of the reference; packages before what is in them."""
    for package in PACKAGES:
        paths = [
            path
            for path in (ROOT / package).rglob("*.py")
            if path.stem[:1] != "_" or path.stem == "__init__"
        ]
        yield from sorted(path.parent if path.stem == "__init__" else path for path in paths)


def dotted(path: Path) -> str:
    """Return a module's name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def reference_address(path: Path) -> str:
    """Return the name of the source of a module's page."""
    name = "/".join(path.relative_to(ROOT / "reachy_mini_ros").with_suffix("").parts)
    return f"api/{name}/index.md" if path.is_dir() else f"api/{name}.md"


def purpose(path: Path) -> str:
    """Return the first line of a module's docstring."""
    source = path / "__init__.py" if path.is_dir() else path
    return (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").split("\n")[0]


def reference() -> Iterator[tuple[str, str, str]]:
    """Return source's name, address and text of each page of the reference."""
    table = ["| module | |", "|---|---|"]
    for path in modules():
        where = reference_address(path)
        name = dotted(path)
        table.append(f"| [`{name}`]({where.removeprefix('api/')}) | {plain(purpose(path))} |")
        yield where, where.removesuffix(".md") + ".html", f"::: {name}\n"
    text = "# API reference\n\nWhat any Python program can use, with no ROS.\n\n" + "\n".join(table)
    yield "api/index.md", "api/index.html", text


def plain(text: str) -> str:
    """Return a docstring's line without roles."""
    return re.sub(r":\w+:`~?\.?([^`]+)`", r"`\1`", text).replace("|", "\\|")


def reference_navigation() -> list[Any]:
    """Return the navigation of the reference: packages as sections."""
    top: list[Any] = ["api/index.md"]
    sections: dict[Path, list[Any]] = {}
    for path in modules():
        if path.is_dir():
            sections[path] = [reference_address(path)]
            sections.get(path.parent, top).append({f"{path.name}": sections[path]})
        else:
            sections[path.parent].append({path.stem: reference_address(path)})
    return top
