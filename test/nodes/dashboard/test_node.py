# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard node as a process, with topics published by the test."""

import array
import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseStamped
from harness.pictures import Client, Stream, jpeg
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.waiting import wait_for
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from reachy_mini_ros.nodes.common.qos import latched, reliable

SPACE = "/dashboard_test"
IMAGES = f"{SPACE}/camera/image_raw/compressed"
TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def port(processes: Processes) -> int:
    chosen = free_port()
    child = processes.start_node("dashboard", namespace=SPACE, port=chosen)
    line = child.wait_for_output("in a browser")
    assert f"http://127.0.0.1:{chosen}/" in line
    return chosen


class Camera:
    """A publisher of pictures at about 30 Hz."""

    def __init__(self, ros: RosClient) -> None:
        self.pictures = [jpeg(number) for number in range(6)]
        self.publisher = ros.node.create_publisher(CompressedImage, IMAGES, reliable(1))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def subscribers(self) -> int:
        return int(self.publisher.get_subscription_count())

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.033):
            data = array.array("B", self.pictures[number % 6])
            message = CompressedImage(format="bgr8; jpeg compressed bgr8", data=data)
            self.publisher.publish(message)
            number += 1


@contextmanager
def filming(ros: RosClient) -> Iterator[Camera]:
    camera = Camera(ros)
    try:
        yield camera
    finally:
        camera.close()
        ros.destroy(ros.node.destroy_publisher, camera.publisher)


def test_stream_carries_the_published_jpegs_while_somebody_looks(port: int, ros: RosClient) -> None:
    with filming(ros) as camera:
        assert Client(port).get("/")[0] == 200
        assert camera.subscribers == 0
        for _ in range(3):
            stream = Stream.of_topic(port)
            assert camera.subscribers == 1
            assert {stream.read() for _ in range(15)} <= set(camera.pictures)
            stream.close()
            wait_for(lambda: camera.subscribers == 0, what="the subscription's end")


def test_snapshot_is_one_published_jpeg(port: int, ros: RosClient) -> None:
    with filming(ros) as camera:
        wait_for(lambda: Client(port).get("/api/snapshot")[0] == 200, 20, "pictures on the topic")
        status, headers, body = Client(port).get("/api/snapshot")
        assert status == 200
        assert headers["Content-Type"] == "image/jpeg"
        assert body in camera.pictures
        wait_for(lambda: camera.subscribers == 0, what="the subscription's end")


def test_without_pictures_snapshot_and_stream_say_so(port: int) -> None:
    for path in ("/api/snapshot", "/api/stream"):
        status, answer = Client(port).json(path)
        assert status == 503
        assert "no picture" in answer["error"]


def test_status_follows_the_topics_and_forgets_what_is_stale(port: int, ros: RosClient) -> None:
    def status() -> dict[str, object]:
        return dict(Client(port).json("/api/status")[1])

    assert status()["connection"] is None
    connection = ros.publisher(String, f"{SPACE}/connection", latched())
    info = ros.publisher(DiagnosticStatus, f"{SPACE}/robot_info", latched())
    connection.publish(String(data="connected"))
    info.publish(DiagnosticStatus(values=[KeyValue(key="robot_name", value="Kitchen")]))
    wait_for(lambda: status()["connection"] == "connected", what="the connection")
    wait_for(lambda: status()["robot"] == {"robot_name": "Kitchen"}, what="the robot's name")
    assert status()["head"] is None

    # 90 degrees about z, then 30 about y.
    half = math.radians(15), math.radians(45)
    pose = PoseStamped()
    pose.pose.orientation.x = -math.sin(half[0]) * math.sin(half[1])
    pose.pose.orientation.y = math.sin(half[0]) * math.cos(half[1])
    pose.pose.orientation.z = math.cos(half[0]) * math.sin(half[1])
    pose.pose.orientation.w = math.cos(half[0]) * math.cos(half[1])
    head = ros.node.create_publisher(PoseStamped, f"{SPACE}/head_pose", reliable(1))
    pose.pose.position.y, pose.pose.position.z = -0.02, 0.187
    shown = {"roll": 0.0, "pitch": 30.0, "yaw": 90.0, "x": 0.0, "y": -0.02, "z": 0.01}
    wait_for(lambda: head.publish(pose) or status()["head"] == shown, what="the head")  # type: ignore[func-returns-value]
    wait_for(lambda: status()["head"] is None, what="no stale head")
    wait_for(lambda: head.get_subscription_count() == 0, what="nobody asks any more")

    ros.destroy(ros.node.destroy_publisher, connection)
    wait_for(lambda: status()["connection"] is None, what="no stale connection")


