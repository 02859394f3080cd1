# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The options of ``reachy_mini_sim``."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reachy_mini_ros.command_line import Parser
from reachy_mini_ros.simulation.daemon import Backend
from reachy_mini_ros.texts import LONGEST_NAME, shown

PROGRAM = "reachy_mini_sim"
MOST_INSTANCES = 50
HIGHEST_PORT = 65535


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; a wrong one ends the process with one line and code 2."""
    parser = Parser(
        PROGRAM,
        "A Reachy Mini without hardware: its real daemon, camera and sound, on loopback only.\n"
        "Prints a line that begins with 'ready' when all of it answers.",
        details="SIGUSR1 takes camera and sound away as another client's release does, SIGUSR2\n"
        "gives them back.",
    )

    def add(name: str, default: object, about: str, **options: Any) -> None:
        parser.add_argument(
            name, default=default, help=f"{about} (default: {default})", metavar="N", **options
        )

    backends = [backend.value for backend in Backend]
    add("--port", 8000, "of the daemon", type=_whole(1, HIGHEST_PORT))
    add("--signalling-port", 8443, "of WebRTC's signalling", type=_whole(1, HIGHEST_PORT))
    add("--width", 1280, "of the picture, px, even, 320 to 1920", type=_whole(320, 1920, 2))
    add("--height", 720, "of the picture, px, even, 180 to 1080", type=_whole(180, 1080, 2))
    add("--fps", 30, "pictures per second, 1 to 60", type=_whole(1, 60))
    add("--seed", 0, "of the room's decoration", type=int)
    parser.add_argument(
        "--name",
        default="reachy_mini",
        type=_name,
        help="of the robot, by which it announces itself on this machine (default: reachy_mini)",
    )
    add(
        "--instances",
        1,
        f"robots, each a process with the next two ports, seed and name, 1 to {MOST_INSTANCES}",
        type=_whole(1, MOST_INSTANCES),
    )
    parser.add_argument(
        "--backend",
        choices=backends,
        default=backends[0],
        help=f"what stands in for the motors (default: {backends[0]})",
    )
    parser.add_argument(
        "--home", type=Path, help="folder of the daemon's settings and log (default: temporary)"
    )
    parser.add_argument(
        "--awake", action="store_true", help="wake the robot up at the start, before 'ready'"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="tell of media sessions that come and go"
    )
    options = parser.parse_args(arguments)
    _check_ports(parser, options)
    return options


def of_instance(options: argparse.Namespace, number: int) -> list[str]:
    """Return the arguments of one of several robots, numbered from 0."""
    arguments = [
        f"--port={options.port + number}",
        f"--signalling-port={options.signalling_port + number}",
        f"--seed={options.seed + number}",
        f"--name={options.name}_{number + 1}",
        *(f"--{name}={getattr(options, name)}" for name in ("width", "height", "fps", "backend")),
        *(f"--{name}" for name in ("awake", "verbose") if getattr(options, name)),
    ]
    return arguments + ([f"--home={options.home / str(number + 1)}"] if options.home else [])


def _check_ports(parser: Parser, options: argparse.Namespace) -> None:
    """Refuse ports of several robots that do not exist, or that two would have."""
    if options.instances == 1:
        return
    last = max(options.port, options.signalling_port) + options.instances - 1
    if last > HIGHEST_PORT:
        parser.error(f"--instances {options.instances}: there is no port {last}")
    apart = abs(options.port - options.signalling_port)
    if apart < options.instances:
        parser.error(
            f"--instances {options.instances}: --port and --signalling-port are {apart} apart, and "
            "each robot has the next of both"
        )


def _name(text: str) -> str:
    if not text.isprintable() or not 1 <= len(text) <= LONGEST_NAME:
        raise argparse.ArgumentTypeError(f"'{shown(text)}' cannot be a name")
    return text


def _whole(low: int, high: int, step: int = 1) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdigit() or int(text) not in range(low, high + 1, step):
            kind = "an even number" if step == 2 else "a whole number"
            raise argparse.ArgumentTypeError(f"{text} is not {kind} from {low} to {high}")
        return int(text)

    return parse
