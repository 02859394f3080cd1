# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The executables that run nodes: all of them in one process, or one alone.

Nothing heavy is imported before it is known that a node is to run.
config/reachy_mini.yaml holds the nodes' own defaults, so that it need not be named.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from reachy_mini_ros.signals import end_at_signals

NODES = {
    "control": ("ControlNode", "Joints and head pose of the robot out, targets and services in."),
    "camera": ("CameraNode", "The robot's camera as image topics."),
    "audio": ("AudioNode", "What the robot hears and where from, and what its speaker plays."),
    "dashboard": ("DashboardNode", "The robot in the browser: page and HTTP API."),
    "stream": ("StreamNode", "Live picture and sound to platforms, own servers and browsers."),
}
"""The class of each node, and what it is."""


def main() -> None:
    """Run the nodes asked for, in one process."""
    end_at_signals()
    from reachy_mini_ros.command_line import ROS_ARGUMENTS, Parser, parse, split

    default = [name for name in NODES if name != "stream"]
    parser = Parser(
        "bringup",
        "Nodes of Reachy Mini in one process: one interpreter, one session with the robot.",
        details=_details(*NODES),
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--nodes",
        nargs="+",
        choices=list(NODES),
        default=default,
        metavar="NODE",
        help=f"some of {' '.join(NODES)} (default: {' '.join(default)})",
    )
    which.add_argument(
        "--fleet",
        metavar="FILE",
        type=Path,
        help="the robots of a file, each with its nodes in a process of its own (docs/fleet.md)",
    )
    options = parse(parser, arguments := sys.argv[1:])
    if options.fleet is None:
        _run(parser.prog, options.nodes)
    if len(split(arguments)[0]) < len(arguments):
        parser.error(f"--fleet takes nothing after {ROS_ARGUMENTS}: parameters stand in its file")
    from reachy_mini_ros.fleet.run import run_fleet
    from reachy_mini_ros.nodes.common.resources import share_directory

    package = share_directory() / "config" / "reachy_mini.yaml"
    sys.exit(run_fleet(parser.prog, options.fleet, package))


def control() -> None:
    """Run the control node."""
    _alone("control")


def camera() -> None:
    """Run the camera node."""
    _alone("camera")


def audio() -> None:
    """Run the audio node."""
    _alone("audio")


def dashboard() -> None:
    """Run the dashboard node."""
    _alone("dashboard")


def stream() -> None:
    """Run the stream node."""
    _alone("stream")


def _alone(name: str) -> None:
    end_at_signals()
    from reachy_mini_ros.command_line import Parser, parse

    parser = Parser(name, NODES[name][1], details=_details(name))
    parse(parser, sys.argv[1:])
    _run(name, [name])


def _details(*nodes: str) -> str:
    """Return what --help tells of the nodes; without it, their tables need not be read yet."""
    if not {"-h", "--help"} & set(sys.argv[1:]):
        return ""
    from reachy_mini_ros.nodes.interface import details

    return details(nodes)


def _run(program: str, nodes: Sequence[str]) -> None:
    import importlib

    from reachy_mini_ros.nodes.common.runtime import run

    classes = {
        name: getattr(importlib.import_module(f"{__package__}.{name}.node"), NODES[name][0])
        for name in dict.fromkeys(nodes)
    }
    sys.exit(run(program, classes))


if __name__ == "__main__":
    main()
