# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard's API against all nodes and the simulated robot."""

import json
import time
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from harness.behaviour import Behaviour, Page
from harness.control import values_of
from harness.events import EventStream
from harness.media_behaviour import MediaBehaviour
from harness.panoramas import PanoramaBehaviour, begin, file_of, scanned
from harness.pictures import Client
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.settings_behaviour import SettingsBehaviour
from harness.simulation import Simulation
from harness.waiting import wait_for
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage
from std_srvs.srv import Trigger

from reachy_mini_ros.nodes.common.qos import latched
from reachy_mini_ros.web.agents import HEADER

SPACE = "/dashboard_robot"


@pytest.fixture(scope="module")
def page(
    processes: Processes, simulation: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> Page:
    photos, clips, port = (
        tmp_path_factory.mktemp("photos"),
        tmp_path_factory.mktemp("clips"),
        free_port(),
    )
    processes.start_node(
        "bringup",
        namespace=SPACE,
        port=port,
        photo_directory=str(photos),
        record_directory=str(clips),
        goto__duration=0.4,
        **simulation.parameters,
    ).wait_for_output("in a browser", 30)
    served = Page(port, simulation, photos, clips, "camera/")
    served.wait_connected()
    assert served.command("wake_up")[0] == 200
    return served


@pytest.fixture(scope="module")
def streams(processes: Processes, page: Page) -> None:
    processes.start_node("stream", namespace=SPACE, dashboard_port=page.port)


def test_sound_is_decoded_only_for_who_asks_for_it(page: Page, ros: RosClient) -> None:
    def listeners() -> int:
        return int(ros.node.count_subscribers(f"{SPACE}/audio/level"))

    with EventStream(page.port) as events:
        assert events.next("status")["sound"] is None
        assert listeners() == 0
    with EventStream(page.port, "?sound=1") as events:
        while (sound := events.next("status")["sound"]) is None:
            pass
        assert -100 <= sound["level_dbfs"] <= 0
        assert sound["activity"] in (True, False, None)
    wait_for(lambda: listeners() == 0, 10, "nobody listens any more")


def test_nothing_is_subscribed_to_while_nobody_looks(page: Page, ros: RosClient) -> None:
    topics = (
        "head_pose",
        "joint_states",
        "motion_owner",
        "target_head_pose",
        "camera/motion_level",
    )
    with EventStream(page.port) as events:
        events.next("status")
        for topic in topics:
            wait_for(lambda topic=topic: ros.node.count_subscribers(f"{SPACE}/{topic}"))
    for topic in topics:
        wait_for(lambda topic=topic: not ros.node.count_subscribers(f"{SPACE}/{topic}"), 10, topic)
    for topic in ("safety_events", "camera/motion"):  # the timeline's
        assert ros.node.count_subscribers(f"{SPACE}/{topic}") == 1
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")

    def decodes() -> bool:
        [status] = [
            status
            for message in diagnostics.messages[-20:]
            for status in message.status
            if status.name.startswith(f"{SPACE}/camera:")
        ][-1:] or [DiagnosticStatus()]
        return "nobody subscribes" not in status.message

    wait_for(lambda: not decodes(), 10, "a camera that decodes nothing")
    ros.unsubscribe(diagnostics)


def test_streams_are_shown_as_their_node_tells_them(page: Page, ros: RosClient) -> None:
    assert page.status()["streams"] is None
    publisher = ros.node.create_publisher(DiagnosticArray, f"{SPACE}/stream/status", latched())
    urls = "http://127.0.0.1/live/index.m3u8 http://127.0.0.1/live/index.mpd"
    values = {"state": "active", "reason": "", "viewer_urls": urls}
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    publisher.publish(DiagnosticArray(status=[DiagnosticStatus(name="hls", values=pairs)]))
    shown = {"name": "hls", "state": "active", "viewer_urls": urls.split(), "reason": ""}
    wait_for(lambda: page.status()["streams"] == [shown], 10, "the stream")
    ros.destroy(ros.node.destroy_publisher, publisher)
    wait_for(lambda: page.status()["streams"] is None, 10, "no stale stream")


class TestSettings(SettingsBehaviour):
    """Settings through the nodes' parameter services."""


def test_a_scan_is_a_service_with_its_progress_on_a_topic(page: Page, ros: RosClient) -> None:
    progress = ros.subscribe(DiagnosticStatus, f"{SPACE}/scan_progress", latched())
    answer = ros.call(Trigger, f"{SPACE}/scan", timeout_s=60)
    assert answer.success, answer.message
    folder = Path(answer.message)
    assert folder.parent == page.photos / "scans"
    assert (folder / "panorama.jpg").is_file()

    def told() -> list[dict[str, str]]:
        return [values_of(message) for message in progress.messages]

    wait_for(lambda: told() and told()[-1]["state"] == "done", 5, lambda: str(told()))
    running = [int(one["done"]) for one in told() if one["state"] == "running"]
    assert running == sorted(running)
    assert {"0", "3"} <= {one["done"] for one in told()}
    answer = ros.call(Trigger, f"{SPACE}/scan/cancel")
    assert (answer.success, answer.message) == (False, "no scan is running")


def test_a_picture_from_before_is_in_no_scan(page: Page, ros: RosClient) -> None:
    topic = f"{SPACE}/camera/image_raw/compressed"
    publisher = ros.node.create_publisher(CompressedImage, topic, 10)
    old = CompressedImage(format="jpeg", data=Client(page.port).get("/api/snapshot")[2])
    begun_s = time.time()
    old.header.stamp = Time(seconds=begun_s - 5.0).to_msg()
    timer = ros.node.create_timer(0.005, lambda: publisher.publish(old))  # before each of now
    scan = begin(page, yaw_steps=[0, 10], max_edge=320)
    scanned(page, "done")
    ros.destroy(ros.node.destroy_timer, timer)
    ros.destroy(ros.node.destroy_publisher, publisher)
    manifest = json.loads(file_of(page, scan, "manifest.json"))
    assert len(manifest["pictures"]) == 2
    assert min(one["stamp"] for one in manifest["pictures"]) > begun_s


def test_calls_of_agents_are_told_on_a_topic(page: Page, ros: RosClient) -> None:
    events = ros.subscribe(DiagnosticStatus, f"{SPACE}/agent_events")
    wait_for(lambda: ros.node.count_publishers(f"{SPACE}/agent_events"), 10, "the topic")
    call = {"id": "1", "tool": "look_at", "arguments": "x: 1.0", "outcome": "begun"}
    told: list[dict[str, str]] = []

    def heard() -> bool:  # the subscription may be matched a moment later than it is seen
        headers = {HEADER: "ann"}
        assert Client(page.port).post("/api/agents/calls", call, **headers)[0] == 200
        told[:] = map(values_of, events.messages)
        return bool(told)

    wait_for(heard, 10, "an event")
    assert told[-1] == {"agent": "ann", "text": "", **call}
    ros.unsubscribe(events)


class TestPanorama(PanoramaBehaviour):
    """Scans over the nodes' topics and services."""


class TestRosGraph(Behaviour, MediaBehaviour):
    """The API over the nodes' topics and services."""
