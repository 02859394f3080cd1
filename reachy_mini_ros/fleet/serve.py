# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serves the page of a fleet until a signal comes."""

import asyncio
import logging
import signal
import sys
from pathlib import Path
from types import FrameType

from reachy_mini_ros.fleet.dashboards import WatchedDashboard
from reachy_mini_ros.fleet.file import Robot, read_fleet
from reachy_mini_ros.fleet.reading import MistakesError
from reachy_mini_ros.fleet.server import FleetPage
from reachy_mini_ros.secret_files import one_line, secret_lines
from reachy_mini_ros.signals import SIGNALS, ignore_signals

_log = logging.getLogger("reachy_mini_ros")


def serve(file: Path) -> None:
    """Serve until SIGINT or SIGTERM; raises SetupError if that cannot be."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="fleet page: %(message)s")
    fleet = read_fleet(file)
    if fleet.page is None:
        raise MistakesError([f"{file}: page is false: there is nothing to serve"])
    token = _token(fleet.page.token_file, "token_file of the page")
    dashboards = [WatchedDashboard(robot, _token_of(robot)) for robot in fleet.robots]
    asyncio.run(_serve(FleetPage(fleet.page, token, dashboards), bool(token)))


async def _serve(page: FleetPage, has_token: bool) -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def on_signal(signum: int, frame: FrameType | None) -> None:
        ignore_signals()
        loop.call_soon_threadsafe(asked.set)

    for number in SIGNALS:
        signal.signal(number, on_signal)
    await page.start()
    how = "with ?token=... " if has_token else ""
    print(f"fleet page: open {page.url} {how}in a browser", flush=True)
    try:
        await asked.wait()
    finally:
        await page.close()


def _token_of(robot: Robot) -> str:
    """Return the token of a robot's dashboard, which looks for it in the same places."""
    given = robot.parameters.get("dashboard", {}).get("token")
    setting = f"dashboard_token_file of {robot.name}"
    return str(given) if given else _token(robot.dashboard_token_file, setting)


def _token(file: str, setting: str) -> str:
    return one_line(secret_lines(file, "token", setting, _log.warning), setting)
