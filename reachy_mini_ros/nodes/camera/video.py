# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera node's topics of encoded pictures, as the robot made them: video and its like."""

from __future__ import annotations

import array
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.publisher import Publisher
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.media.bitstream import H264
from reachy_mini_ros.media.frames import EncodedFrame
from reachy_mini_ros.media.sources.base import VideoSource
from reachy_mini_ros.nodes.camera.parameters import Settings
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.stamps import CaptureStamps
from reachy_mini_ros.statistics import Window

DEPTH = 30
"""Pictures that wait for a slow subscriber: each needs the one before it."""
_AGAIN_S = 0.5
"""A subscriber may find the publisher so much later than it is found itself."""
_KEY = 1
"""FFmpeg's flag of a packet with a key frame."""

Make = Callable[[EncodedFrame, Time, str, "array.array[int]"], Any]


class VideoTopics:
    """Publishes while somebody subscribes; all but the constructor and the facts on the loop.

    A source that does not encode has none of the topics.
    """

    def __init__(
        self,
        node: RobotNode,
        io: LoopThread,
        source: VideoSource,
        frame_id: str,
        stamps: CaptureStamps,
        settings: Callable[[], Settings],
    ) -> None:
        self._source = source
        self._frame_id = frame_id
        self._stamps = stamps
        self._settings = settings
        self._io = io
        self._topics: list[tuple[Publisher[Any], Make]] = []
        self._subscribers = 0
        self._key_s = 0.0
        self.open = False
        """Whether the node may publish."""
        self.watched = False
        self.published = 0
        self._latencies_ms = Window()
        if source.encoded is None:
            node.get_logger().info("no ~/video: this source does not encode")
            return
        self._add(node, CompressedImage, "~/video", _compressed_image)
        for package, kind, name, make in (
            ("ffmpeg_image_transport_msgs", "FFMPEGPacket", "ffmpeg", _ffmpeg_packet),
            ("foxglove_msgs", "CompressedVideo", "foxglove", _compressed_video),
        ):
            message = _message(package, kind)
            if message is None:
                node.get_logger().info(f"no ~/image_raw/{name}: {package} is not installed")
            else:
                self._add(node, message, f"~/image_raw/{name}", make(message))

    def facts(self) -> dict[str, object]:
        """Return what the diagnostics tell."""
        counts = self._source.encoded
        if counts is None:
            return {"video": "this source does not encode"}
        told = "the robot sends VP8: Foxglove takes H264 only" if counts.codec == "vp8" else ""
        return {
            "video": told or ("published" if self.watched else "nobody subscribes"),
            "video_codec": counts.codec or "unknown",
            "video_rate_hz": self._latencies_ms.rate_hz(),
            "video_latency_p95_ms": self._latencies_ms.percentile(95),
            "video_published": self.published,
            "video_gaps": counts.gaps,
            "video_missing": counts.missing,
        }

    def _add(self, node: RobotNode, kind: type, name: str, make: Make) -> None:
        publisher: Publisher[Any] = node.create_publisher(
            kind,
            name,
            reliable(DEPTH),
            event_callbacks=PublisherEventCallbacks(matched=lambda _: self._io.call(self._watch)),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._topics.append((publisher, make))

    def _watch(self) -> None:
        subscribers = sum(topic.get_subscription_count() for topic, _ in self._topics)
        came, self._subscribers = subscribers > self._subscribers, subscribers
        wanted = subscribers > 0
        if wanted and not self.watched:
            self._source.add_encoded(self._on_frame)
        elif self.watched and not wanted:
            self._source.remove_encoded(self._on_frame)
        self.watched = wanted
        if came:
            self._source.request_key_frame()
            self._io.loop.call_later(_AGAIN_S, self._source.request_key_frame)

    def _on_frame(self, frame: EncodedFrame) -> None:
        if not self.open:
            return
        settings, now_s = self._settings(), time.monotonic()
        if frame.is_key:
            self._key_s = now_s
        elif settings.keyframe_interval and now_s - self._key_s > settings.keyframe_interval:
            self._source.request_key_frame()
        stamp = self._stamps.at(frame.captured_ns, settings.timestamp_offset)
        # Assigned, this type is taken over without looking at every element.
        data = array.array("B")
        data.frombytes(frame.data)
        for topic, make in self._topics:
            if topic.get_subscription_count():
                message = make(frame, stamp, self._frame_id, data)
                if message is not None:
                    topic.publish(message)
        self.published += 1
        self._latencies_ms.add((time.monotonic_ns() - frame.arrived_ns) / 1e6)


def _message(package: str, kind: str) -> Any:
    """Return a type of messages; None where it is not installed."""
    try:
        return getattr(importlib.import_module(f"{package}.msg"), kind)
    except (ImportError, AttributeError):
        return None


def _compressed_image(
    frame: EncodedFrame, stamp: Time, frame_id: str, data: array.array[int]
) -> CompressedImage:
    message = CompressedImage(header=Header(stamp=stamp, frame_id=frame_id), format=frame.codec)
    message.data = data
    return message


def _ffmpeg_packet(kind: Any) -> Make:
    def make(frame: EncodedFrame, stamp: Time, frame_id: str, data: array.array[int]) -> Any:
        message = kind(
            header=Header(stamp=stamp, frame_id=frame_id),
            width=frame.width,
            height=frame.height,
            encoding=frame.codec,
            pts=frame.pts,
            flags=_KEY if frame.is_key else 0,
            is_bigendian=sys.byteorder == "big",
        )
        message.data = data
        return message

    return make


def _compressed_video(kind: Any) -> Make:
    def make(frame: EncodedFrame, stamp: Time, frame_id: str, data: array.array[int]) -> Any:
        if frame.codec != H264:  # which Foxglove's panels do not know
            return None
        message = kind(timestamp=stamp, frame_id=frame_id, format=frame.codec)
        message.data = data
        return message

    return make
