# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of a fleet, served by the test process over its dashboards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from harness.dashboard import Served
from harness.processes import free_port
from harness.waiting import Awaited
from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.fleet.dashboards import WatchedDashboard
from reachy_mini_ros.fleet.file import read_fleet
from reachy_mini_ros.fleet.server import FleetPage

ROOT = Path(__file__).parents[2]


def example(folder: Path) -> tuple[Path, dict[str, int]]:
    """Write config/fleet.yaml with ports of our own; return it, and the ports of all its pages."""
    fleet = yaml.safe_load((ROOT / "config" / "fleet.yaml").read_text(encoding="utf-8"))
    ports = {}
    for robot in fleet["robots"]:
        ports[robot["name"]] = robot["dashboard_port"] = free_port()
        robot |= {"robot_port": free_port(), "signalling_port": free_port()}
    ports["page"] = fleet["page"]["port"] = free_port()
    file = folder / "fleet.yaml"
    file.write_text(yaml.safe_dump(fleet), encoding="utf-8")
    return file, ports


class ServedPage:
    """A running page of a fleet."""

    def __init__(self, io: LoopThread, folder: Path, robots: list[dict[str, Any]], **page: Any):
        self.port = free_port()
        self.supervisor = Supervisor()
        tokens = [robot.pop("token", "") for robot in robots]
        token = page.pop("token", "")
        made = [{"sim": True, **robot} for robot in robots]
        file = folder / "fleet.yaml"
        file.write_text(yaml.safe_dump({"robots": made, "page": {"port": self.port, **page}}))
        fleet = read_fleet(file)
        assert fleet.page is not None
        dashboards = [
            WatchedDashboard(robot, token)
            for robot, token in zip(fleet.robots, tokens, strict=True)
        ]
        self._io = io
        self.page = FleetPage(fleet.page, token, dashboards, self.supervisor)
        Awaited(io.submit(self.page.start())).result(10)

    def close(self) -> None:
        Awaited(self._io.submit(self.page.close())).result(10)


@contextmanager
def page_of(folder: Path, *served: Served, **page: Any) -> Iterator[ServedPage]:
    """Serve a page over dashboards, whose robots are ann, bob, cleo and so on."""
    names = ("ann", "bob", "cleo", "dan")
    robots = [
        {"name": name, "dashboard_port": one.port, "token": one.token}
        for name, one in zip(names, served, strict=False)
    ]
    running = ServedPage(served[0].io, folder, robots, **page)
    try:
        yield running
    finally:
        running.close()
