# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The app as a process: what the robot's app manager starts, and ends by a signal."""

import logging
import signal
import sys
from types import FrameType
from typing import Any

from reachy_mini_ros.command_line import fail
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.signals import SIGNALS, ignore_signals

PROGRAM = "camera_live_feed"


def main(app_class: Any) -> None:
    """Run an app until SIGINT or SIGTERM; exit 1 with one line if something is in the way."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stdout)
    for name in ("aiohttp.access", "aioice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)
    app = app_class()

    def on_signal(signum: int, frame: FrameType | None) -> None:
        ignore_signals()  # the event's lock is not reentrant
        app.stop_event.set()

    for number in SIGNALS:
        signal.signal(number, on_signal)
    try:
        app.wrapped_run()
    except SetupError as error:
        fail(PROGRAM, error)
    finally:
        ignore_signals()


def run(stop_event: Any) -> None:
    """Serve the page until the event is set; raises SetupError if that cannot be."""
    from reachy_mini_ros.app.server import serve  # the daemon imports this module to list apps

    serve(stop_event)
