# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Secrets beside parameters."""

from collections.abc import Mapping
from typing import Any

from rclpy.node import Node

from reachy_mini_ros import secret_files


def secret_lines(node: Node, values: Mapping[str, Any], name: str) -> list[str]:
    """Return the secret ``name`` of a node, its lines, from where it was not typed.

    That is the file that the parameter ``{name}_file`` names, or the environment: see
    :func:`secret_files.secret_lines`. The parameter ``name`` itself goes before both.

    Raises SetupError if the file cannot be read or has nothing in it.
    """
    setting = f"{name}_file"
    warn = node.get_logger().warning
    return secret_files.secret_lines(values[setting], name, f"parameter {setting}", warn)
