# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard's API against all nodes and the simulated robot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from harness.api import Api
from harness.events import EventStream
from harness.pictures import Client, Stream
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import wait_for
from schemathesis import GenerationMode

from reachy_mini_ros.nodes.common.qos import latched

SPACE = "/dashboard_robot"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photos")


@pytest.fixture(scope="module")
def port(processes: Processes, simulation: Simulation, photos: Path) -> int:
    chosen = free_port()
    processes.start_node(
        "bringup",
        namespace=SPACE,
        port=chosen,
        photo_directory=str(photos),
        goto__duration=0.4,
        **simulation.parameters,
    ).wait_for_output("in a browser", 30)
    wait_for(lambda: status(chosen)["joints"], 20, "joints in the status")
    wait_for(lambda: status(chosen)["connection"] == "connected", 10, "the connection")
    return chosen


def status(port: int) -> dict[str, Any]:
    answer: dict[str, Any] = Client(port).json("/api/status")[1]
    return answer


def command(port: int, name: str, **body: object) -> tuple[int, dict[str, str]]:
    return Client(port).post(f"/api/command/{name}", body)


def reaches(port: int, what: Callable[[dict[str, Any]], float], value: float) -> None:
    wait_for(lambda: abs(what(status(port)) - value) < 1.0, 8, f"{value}, {status(port)}")


def test_status_tells_what_the_robot_does(port: int) -> None:
    told = status(port)
    assert told["connection"] == "connected"
    assert told["joints"].keys() == {"yaw_body", "right_antenna", "left_antenna"}
    assert told["rates"]["joint_states_hz"] is not None
    assert told["sound"] is None
    assert told["streams"] is None
    assert told["read_only"] is False
    # Each topic is found in its own time.
    wait_for(lambda: status(port)["motion"]["motor_mode"] == "enabled", 5, "the motors")
    wait_for(lambda: status(port)["motion"]["owner"] == "idle", 5, "the owner")


def test_gotos_are_carried_out_with_their_signs(port: int) -> None:
    assert command(port, "head", yaw=20, pitch=-5, z=0.01) == (
        200,
        {"message": "goto/head_pose accepted: starts"},
    )
    reaches(port, lambda told: told["head"]["yaw"], 20)
    reaches(port, lambda told: told["head"]["pitch"], -5)
    assert abs(status(port)["head"]["z"] - 0.01) < 0.003
    before = status(port)["joints"]["right_antenna"]
    assert command(port, "antennas", left=30)[0] == 200
    reaches(port, lambda told: told["joints"]["left_antenna"], 30)
    reaches(port, lambda told: told["joints"]["right_antenna"], before)
    assert command(port, "body", yaw=15)[0] == 200
    reaches(port, lambda told: told["joints"]["yaw_body"], 15)
    assert command(port, "head")[0] == 200
    reaches(port, lambda told: told["head"]["yaw"], 0)


def test_a_streamed_target_is_followed_and_shown(port: int) -> None:
    with EventStream(port) as events:
        owners = set()
        for step in range(40):
            answer = command(port, "head", roll=step / 4, mode="stream")
            assert answer == (200, {"message": "sent to set_target/head_pose"})
            owners.add(events.next("status")["motion"]["owner"])
        assert "streaming" in owners
    reaches(port, lambda told: told["head"]["roll"], 39 / 4)
    wait_for(lambda: status(port)["motion"]["owner"] == "idle", 5, "the end of the stream")
    assert command(port, "head")[0] == 200
    reaches(port, lambda told: told["head"]["roll"], 0)


def test_what_the_control_node_refuses_is_answered_with_its_reason(port: int) -> None:
    with EventStream(port) as events:
        code, answer = command(port, "head", pitch=80)
        assert code == 409
        assert "pitch" in answer["error"] or "reach" in answer["error"]
        told = events.next("safety")
    assert told["level"] == "warn"
    assert told["name"] == "goto/head_pose"
    assert answer["error"] in told["message"]
    assert command(port, "head")[0] == 200, "the next one is judged by itself"
    with EventStream(port) as events:
        assert command(port, "antennas", left=350, mode="stream")[0] == 200
        assert events.next("safety")["name"] == "set_target/joints"


