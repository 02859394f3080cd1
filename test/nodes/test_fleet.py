# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two simulated robots out of config/fleet.yaml: each has its own, and one page shows both."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PointStamped, PoseStamped
from harness.control import values_of
from harness.fleets import example
from harness.processes import Child, Processes
from harness.ros import Collector, RosClient
from harness.waiting import patience, wait_for
from sensor_msgs.msg import CameraInfo, CompressedImage, JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool

from reachy_mini_ros.nodes.common.qos import latched

NAMES = ("ann", "bob")


@dataclass
class Fleet:
    """The example, running on ports of its own."""

    child: Child
    ros: RosClient
    home: Path
    runtime: Path
    ports: dict[str, int]
    """Of the robots' pages, and of ``page``."""

    def ask(self, whose: str, path: str, body: object = None) -> Any:
        """Return the JSON of an answer, also of one that is no success."""
        url = f"http://127.0.0.1:{self.ports[whose]}{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=patience(20)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def cards(self) -> dict[str, dict[str, Any]]:
        return {card["name"]: card for card in self.ask("page", "/api/robots")["robots"]}

    def subscribe(self, name: str, kind: type, topic: str, *qos: Any) -> Collector:
        return self.ros.subscribe(kind, f"/{name}/{topic}", *qos)


