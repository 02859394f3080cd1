# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tells of parameters that were given and that no node has: rclpy drops them without a word."""

import difflib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import yaml
from rclpy.node import Node

from reachy_mini_ros.command_line import split
from reachy_mini_ros.nodes.common.parameters import given
from reachy_mini_ros.nodes.common.resources import share_directory

_RCLPY = re.compile(r"(use_sim_time|start_type_description_service|qos_overrides\..*)$")
"""Those that rclpy has for every node, some only once they are given."""


def tell_of_unknown(nodes: Sequence[Node]) -> None:
    """Log one warning for each given parameter that none of a process's nodes has.

    One of another node of this package may stand in a section of a file that is for all of them;
    on the command line it is as wrong as one that does not exist.
    """
    names = [node.get_name() for node in nodes]
    here = (*names, "", "*", "**")
    on_command_line = list(_on_command_line())
    unknown: dict[str, Node] = {}
    for node in nodes:
        for name in given(node):
            if not any(other.has_parameter(name) for other in nodes) and not _RCLPY.match(name):
                unknown.setdefault(name, node)
    typed = {parameter for parameter, target in on_command_line if target in here}
    elsewhere = set(_configured()) - typed if unknown else set()
    for name, node in unknown.items():
        if name not in elsewhere:
            # A name that several nodes of the process were given may be meant for any of them.
            meant_for = [other for other in nodes if name in given(other)]
            known = [key for other in meant_for for key in other.list_parameters([], 0).names]
            node.get_logger().warning(f"there is no parameter {name}{_nearest(name, known)}")
    for parameter, target in on_command_line:
        if target not in here:
            text = f"parameter {parameter} is for a node {target}, which is not here"
            nodes[0].get_logger().warning(f"{text}{_nearest(target, names)}")


def _nearest(name: str, known: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    return f"; the nearest is {nearest[0]}" if nearest else ""


def _on_command_line() -> Iterator[tuple[str, str]]:
    """Return each parameter and the name of the node that it is for, empty for all."""
    for flag, rule in pairwise(split(sys.argv[1:])[1]):
        if flag in ("-p", "--param"):
            node, _, parameter = rule.partition(":=")[0].rpartition(":")
            yield parameter, node.rpartition("/")[2]


def _configured() -> Iterator[str]:
    """Return the names of all parameters of the package: its own file has each."""
    file = share_directory() / "config" / "reachy_mini.yaml"
    for section in yaml.safe_load(file.read_text(encoding="utf-8")).values():
        yield from _flat(section["ros__parameters"])


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
