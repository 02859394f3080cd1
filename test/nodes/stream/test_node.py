# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The stream node as a process, with pictures and sound published by the test."""

import array
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness.processes import Child, Processes, free_port
from harness.ros import Collector, RosClient
from harness.streaming import filming, play, senders, sink
from harness.waiting import wait_for
from rcl_interfaces.msg import Log, Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Int16MultiArray
from std_srvs.srv import Trigger

from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.qos import latched, reliable

SPACE = "/stream_test"
STREAM = f"{SPACE}/stream"


@dataclass
class Stream:
    """The node, and a dashboard that serves its files."""

    child: Child
    port: int
    folder: Path


@pytest.fixture(scope="module")
def stream(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Stream:
    folder, port = tmp_path_factory.mktemp("live"), free_port()
    dashboard = processes.start_node("dashboard", namespace=SPACE, port=port, live_directory=folder)
    child = processes.start_node(
        "stream",
        namespace=SPACE,
        live_directory=folder,
        dashboard_port=port,
        keyframe_interval=0.5,
        robot_host="10.0.0.7",
    )
    dashboard.wait_for_output("in a browser")
    return Stream(child, port, folder)


@pytest.fixture(scope="module")
def statuses(stream: Stream, ros: RosClient) -> Collector:
    collector = ros.subscribe(DiagnosticArray, f"{STREAM}/status", latched())
    collector.wait_count(1, 20)
    return collector


@contextmanager
def robot(ros: RosClient, space: str = SPACE) -> Iterator[tuple[Any, Any]]:
    """Publish what the camera and the audio node would."""
    image = f"{space}/camera/image_raw/compressed"
    pictures = ros.node.create_publisher(CompressedImage, image, reliable(2))
    sound = ros.node.create_publisher(Int16MultiArray, f"{space}/audio/pcm", reliable(50))

    def picture(jpeg: bytes) -> None:
        data = array.array("B", jpeg)
        pictures.publish(CompressedImage(format="bgr8; jpeg compressed bgr8", data=data))

    try:
        with filming(picture, lambda samples: sound.publish(pcm.to_message(samples))):
            yield pictures, sound
    finally:
        for publisher in (pictures, sound):
            ros.destroy(ros.node.destroy_publisher, publisher)


def ask(ros: RosClient, service: str, name: str = STREAM) -> dict[str, Any]:
    answer = ros.call(Trigger, f"{name}/{service}", timeout_s=30)
    assert answer.success, answer.message
    return dict(json.loads(answer.message))


def set_parameter(ros: RosClient, name: str, value: ParameterValue, node: str = STREAM) -> str:
    """Set a parameter and return why that was refused, empty if it was not."""
    request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
    (result,) = ros.call(SetParameters, f"{node}/set_parameters", request).results
    return "" if result.successful else result.reason or "refused"


def texts(*values: str) -> ParameterValue:
    return ParameterValue(type=ParameterType.PARAMETER_STRING_ARRAY, string_array_value=values)


def number(value: float) -> ParameterValue:
    return ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)


def states(statuses: Collector) -> dict[str, str]:
    return {one.name: values(one)["state"] for one in statuses.last.status}


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {entry.key: entry.value for entry in status.values}


def test_it_begins_by_service_and_the_dashboard_plays_it_until_it_is_ended(
    stream: Stream, statuses: Collector, ros: RosClient
) -> None:
    assert states(statuses) == {"hls": "stopped"}
    url = f"http://127.0.0.1:{stream.port}/live/hls/index.m3u8"
    with robot(ros) as publishers:
        for _ in range(2):
            assert not any(publisher.get_subscription_count() for publisher in publishers)
            for _ in range(2):  # once more changes nothing
                (hls,) = ask(ros, "start")["destinations"]
                assert (hls["name"], hls["state"]) == ("hls", "active"), hls
                assert hls["viewer_urls"] == [url]
            assert all(publisher.get_subscription_count() == 1 for publisher in publishers)
            wait_for(lambda: states(statuses) == {"hls": "active"})
            assert values(statuses.last.status[0])["viewer_urls"] == url
            play(url, live_start_index="0").check()
            for _ in range(2):
                assert ask(ros, "stop")["destinations"][0]["state"] == "stopped"
            wait_for(lambda: states(statuses) == {"hls": "stopped"})
            assert list((stream.folder / "hls").iterdir()) == []
            wait_for(lambda: not any(one.get_subscription_count() for one in publishers))


