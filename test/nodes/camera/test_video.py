# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera node's encoded pictures, as ROS sees them."""

import importlib
import time
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from harness.interfaces import needs
from harness.processes import Child, Processes
from harness.ros import Collector, RosClient
from harness.simulation import Simulation
from harness.waiting import patience, slowness, too_slow, wait_for
from sensor_msgs.msg import CompressedImage, Image

from reachy_mini_ros.simulation import overlay

NAMESPACE = "/video_test"
VIDEO = f"{NAMESPACE}/camera/video"
RAW = f"{NAMESPACE}/camera/image_raw"
BUSY = 1.5
"""How many times slower than an idle machine one is that loses packets."""


@pytest.fixture(scope="module")
def camera(processes: Processes, simulation: Simulation) -> Child:
    return processes.start_node("camera", namespace=NAMESPACE, **simulation.parameters)


def stamp_ns(stamp: Any) -> int:
    return int(stamp.sec * 10**9 + stamp.nanosec)


def shown(messages: list[Any]) -> Iterator[tuple[Any, overlay.Overlay, tuple[int, int]]]:
    """Yield each message with what its picture says, and its size; all of it is decoded."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    for message in messages:
        (image,) = decoder.decode(av.Packet(bytes(message.data)))
        assert isinstance(image, av.VideoFrame)
        read = overlay.read(image.to_ndarray(format="bgr24"))
        assert read is not None
        yield message, read, (image.width, image.height)


def require_steps(numbers: list[int], step: int) -> None:
    """Check that nothing is missing; a machine that others keep busy loses packets."""
    steps = set(np.diff(numbers).tolist())
    if steps != {step} and min(steps) >= step and slowness() > BUSY:
        too_slow("pictures were lost on the way to the node, or to this test")
    assert steps == {step}


def values(ros: RosClient) -> dict[str, str]:
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")
    try:
        return {entry.key: entry.value for entry in diagnostics.next().status[0].values}
    finally:
        ros.unsubscribe(diagnostics)


def test_the_topic_decodes_to_every_picture_with_its_time(camera: Child, ros: RosClient) -> None:
    video = ros.subscribe(CompressedImage, VIDEO, 30)
    video.wait_count(45, 20)
    ros.unsubscribe(video)
    messages = video.messages
    assert {message.format for message in messages} == {"h264"}
    assert {message.header.frame_id for message in messages} == {"camera_optical"}
    decoded = list(shown(messages))
    assert {size for _, _, size in decoded} == {(640, 360)}
    require_steps([read.frame for _, read, _ in decoded], 1)
    late_ms = [(stamp_ns(m.header.stamp) - read.time_ns) / 1e6 for m, read, _ in decoded]
    assert -30 < np.median(late_ms) < 100
    stamps = [stamp_ns(message.header.stamp) for message in messages]
    assert stamps == sorted(set(stamps))


def test_images_and_video_of_one_picture_have_one_stamp(camera: Child, ros: RosClient) -> None:
    video, raw = ros.subscribe(CompressedImage, VIDEO, 30), ros.subscribe(Image, RAW)

    def common() -> set[int]:
        stamps = ({stamp_ns(m.header.stamp) for m in one.messages} for one in (video, raw))
        return set.intersection(*stamps)

    wait_for(lambda: len(common()) > 10, 20)
    ros.unsubscribe(video)
    ros.unsubscribe(raw)
    by_stamp = {stamp_ns(m.header.stamp): read.frame for m, read, _ in shown(video.messages)}
    for image in raw.messages:
        pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
        read = overlay.read(pixels)
        assert read is not None
        assert by_stamp.get(stamp_ns(image.header.stamp), read.frame) == read.frame


def test_a_late_subscriber_begins_within_a_second(camera: Child, ros: RosClient) -> None:
    first = ros.subscribe(CompressedImage, VIDEO, 30)
    first.wait_count(30, 20)
    begun_s = time.monotonic()
    late = ros.subscribe(CompressedImage, VIDEO, 30)

    def begun() -> bool:
        return any(b"\0\0\1\x67" in bytes(message.data) for message in late.messages)

    # That the two find each other takes its own time.
    late.wait_count(1, 20)
    found_s = time.monotonic()
    wait_for(begun, 1, "a key frame")
    assert time.monotonic() - found_s < patience(1) + found_s - begun_s
    count = first.count
    first.wait_count(count + 30, 10)
    ros.unsubscribe(first)
    ros.unsubscribe(late)
    require_steps([read.frame for _, read, _ in shown(first.messages)], 1)


def test_the_diagnostics_tell_rate_codec_and_gaps(camera: Child, ros: RosClient) -> None:
    video = ros.subscribe(CompressedImage, VIDEO, 30)
    video.wait_count(60, 20)
    told = wait_for(lambda: (one := values(ros))["video"] == "published" and one, 10)
    assert isinstance(told, dict)
    assert told["video_codec"] == "h264"
    assert float(told["video_rate_hz"]) > 15
    if told["video_gaps"] != "0" and slowness() > BUSY:
        too_slow(f"{told['video_missing']} pictures were lost on the way to the node")
    assert told["video_gaps"] == told["video_missing"] == "0"
    assert told["conversions"] == values(ros)["conversions"]
    ros.unsubscribe(video)

    def silent() -> bool:
        before = values(ros)
        return (
            before["video"] == "nobody subscribes"
            and values(ros)["video_published"] == (before["video_published"])
        )

    wait_for(silent, 15)


@pytest.mark.parametrize(
    ("package", "kind", "topic"),
    [
        pytest.param(
            "ffmpeg_image_transport_msgs",
            "FFMPEGPacket",
            "ffmpeg",
            marks=needs("ffmpeg_image_transport_msgs"),
        ),
        pytest.param("foxglove_msgs", "CompressedVideo", "foxglove", marks=needs("foxglove_msgs")),
    ],
)
def test_others_have_the_same_bytes(
    package: str, kind: str, topic: str, camera: Child, ros: RosClient
) -> None:
    message_type = getattr(importlib.import_module(f"{package}.msg"), kind)
    video = ros.subscribe(CompressedImage, VIDEO, 30)
    other = ros.subscribe(message_type, f"{RAW}/{topic}", 30)
    other.wait_count(45, 20)
    video.wait_count(45, 20)
    for collector in (video, other):
        ros.unsubscribe(collector)
    bytes_of = {stamp_ns(m.header.stamp): bytes(m.data) for m in video.messages}
    checked = 0
    for message, read, size in shown(from_a_key_frame(other)):
        stamp = message.timestamp if topic == "foxglove" else message.header.stamp
        assert bytes_of.get(stamp_ns(stamp), bytes(message.data)) == bytes(message.data)
        checked += stamp_ns(stamp) in bytes_of
        if topic == "foxglove":
            assert (message.format, message.frame_id) == ("h264", "camera_optical")
        else:
            assert (message.width, message.height) == size
            assert message.encoding == "h264"
            assert message.flags == (b"\0\0\1\x67" in bytes(message.data))
            assert not message.is_bigendian
        assert read.frame >= 0
    assert checked > 10
    if topic == "ffmpeg":
        require_steps([message.pts for message in other.messages], 3000)


def from_a_key_frame(collector: Collector) -> list[Any]:
    messages = collector.messages
    first = next(n for n, m in enumerate(messages) if b"\0\0\1\x67" in bytes(m.data))
    return messages[first:]


def test_a_source_that_does_not_encode_has_no_video(processes: Processes, ros: RosClient) -> None:
    child = processes.start_node("camera", namespace="/no_video", source="synthetic")
    child.wait_for_output("no ~/video", 20)
    child.stop()
