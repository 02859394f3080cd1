# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``discover``: lists the robots of the network, and who holds them."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from reachy_mini_ros.signals import end_at_signals

if TYPE_CHECKING:
    from reachy_mini_ros.robot.discovery import Found

PROGRAM = "discover"
HEADINGS = ("NAME", "ADDRESS", "MODEL", "VERSION", "HELD BY")
ANSWER_S = 3.0


def main() -> None:
    """Print a line for each robot; exit 1 with one line if there is none."""
    end_at_signals()
    from reachy_mini_ros.command_line import Parser, fail, parse

    parser = Parser(
        PROGRAM,
        "Lists the robots that announce themselves in the network: name, address of the daemon,\n"
        "model, version, and the app that holds it, or free.",
        details="A Lite's daemon that listens on its own computer only is found on that one.",
    )
    parser.add_argument(
        "--wait", type=_seconds, default=2.0, metavar="S", help="for answers, s (default: 2)"
    )
    options = parse(parser, sys.argv[1:])
    from reachy_mini_ros.errors import SetupError
    from reachy_mini_ros.robot.discovery import find

    try:
        robots = find(options.wait)
        if not robots:
            raise SetupError(
                f"no robot announced itself within {options.wait:g} s: is it on, in this network, "
                "and does UDP 5353 pass?"
            )
        rows = asyncio.run(_rows(robots))
    except SetupError as error:
        fail(PROGRAM, error)
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    for row in (HEADINGS, *rows):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.1 <= value <= 60.0:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 0.1 to 60")
    return value


async def _rows(robots: "list[Found]") -> list[tuple[str, ...]]:
    return list(await asyncio.gather(*map(_row, robots)))


async def _row(robot: "Found") -> tuple[str, ...]:
    """Return what is told of a robot, by its daemon itself where that answers."""
    from reachy_mini_ros.errors import ReachyMiniRosError
    from reachy_mini_ros.robot.daemon.api import DaemonApi

    model, version = robot.model or "-", robot.version or "-"
    api = DaemonApi(robot.host, robot.port)
    try:
        async with asyncio.timeout(ANSWER_S):
            info, held_by = await asyncio.gather(api.info(), api.app_lock())
        model, version = info.model, info.daemon_version
    except (TimeoutError, ReachyMiniRosError):
        held_by = "does not answer"
    finally:
        await api.close()
    return robot.name, robot.address, model, version, held_by


if __name__ == "__main__":
    main()