def test_parameters_change_while_it_streams_and_bad_ones_are_refused(
    processes: Processes, stream: Stream, statuses: Collector, ros: RosClient
) -> None:
    port = free_port()
    url = f"rtmp://127.0.0.1:{port}/live/SECRET-KEY"
    logged = ros.subscribe(Log, "/rosout", 100)
    reports = ros.subscribe(DiagnosticArray, "/diagnostics")
    with robot(ros):
        ask(ros, "start")
        for bad in ("http://host/SECRET-KEY", "rtmp://u:SECRET-KEY@", "SECRET-KEY"):
            reason = set_parameter(ros, "destinations", texts(bad))
            assert reason.startswith("destinations: ")
            assert "SECRET-KEY" not in reason
        assert "twice" in set_parameter(ros, "destinations", texts(url, url))
        assert "16" in set_parameter(ros, "destinations", texts(*(f"{url}{n}" for n in range(17))))
        assert "0.5" in set_parameter(ros, "keyframe_interval", number(0.1))
        assert set_parameter(ros, "public_host", texts("elsewhere"))
        assert states(statuses) == {"hls": "active"}

        assert set_parameter(ros, "destinations", texts(url)) == ""
        name = f"rtmp://127.0.0.1:{port}/live/..."
        wait_for(lambda: states(statuses).get(name) == "reconnecting", 20)
        lost = next(one for one in statuses.last.status if one.name == name)
        assert "nothing listens there" in lost.message
        assert lost.level == DiagnosticStatus.WARN
        taker = sink(processes, url, listen="1")
        wait_for(lambda: states(statuses) == {"hls": "active", name: "active"}, 20)
        taker.wait_for_output("packet 50 ")

        def reported() -> bool:
            told = [one for message in reports.messages[-6:] for one in message.status]
            ours = [one for one in told if one.name == f"{STREAM}: status"]
            return bool(ours) and ours[-1].message.startswith("2 of 2 destinations")

        wait_for(reported)
        access = ask(ros, "get_stream_access", SPACE)
        assert [one["state"] for one in access["destinations"]] == ["active", "active"]
        assert set_parameter(ros, "destinations", texts()) == ""
        wait_for(lambda: states(statuses) == {"hls": "active"})
        ask(ros, "stop")
    for said in (statuses, logged, reports):
        assert "SECRET-KEY" not in str(said.messages)
        ros.unsubscribe(said) if said is not statuses else None
    assert "SECRET-KEY" not in json.dumps(access)
    assert "SECRET-KEY" not in stream.child.output()


def test_access_tells_where_the_robots_streams_are(stream: Stream, ros: RosClient) -> None:
    access = ask(ros, "get_stream_access", SPACE)
    base = f"http://127.0.0.1:{stream.port}"
    assert access["webrtc"] == {"signalling": "ws://10.0.0.7:8443", "producer": "reachymini"}
    assert access["mjpeg"]["dashboard"] == f"{base}/api/stream"
    image = f"{SPACE}/camera/image_raw"
    assert access["mjpeg"]["web_video_server"] == f"http://127.0.0.1:8080/stream?topic={image}"
    assert access["hls"] == f"{base}/live/hls/index.m3u8"
    assert access["dash"] is None
    assert access["streaming"] is False


def test_without_pictures_start_answers_all_the_same_and_says_why(
    stream: Stream, ros: RosClient
) -> None:
    (hls,) = ask(ros, "start")["destinations"]
    assert (hls["state"], hls["reason"]) == ("initializing", "waits for the first picture")
    ask(ros, "stop")


def test_nowhere_to_stream_to_is_refused(stream: Stream, ros: RosClient) -> None:
    off = ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=False)
    on = ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=True)
    assert set_parameter(ros, "hls", off) == ""
    refused = ros.call(Trigger, f"{STREAM}/start")
    assert not refused.success
    assert "set destinations, hls or dash" in refused.message
    assert set_parameter(ros, "hls", on) == ""


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"destinations": "['rtmp://host']"}, "destinations: rtmp://... has no application"),
        ({"destinations": "[3]"}, "destinations: the value is not a list of texts"),
        ({"bitrate": 5}, "bitrate: 5 is outside 100 to 20000"),
        ({"autostart": True, "hls": False}, "nowhere to stream to"),
    ],
)
def test_bad_parameters_at_the_start_are_one_clear_line(
    processes: Processes, parameters: dict[str, object], reason: str
) -> None:
    child = processes.start_node("stream", namespace="/stream_bad", **parameters)
    assert child.wait(20) == 1
    (line,) = child.output().strip().splitlines()
    assert reason in line


def test_ends_while_it_streams_and_leaves_neither_processes_nor_files(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    space = "/stream_ended"
    child = processes.start_node(
        "stream", namespace=space, autostart=True, dash=True, live_directory=tmp_path
    )
    told = ros.subscribe(DiagnosticArray, f"{space}/stream/status", latched())
    with robot(ros, space):
        wait_for(lambda: told.count and states(told) == {"hls": "active", "dash": "active"}, 20)
        sending = senders(child.pid)
        assert len(sending) == 2
        assert child.stop() == 0, child.output()
    assert "Traceback" not in child.output(), child.output()
    assert not any(Path(f"/proc/{pid}").exists() for pid in sending)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    ros.unsubscribe(told)


def test_killed_it_takes_its_senders_along(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    child = processes.start_node(
        "stream", namespace="/stream_killed", autostart=True, live_directory=tmp_path
    )
    with robot(ros, "/stream_killed"):
        sending = wait_for(lambda: senders(child.pid), 20)
        wait_for(lambda: (tmp_path / "hls" / "index.m3u8").exists(), 20)
        child.process.kill()
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in sending))
