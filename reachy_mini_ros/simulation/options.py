# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The options of ``reachy_mini_sim``."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reachy_mini_ros.command_line import Parser
from reachy_mini_ros.simulation.daemon import Backend

PROGRAM = "reachy_mini_sim"


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
    add("--port", 8000, "of the daemon", type=_whole(1, 65535))
    add("--signalling-port", 8443, "of WebRTC's signalling", type=_whole(1, 65535))
    add("--width", 1280, "of the picture, px, even, 320 to 1920", type=_whole(320, 1920, 2))
    add("--height", 720, "of the picture, px, even, 180 to 1080", type=_whole(180, 1080, 2))
    add("--fps", 30, "pictures per second, 1 to 60", type=_whole(1, 60))
    add("--seed", 0, "of the room's decoration", type=int)
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
    return parser.parse_args(arguments)


def _whole(low: int, high: int, step: int = 1) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdigit() or int(text) not in range(low, high + 1, step):
            kind = "an even number" if step == 2 else "a whole number"
            raise argparse.ArgumentTypeError(f"{text} is not {kind} from {low} to {high}")
        return int(text)

    return parse
