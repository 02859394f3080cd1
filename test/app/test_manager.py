# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The wheel in an environment without ROS, and the robot's own app manager that runs the app."""

import os
import socket
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.daemon import Daemon
from harness.installed import ROOT, environment_of_the_app, run, wheel_of
from harness.pictures import Client, Stream
from harness.processes import Processes, free_port
from harness.simulation import Simulation
from harness.waiting import patience, wait_for

APP = "camera_live_feed"
TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wheel = wheel_of(ROOT, tmp_path_factory.mktemp("wheel"))
    return environment_of_the_app(wheel, tmp_path_factory.mktemp("installed"))


def test_the_wireless_robots_daemon_reads_the_address_from_the_file(
    python: Path, tmp_path: Path
) -> None:
    module = "reachy_mini.apps.sources.local_common_venv"
    read = f"from {module} import _get_custom_app_url_from_file as r; print(r({APP!r}))"
    assert "http://0.0.0.0:8042" in run(python, "-c", read, cwd=tmp_path)


class Robot(Daemon):
    """A daemon of that environment, whose app serves the page on ``page``."""

    page = 0

    def current(self) -> dict[str, Any]:
        return dict(self.get("/api/apps/current-app-status") or {})


@pytest.fixture(scope="module")
def robot(
    processes: Processes, simulation: Simulation, python: Path, tmp_path_factory: Any
) -> Iterator[Robot]:
    port, page = free_port(), free_port()
    elsewhere = str(tmp_path_factory.mktemp("elsewhere"))
    variables = {
        "REACHY_MINI_TELEMETRY": "0",
        "HF_HUB_OFFLINE": "1",
        "REACHY_MINI_PORT": str(port),
        "REACHY_MINI_SIGNALLING_PORT": str(simulation.signalling_port),
        "REACHY_MINI_PAGE_PORT": str(page),
        "REACHY_MINI_TOKEN": TOKEN,
        "REACHY_MINI_PHOTOS": elsewhere,
    }
    # As the robot does it: with its own folder as the working one, not with this repository.
    child = processes.start(
        *("env", "-C", elsewhere, str(python), "-m", "reachy_mini_ros.simulation.daemon_launcher"),
        *(str(os.getpid()), "--mockup-sim", "--no-media", "--no-wake-up-on-start"),
        *("--no-goto-sleep-on-stop", "--dataset-update-interval", "0"),
        *("--fastapi-host", "127.0.0.1", "--fastapi-port", str(port)),
        env=variables,
    )
    child.takes_leave = False
    daemon = Robot(child, port)
    daemon.page = page
    daemon.wait_running()
    yield daemon
    if daemon.current().get("state") == "running":  # of a test that failed
        daemon.post("/api/apps/stop-current-app")


def test_no_ros_is_to_be_found_there(python: Path, tmp_path: Path) -> None:
    for module in ("rclpy", "std_msgs", "ament_index_python"):
        found = f"import importlib.util as u; print(u.find_spec('{module}'))"
        assert run(python, "-c", found, cwd=tmp_path).strip() == "None"
    where = "import reachy_mini_ros.app.server as s; print(s.__file__)"
    assert str(python.parents[1]) in run(python, "-c", where, cwd=tmp_path)


def test_the_daemon_lists_the_app_with_the_address_of_its_page(robot: Robot) -> None:
    (app,) = [one for one in robot.get("/api/apps/list-available/installed") if one["name"] == APP]
    assert app["extra"]["custom_app_url"] == "http://0.0.0.0:8042"


def test_the_daemon_starts_the_app_whose_page_drives_the_robot_and_stops_it(robot: Robot) -> None:
    assert robot.post(f"/api/apps/start-app/{APP}")["info"]["name"] == APP
    wait_for(lambda: answers(robot.page), 20, lambda: robot.child.output())
    assert robot.current()["state"] == "running"
    assert robot.get("/api/daemon/robot-app-lock-status")["state"] != "free"
    with pytest.raises(urllib.error.HTTPError) as refused:
        robot.post(f"/api/apps/start-app/{APP}")
    assert refused.value.code in (400, 409)
    refused.value.close()

    assert Client(robot.page).get("/")[0] == 401
    assert b"<html" in Client(robot.page).get("/", **BEARER)[2]
    status, answer = command(robot, "wake_up")
    assert (status, answer["message"][:12]) == (200, "wake_up done")
    status, answer = command(robot, "head?wait=done", yaw=15)
    assert status == 200, answer
    told = Client(robot.page).json("/api/status", **BEARER)[1]
    assert told["connection"] == "connected"
    assert abs(told["head"]["yaw"] - 15) < 1
    stream = Stream.of_topic(robot.page, f"/api/stream?token={TOKEN}")
    assert stream.read() is not None
    stream.close()
    # It opened no camera of the daemon's and released no media.
    assert robot.get("/api/media/status")["released"] is False

    began_s = time.monotonic()
    robot.post("/api/apps/stop-current-app")
    assert time.monotonic() - began_s < patience(4.0)  # with the daemon's own return to neutral
    wait_for(lambda: robot.current().get("state") in (None, "done"), 5, "the app's end")
    assert not answers(robot.page)
    assert "Traceback" not in robot.child.output()


def test_the_daemon_tells_why_the_app_ended_where_its_port_is_taken(robot: Robot) -> None:
    with socket.create_server(("0.0.0.0", robot.page)):
        robot.post(f"/api/apps/start-app/{APP}")
        wait_for(lambda: robot.current()["state"] == "error", 20, lambda: str(robot.current()))
    told = robot.current()["error"]
    assert f"port {robot.page} on 0.0.0.0 is in use: set REACHY_MINI_PAGE_PORT" in told
    assert "Traceback" not in told
    robot.post("/api/apps/stop-current-app")


def command(robot: Robot, name: str, **body: object) -> tuple[int, dict[str, str]]:
    return Client(robot.page, patience(30.0)).post(f"/api/command/{name}", body, **BEARER)


def answers(port: int) -> bool:
    try:
        return Client(port).get("/api/status", **BEARER)[0] == 200
    except OSError:
        return False