@pytest.fixture(scope="module")
def fleet(processes: Processes, ros: RosClient, tmp_path_factory: Any) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    home, runtime = folder / "home", folder / "runtime"
    for new in (home, runtime):
        new.mkdir()
    file, ports = example(folder)
    assert tuple(ports) == (*NAMES, "page")
    child = processes.start_module(
        *("reachy_mini_ros.nodes.bringup", "--fleet", str(file)),
        env={"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime)},
    )
    child.wait_for_output("fleet page: open", 30)
    running = Fleet(child, ros, home, runtime, ports)
    wait_for(lambda: all(card["picture"] for card in running.cards().values()), 40, child.output)
    yield running
    children = descendants(child.pid)
    assert len(children) >= 6, children
    assert child.stop(timeout_s=20) == 0, child.output()
    assert "Traceback" not in child.output(), child.output()
    assert not [pid for pid in children if alive(pid)]


def descendants(pid: int) -> set[int]:
    """Return the processes below one."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    own = {int(child) for task in tasks for child in task.read_text().split()}
    return own.union(*(descendants(child) for child in own))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_each_robot_is_there_by_its_name(fleet: Fleet) -> None:
    for name in NAMES:
        wait_for(lambda name=name: fleet.cards()[name]["connection"] == "connected", 10)
        wait_for(lambda name=name: fleet.cards()[name]["title"] == f"{name} · mockup", 10)
        card = fleet.cards()[name]
        assert card["port"] == fleet.ports[name]
        assert fleet.ask(name, "/api/status")["robot"]["robot_name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_frames_begin_with_the_robot_s_name(fleet: Fleet, name: str) -> None:
    for kind, topic, frame in (
        (PoseStamped, "head_pose", "body_foot_3dprint"),
        (CameraInfo, "camera/camera_info", "camera_optical"),
        (CompressedImage, "camera/video", "camera_optical"),
        (CompressedImage, "audio/opus", "head"),
    ):
        messages = fleet.subscribe(name, kind, topic)
        messages.wait_count(1, 20)
        assert messages.last.header.frame_id == f"{name}/{frame}", topic
        fleet.ros.unsubscribe(messages)


def test_points_are_taken_in_the_robot_s_own_frames(fleet: Fleet) -> None:
    assert fleet.ask("ann", "/api/command/wake_up", {})["message"]
    look_at = fleet.ros.publisher(PointStamped, "/ann/look_at")
    receipts = fleet.subscribe("ann", DiagnosticStatus, "command_events")
    wait_for(lambda: fleet.ros.node.count_publishers("/ann/command_events"))

    def kinds(stamp_s: int) -> list[str]:
        told = [values_of(message) for message in receipts.messages]
        return [one["kind"] for one in told if one["id"].startswith(f"{stamp_s}.")]

    for stamp_s, frame, end in (
        (1, "ann/body_foot_3dprint", "done"),
        (2, "ann/head", "done"),
        (3, "bob/head", "refused"),
        (4, "head", "refused"),
    ):
        message = PointStamped()
        message.point.x, message.point.z = 1.0, 0.2
        message.header.frame_id, message.header.stamp.sec = frame, stamp_s

        def told(message: PointStamped = message, stamp_s: int = stamp_s, end: str = end) -> bool:
            if not kinds(stamp_s):
                look_at.publish(message)
            return end in kinds(stamp_s)

        wait_for(told, 10, lambda stamp_s=stamp_s: f"{stamp_s}: {receipts.messages}")


def test_what_one_is_told_moves_it_alone(fleet: Fleet) -> None:
    for name in NAMES:
        assert "error" not in fleet.ask(name, "/api/command/wake_up", {})
    poses = {name: fleet.subscribe(name, PoseStamped, "head_pose") for name in NAMES}
    before = poses["bob"].next().pose.orientation.z
    fleet.ask("ann", "/api/command/head?wait=done", {"yaw": 25})
    wait_for(lambda: poses["ann"].last.pose.orientation.z > 0.15)
    assert abs(poses["bob"].next().pose.orientation.z - before) < 0.01


def test_diagnostics_are_each_robot_s_own(fleet: Fleet) -> None:
    diagnostics = fleet.ros.subscribe(DiagnosticArray, "/diagnostics", 50)
    nodes = {"control", "camera", "audio", "dashboard", "stream"}

    def told() -> set[str]:
        return {one.name for message in diagnostics.messages for one in message.status}

    wanted = {f"/{name}/{node}: status" for name in NAMES for node in nodes}
    wait_for(lambda: wanted <= told(), 15, lambda: str(told()))
    assert {name.split("/")[1] for name in told()} == set(NAMES)
    hardware = {
        one.name.split("/")[1]: one.hardware_id
        for message in diagnostics.messages
        for one in message.status
        if one.name.endswith("/control: status")
    }
    assert len(set(hardware.values())) == len(NAMES)


def test_photos_clips_moves_and_streams_are_each_robot_s_own(fleet: Fleet) -> None:
    for name in NAMES:
        assert fleet.ask(name, "/api/command/photo", {})["photo"]
        assert "error" not in fleet.ask(name, "/api/command/record", {"enabled": True})
        assert "error" not in fleet.ask(name, "/api/command/stream_start", {})
    states = {name: fleet.subscribe(name, JointState, "joint_states") for name in NAMES}
    for name in NAMES:
        for wanted in (True, False):
            request = SetBool.Request(data=wanted)
            answer = fleet.ros.call(SetBool, f"/{name}/record_move", request)
            assert answer.success, answer.message
            states[name].wait_count(states[name].count + 10)

    def streamed(name: str) -> bool:
        return any((fleet.runtime / "reachy_mini_ros/live" / name).rglob("*.m3u8"))

    for name in NAMES:
        wait_for(lambda name=name: streamed(name), 20, f"the stream of {name}")
        assert "error" not in fleet.ask(name, "/api/command/record", {"enabled": False})
        directory = fleet.home / "reachy_mini" / name
        assert {path.name for path in directory.iterdir()} == {"photos", "clips", "moves"}
        assert all(any(path.iterdir()) for path in directory.iterdir())
        photos = {photo["name"] for photo in fleet.ask(name, "/api/photos")["photos"]}
        assert photos == {path.name for path in (directory / "photos").glob("*.jpg")}
        fleet.ask(name, "/api/command/stream_stop", {})
    # Nothing lies where both would write it.
    written = [path.relative_to(fleet.home) for path in fleet.home.rglob("*") if path.is_file()]
    assert {path.parts[:2] for path in written if path.parts[0] != ".ros"} == {
        ("reachy_mini", name) for name in NAMES
    }
    live = fleet.runtime / "reachy_mini_ros" / "live"
    assert {path.name for path in live.iterdir()} == set(NAMES)


def test_one_stop_stops_all(fleet: Fleet) -> None:
    owners = {name: fleet.subscribe(name, String, "motion_owner", latched()) for name in NAMES}
    for command, body in (("wake_up", {}), ("body", {"yaw": 90, "duration": 10})):
        for name in NAMES:  # whose dashboard may still look for its control node
            answered = partial(fleet.ask, name, f"/api/command/{command}", body)
            wait_for(lambda answered=answered: "error" not in answered(), 20, command)
    for name in NAMES:
        wait_for(lambda name=name: owners[name].last.data != "idle", 10, f"{name} moves")
    assert fleet.ask("page", "/api/stop", {})["stopped"] == list(NAMES)
    for name in NAMES:
        wait_for(lambda name=name: owners[name].last.data == "idle", 10, f"{name} stands")


def test_who_ends_by_himself_is_told_and_the_others_go_on(fleet: Fleet) -> None:
    command = "--nodes control camera audio dashboard stream"
    (victim,) = [
        pid
        for pid in descendants(fleet.child.pid)
        if command in (text := Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
        and "__ns:=/ann " in text
    ]
    os.kill(victim, signal.SIGKILL)
    fleet.child.wait_for_output(
        "bringup: bringup of ann was ended by signal SIGKILL; 4 others go on"
    )
    wait_for(lambda: fleet.cards()["ann"]["connection"] == "unreachable", 15)
    wait_for(lambda: fleet.cards()["bob"]["connection"] == "connected", 15)
    answer = fleet.ask("page", "/api/stop", {})
    assert (answer["stopped"], list(answer["fields"])) == (["bob"], ["ann"])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("robots: [{name: ann, simm: true}]", ["robot_host is needed", "the nearest is sim"]),
        ("robots: [", ["this is no YAML"]),
        (None, ["cannot read"]),
        ("robots: [{name: ann, sim: true, params_file: no.yaml}]", ["cannot read"]),
    ],
)
def test_a_wrong_file_is_a_line_a_mistake(
    tmp_path: Path, text: str | None, lines: list[str]
) -> None:
    file = tmp_path / "fleet.yaml"
    if text is not None:
        file.write_text(text)
    ended = run("--fleet", str(file))
    assert ended.returncode == 2
    told = ended.stderr.splitlines()
    assert all(line.startswith("bringup: ") for line in told), told
    assert len(told) == len(lines)
    for expected in lines:
        assert any(expected in line for line in told), told


def test_a_fleet_takes_no_nodes_and_no_parameters(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("robots: [{name: ann, sim: true}]")
    for others in (("--nodes", "control"), ("--ros-args", "-p", "port:=1")):
        ended = run("--fleet", str(file), *others)
        assert ended.returncode == 2
        (line,) = ended.stderr.splitlines()
        assert "--fleet" in line


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reachy_mini_ros.nodes.bringup", *arguments],
        capture_output=True,
        text=True,
        timeout=patience(30),
        check=False,
    )
