# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What each node offers, out of interface.md and the nodes' tables of parameters: for --help.

Imports no rclpy, so that --help is there at once.
"""

import importlib
import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from reachy_mini_ros.nodes.common.parameters import Param

KINDS = ("Topics", "Services", "Actions")
EVERY_NODE = "all"
_WIDEST = 100


@dataclass(frozen=True)
class _OfNode:
    node: str

    def is_of(self, nodes: Iterable[str]) -> bool:
        """Tell whether one of ``nodes`` has it."""
        return self.node in (*nodes, EVERY_NODE)


@dataclass(frozen=True)
class Offer(_OfNode):
    """A topic, a service or an action; ``direction`` is that of a topic, in or out of the node."""

    name: str
    type: str
    direction: str
    text: str
    """In Markdown."""


@dataclass(frozen=True)
class Use(_OfNode):
    """What a node does with topics and services beside those that it offers.

    ``names`` are relative to the namespace, or to the node after ``~/``.
    """

    does: str
    names: tuple[str, ...]


def offers(kind: str) -> list[Offer]:
    """Return what the nodes have of a kind, one of :data:`KINDS`."""
    found = []
    for node, name, type_, *direction, what in _rows(kind):
        node, name, type_ = (cell.strip("`") for cell in (node, name, type_))
        found.append(Offer(node, name, type_, "".join(direction), what))
    return found


def uses() -> list[Use]:
    """Return what the nodes use: of rclpy, and of each other."""
    return [
        Use(node.strip("`"), does, tuple(name.strip("`") for name in names.split()))
        for node, does, names in _rows("Between the nodes")
    ]


@cache
def _rows(heading: str) -> list[list[str]]:
    """Return the cells of a section's table."""
    text = resources.files(__package__).joinpath("interface.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [row.strip("| ").split(" | ") for row in rows]


def parameters(node: str) -> tuple[Param, ...]:
    """Return the parameters of a node."""
    table: tuple[Param, ...] = importlib.import_module(
        f"reachy_mini_ros.nodes.{node}.parameters"
    ).PARAMETERS
    return table


def details(nodes: Sequence[str]) -> str:
    """Return the parameters, topics, services and actions of ``nodes`` as --help shows them."""
    return "\n".join(_lines(nodes))


def _lines(nodes: Sequence[str]) -> Iterator[str]:
    yield "ROS arguments come last, e.g.:"
    yield "  --ros-args -p NAME:=VALUE --params-file FILE -r __ns:=/NAMESPACE --log-level debug"
    for node in nodes:
        of_node = f" of {node}" if len(nodes) > 1 else ""
        yield f"\nparameters{of_node} (live: may be set while it runs):"
        for param in parameters(node):
            bounds = f"  ({param.bounds})" if param.bounds else ""
            live = "" if param.read_only else "  live"
            yield f"  {param.name} = {shown(param)}{bounds}{live}"
            yield _wrapped(param.description)
    for kind in KINDS:
        rows = [offer for offer in offers(kind) if offer.is_of(nodes)]
        if rows:
            yield f"\n{kind.lower()}, in the namespace, /reachy_mini by default:"
        for offer in rows:
            yield f"  {offer.name}  {offer.type}  {offer.direction}".rstrip()
            yield _wrapped(_without_markup(offer.text))


def shown(param: Param) -> str:
    """Return a parameter's default as a command line takes it."""
    if isinstance(param.default, bool):
        return str(param.default).lower()
    if isinstance(param.default, tuple):
        return str(list(param.default))
    return str(param.default) if param.default != "" else '""'


def _without_markup(text: str) -> str:
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text).replace("`", "")


def _wrapped(text: str) -> str:
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    return textwrap.fill(text, width, initial_indent="      ", subsequent_indent="      ")
