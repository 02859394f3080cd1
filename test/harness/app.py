# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The app as a process, at a simulated robot."""

from pathlib import Path

from harness.behaviour import Page
from harness.processes import Child, Processes, free_port
from harness.simulation import Simulation

MODULE = "camera_live_feed.main"


def start(processes: Processes, robot: Simulation, **variables: object) -> tuple[Child, int]:
    """Start the app, on loopback unless the variables say otherwise; return it and its port."""
    chosen = {
        "REACHY_MINI_HOST": "127.0.0.1",
        "REACHY_MINI_PORT": robot.port,
        "REACHY_MINI_SIGNALLING_PORT": robot.signalling_port,
        "REACHY_MINI_PAGE_ADDRESS": "127.0.0.1",
        "REACHY_MINI_PAGE_PORT": free_port(),
        **variables,
    }
    child = processes.start_module(MODULE, env={name: str(one) for name, one in chosen.items()})
    return child, int(str(chosen["REACHY_MINI_PAGE_PORT"]))


def page(processes: Processes, robot: Simulation, folder: Path) -> Page:
    """Start the app, and return its page when it has the robot."""
    return started(processes, robot, folder)[1]


def started(processes: Processes, robot: Simulation, folder: Path) -> tuple[Child, Page]:
    """Do the same, and return the app too."""
    photos, home = folder / "photos", folder / "home"
    photos.mkdir()
    home.mkdir()
    child, port = start(processes, robot, REACHY_MINI_PHOTOS=photos, HOME=home)
    child.wait_for_output("in a browser", 30)
    served = Page(port, robot, photos, home / "Videos" / "reachy_mini")
    served.wait_connected()
    return child, served