def test_diagnostics_tell_who_looks(port: int, ros: RosClient) -> None:
    name = f"{SPACE}/dashboard: status"
    reports = ros.subscribe(DiagnosticArray, "/diagnostics")

    def said(text: str) -> bool:
        found = [s for m in reports.messages[-3:] for s in m.status if s.name == name]
        return bool(found) and found[-1].message == text

    wait_for(lambda: said("nobody looks"))
    with filming(ros):
        stream = Stream.of_topic(port)
        wait_for(lambda: stream.read() is not None and said("somebody looks"))
        stream.close()
    ros.unsubscribe(reports)


def refused(child: Child) -> str:
    """Return the only line of a process that refused to start."""
    assert child.wait(20) == 1, child.output()
    lines = child.output().strip().splitlines()
    assert len(lines) == 1, child.output()
    return lines[0]


def test_a_used_port_is_one_clear_line(processes: Processes, port: int) -> None:
    line = refused(processes.start_node("dashboard", namespace="/dashboard_second", port=port))
    assert f"port {port}" in line
    assert "in use" in line
    assert "'port'" in line


def test_an_open_address_without_a_token_is_refused(processes: Processes) -> None:
    line = refused(processes.start_node("dashboard", address="0.0.0.0", port=free_port()))
    assert "0.0.0.0" in line
    assert "'token_file'" in line


@pytest.mark.parametrize("token", ["4711", "[supersecret]"])
def test_a_bad_token_is_refused_without_repeating_it(processes: Processes, token: str) -> None:
    line = refused(processes.start_node("dashboard", port=free_port(), token=token))
    assert "token" in line
    assert token.strip("[]") not in line


def test_a_certificate_that_is_not_there_is_one_clear_line(processes: Processes) -> None:
    line = refused(processes.start_node("dashboard", port=free_port(), certfile="/nowhere.pem"))
    assert "certfile" in line
    assert "/nowhere.pem" in line


def test_token_opens_the_page_and_is_written_nowhere(processes: Processes, ros: RosClient) -> None:
    port = free_port()
    reports = ros.subscribe(DiagnosticArray, "/diagnostics")
    child = processes.start_node("dashboard", namespace="/dashboard_token", port=port, token=TOKEN)
    child.wait_for_output("in a browser")
    assert Client(port).get("/")[0] == 401
    assert Client(port).get(f"/?token={TOKEN}")[0] == 303
    status, _, body = Client(port).get(f"/api/status?token={TOKEN}")
    assert status == 200
    assert TOKEN not in body.decode()
    wait_for(lambda: "dashboard_token" in str(reports.messages), what="diagnostics")
    assert TOKEN not in str(reports.messages)
    assert child.stop() == 0
    assert TOKEN not in child.output()
    ros.unsubscribe(reports)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_at_once_with_viewers_attached(
    processes: Processes, ros: RosClient, number: signal.Signals
) -> None:
    port = free_port()
    child = processes.start_node("dashboard", namespace=SPACE, port=port)
    child.wait_for_output("in a browser")
    with filming(ros):
        reading, idle = Stream.of_topic(port), Stream.of_topic(port)
        waiting = Client(port)
        waiting.connection.request("GET", "/api/snapshot")
        assert reading.read() is not None
        assert child.stop(number, timeout_s=5) == 0, child.output()
        for client in (reading, idle, waiting):
            client.close()
    assert "Traceback" not in child.output(), child.output()


def test_commands_that_nobody_offers_are_answered_with_the_name(port: int) -> None:
    for name, body, offered in (
        ("stop", {}, f"{SPACE}/stop"),
        ("photo", {}, f"{SPACE}/camera/take_photo"),
        ("head", {"yaw": 1}, f"{SPACE}/goto/head_pose"),
        ("head", {"mode": "stream"}, f"{SPACE}/set_target/head_pose"),
        ("stream_start", {}, f"{SPACE}/stream/start"),
    ):
        status, answer = Client(port).post(f"/api/command/{name}", body)
        assert status == 503
        assert offered in answer["error"]
    assert Client(port).json("/api/moves")[0] == 503


@pytest.mark.parametrize(
    ("address", "read_only", "expected"),
    [
        ("127.0.0.1", "auto", False),
        ("127.0.0.1", "true", True),
        ("0.0.0.0", "auto", True),
        ("0.0.0.0", "false", False),
    ],
)
def test_read_only_is_the_default_where_others_can_reach_it(
    processes: Processes, address: str, read_only: str, expected: bool
) -> None:
    port = free_port()
    parameters = {"address": address, "port": port, "token": TOKEN, "read_only": read_only}
    child = processes.start_node("dashboard", namespace="/dashboard_read_only", **parameters)
    child.wait_for_output("in a browser")
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert Client(port).json("/api/status", **bearer)[1]["read_only"] is expected
    status, _ = Client(port).post("/api/command/stop", **bearer)
    assert status == (403 if expected else 503)
    assert child.stop() == 0
