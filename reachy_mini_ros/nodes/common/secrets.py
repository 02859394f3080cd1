# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Secrets beside parameters: a command line is read by everybody on the machine, a file is not."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rclpy.node import Node

from reachy_mini_ros.errors import SetupError

LONGEST_BYTES = 64 * 1024
_FOR_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


def secret_lines(node: Node, values: Mapping[str, Any], name: str) -> list[str]:
    """Return the secret ``name`` of a node, its lines, from where it was not typed.

    That is the file that the parameter ``{name}_file`` names, without empty lines and those that
    begin with ``#``, or else the environment variable ``REACHY_MINI_{NAME}``; none if there is
    neither. The parameter ``name`` itself goes before both.

    Raises SetupError if the file cannot be read or has nothing in it.
    """
    file = values[f"{name}_file"]
    if not file:
        return _lines(os.environ.get(f"REACHY_MINI_{name.upper()}", ""))
    path = Path(file).expanduser()
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            lines = _lines(opened.read(LONGEST_BYTES).decode())
    except OSError as error:
        raise SetupError(f"parameter {name}_file: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SetupError(f"parameter {name}_file: {path} is no text") from None
    if not lines:
        raise SetupError(f"parameter {name}_file: there is nothing in {path}")
    if mode & _FOR_OTHERS:
        node.get_logger().warning(f"others than its owner may use {path}: chmod 600 {path}")
    return lines


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]