def test_motors_and_stop_and_switches_answer(port: int) -> None:
    assert command(port, "motors", enabled=False)[0] == 200
    wait_for(lambda: status(port)["motion"]["motor_mode"] == "disabled", 5, "motors off")
    code, answer = command(port, "head", yaw=10)
    assert code == 409
    assert "motors" in answer["error"]
    assert command(port, "motors", enabled=True)[0] == 200
    assert command(port, "automatic_body_yaw", enabled=True)[0] == 200
    assert command(port, "stop")[0] == 200


def test_a_photo_is_taken_and_named(port: int, photos: Path) -> None:
    code, answer = command(port, "photo")
    assert code == 200, answer
    assert (photos / answer["photo"]).is_file()


def test_a_pixel_is_looked_at(port: int) -> None:
    with_picture = Stream.of_topic(port)
    code, answer = command(port, "look_at_pixel", u=150.0, v=180.0)
    assert code == 200, answer
    wait_for(lambda: status(port)["head"]["yaw"] > 5, 8, "a head turned to the left")
    while (told := status(port))["latency"]["picture_ms"] is None:
        with_picture.read()
    assert 0 < told["latency"]["picture_ms"]["p50"] <= told["latency"]["picture_ms"]["p95"] < 5000
    assert told["rates"]["picture_hz"] > 1
    with_picture.close()
    assert command(port, "head")[0] == 200


def test_a_pixel_of_a_picture_of_another_size_is_scaled(port: int) -> None:
    code, answer = command(port, "look_at_pixel", u=300.0, v=720.0, width=2560, height=1440)
    assert code == 200, answer
    wait_for(lambda: status(port)["head"]["yaw"] > 5, 8, "a head turned to the left")
    assert command(port, "head")[0] == 200


@pytest.mark.parametrize("name", ["head", "antennas", "body", "look_at_pixel", "play_move"])
def test_whatever_is_commanded_is_answered_as_described(port: int, name: str) -> None:
    api = Api(port)
    for operation in api.operations(f"/api/command/{name}"):
        api.try_out(operation, GenerationMode.POSITIVE, 6)
    assert sum(api.statuses.values()) >= 6
    assert set(api.statuses) <= {200, 409}


def test_sound_is_decoded_only_for_who_asks_for_it(port: int, ros: RosClient) -> None:
    def listeners() -> int:
        return int(ros.node.count_subscribers(f"{SPACE}/audio/level"))

    with EventStream(port) as events:
        assert events.next("status")["sound"] is None
        assert listeners() == 0
    with EventStream(port, "?sound=1") as events:
        while (sound := events.next("status")["sound"]) is None:
            pass
        assert -100 <= sound["level_dbfs"] <= 0
        assert sound["activity"] in (True, False, None)
    wait_for(lambda: listeners() == 0, 10, "nobody listens any more")


def test_nothing_is_subscribed_to_while_nobody_looks(port: int, ros: RosClient) -> None:
    topics = ("head_pose", "joint_states", "safety_events", "motion_owner", "target_head_pose")
    with EventStream(port) as events:
        events.next("status")
        for topic in topics:
            wait_for(lambda topic=topic: ros.node.count_subscribers(f"{SPACE}/{topic}"))
    for topic in topics:
        wait_for(lambda topic=topic: not ros.node.count_subscribers(f"{SPACE}/{topic}"), 10, topic)


def test_streams_are_shown_as_their_node_tells_them(port: int, ros: RosClient) -> None:
    publisher = ros.node.create_publisher(DiagnosticArray, f"{SPACE}/stream/status", latched())
    urls = "http://127.0.0.1/live/index.m3u8 http://127.0.0.1/live/index.mpd"
    values = {"state": "active", "reason": "", "viewer_urls": urls}
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    publisher.publish(DiagnosticArray(status=[DiagnosticStatus(name="hls", values=pairs)]))
    shown = {"name": "hls", "state": "active", "viewer_urls": urls.split(), "reason": ""}
    wait_for(lambda: status(port)["streams"] == [shown], 10, "the stream")
    ros.destroy(ros.node.destroy_publisher, publisher)
    wait_for(lambda: status(port)["streams"] is None, 10, "no stale stream")
