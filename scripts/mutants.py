# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small changes of a module's source that its tests should notice."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
"""What each operator becomes; those of order move the bound by one."""
UNTOUCHED = {"annotation", "returns", "decorator_list"}
"""Parts of the syntax that stay."""
PLAIN = (ast.Name, ast.Attribute, ast.Call, ast.NamedExpr)
"""Conditions that only a negation changes."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one change."""

    name: str
    """The function, and the source before and after; the same whatever line it is in."""
    lines: range
    """Of the statement that is changed, or of its head."""
    line: int
    source: str


def mutants(source: str) -> list[Mutant]:
    """Return all mutants of a source, in the order of its lines."""
    tree = ast.parse(source)
    lines = source.encode().splitlines(keepends=True)
    begins = [sum(map(len, lines[:number])) for number in range(len(lines))]
    found = []
    for node, changed, function, statement in _walk(tree, "", tree):
        begin = begins[node.lineno - 1] + node.col_offset
        end = begins[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        after = ast.unparse(changed)
        text = after if isinstance(changed, ast.stmt) else f"({after})"
        whole = source.encode()[:begin] + text.encode() + source.encode()[end:]
        name = f"{function or 'module'}: {ast.unparse(node)} -> {after}"
        head = _head(statement)
        found.append(Mutant(name, head, node.lineno, whole.decode()))
    return sorted(found, key=lambda one: one.line)


def _head(statement: ast.AST) -> range:
    first, last = getattr(statement, "lineno", 1), getattr(statement, "end_lineno", 1)
    if body := getattr(statement, "body", None):
        last = max(first, body[0].lineno - 1)
    return range(first, last + 1)


def _walk(
    node: ast.AST, function: str, statement: ast.AST
) -> Iterator[tuple[ast.expr | ast.stmt, ast.AST, str, ast.AST]]:
    """Yield each node that is changed, what it becomes, and where it stands."""
    if isinstance(node, ast.JoinedStr | ast.pattern):  # without places, before Python 3.12
        return
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return
    if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
        statement = node
    if isinstance(node, ast.expr | ast.stmt):
        for changed in _changes(node):
            yield node, changed, function, statement
    inner = function
    if isinstance(node, Function | ast.ClassDef):
        inner = f"{function}.{node.name}".lstrip(".")
    for field, value in ast.iter_fields(node):
        if field in UNTOUCHED:
            continue
        for child in value if isinstance(value, list) else [value]:
            if field == "test" and isinstance(child, PLAIN):
                yield child, ast.UnaryOp(ast.Not(), child), inner, statement
            if isinstance(child, ast.AST):
                yield from _walk(child, inner, statement)


def _changes(node: ast.expr | ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=ops):
            for index, operator in enumerate(ops):
                changed = copy.deepcopy(node)
                changed.ops[index] = OPERATORS[type(operator)]()  # type: ignore[call-overload]
                yield changed
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            parts = [getattr(node, side, None) for side in ("left", "right", "value")]
            if not any(_is_text(part) for part in parts):
                changed = copy.deepcopy(node)
                changed.op = OPERATORS[type(node.op)]()
                yield changed
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Constant(value=float(value)):
            yield ast.Constant(value * 1.5 if value else 1.0)
        case ast.Return(value=value) if value is not None and ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.Raise() | ast.Delete():
            yield ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )
