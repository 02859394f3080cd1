# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What one distribution's rclpy allows and another's does not, read from the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("reachy_mini_ros", "launch", "test", "benchmarks", "examples", "docs")


def run_time_subscripts(source: str) -> list[str]:
    """Return "line: name" of each subscript of a class of rclpy's that Python evaluates.

    Jazzy's classes are no generics, so that it is a TypeError there. Annotations are not evaluated
    where the file begins with ``from __future__ import annotations``.
    """
    tree = ast.parse(source)
    unevaluated = set(_below_annotations(tree)) if _postpones_annotations(tree) else set()
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("rclpy.")
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and node not in unevaluated:
            name = ast.unparse(node.value)
            last = name.rpartition(".")[2]
            of_rclpy = name.partition(".")[0] in names | {"rclpy"}
            if of_rclpy and last[:1].isupper() and not last.isupper():
                found.append(f"{node.lineno}: {name}")
    return found


def _postpones_annotations(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )


def _below_annotations(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if isinstance(annotation, ast.AST):
            yield from ast.walk(annotation)


def test_no_class_of_rclpy_is_subscripted_at_run_time() -> None:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            assert not run_time_subscripts(path.read_text(encoding="utf-8")), path


def test_a_subscript_at_run_time_is_found() -> None:
    postponed = "from __future__ import annotations\n"
    code = "from rclpy.task import Future\n"
    assert run_time_subscripts(f"{code}def f(x: Future[None]) -> None: ...") == ["2: Future"]
    assert run_time_subscripts(f"{code}def f() -> list[Future[int]]: ...") == ["2: Future"]
    assert not run_time_subscripts(f"{postponed}{code}def f(x: Future[None]) -> None: ...")
    assert run_time_subscripts(f"{postponed}{code}Answer = Future[int]") == ["3: Future"]
    assert run_time_subscripts("import rclpy.task\nclass A(rclpy.task.Future[int]): ...")
    assert not run_time_subscripts("from asyncio import Future\nAnswer = Future[int]")
