# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera's pictures, as JPEG and as the robot encoded them, from topics to the hubs."""

import time
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time as Stamp
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.media import bitstream
from reachy_mini_ros.media.frames import EncodedFrame, EncodedSound
from reachy_mini_ros.media.mp4 import TIMESCALE
from reachy_mini_ros.nodes.common.on_demand import OnDemand
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.statistics import Window
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.pictures import FRESH_S, Pictures
from reachy_mini_ros.web.robot import Percentiles
from reachy_mini_ros.web.video import Video

LATENCY_MAX_MS = 10_000.0
"""A larger one, or one below zero, tells of clocks that differ."""
DEPTH = 30
"""Pictures of the video that may wait for this node, a second of them: one that is lost costs all
until the next key frame."""
ASKING_S = 0.5


class _Topic:
    """Pictures of one topic, subscribed to only while somebody looks."""

    def __init__(self, node: RobotNode) -> None:
        self._node = node
        self.stamp: Stamp | None = None
        """Of the newest one."""
        self.latencies_ms = Window()
        """From their stamps to their arrival here."""

    def _note(self, message: CompressedImage) -> None:
        self.stamp = message.header.stamp
        stamp = Time.from_msg(message.header.stamp, self._node.get_clock().clock_type)
        age_ms = (self._node.get_clock().now() - stamp).nanoseconds / 1e6
        if 0 <= age_ms < LATENCY_MAX_MS:
            self.latencies_ms.add(age_ms)

    def latency(self) -> Percentiles | None:
        """Return how old they are when they come, None while none do."""
        p50, p95 = (self.latencies_ms.percentile(percent) for percent in (50, 95))
        return None if p50 is None or p95 is None else Percentiles(round(p50, 1), round(p95, 1))


class PictureTopic(_Topic):
    """JPEG pictures."""

    def __init__(
        self, node: RobotNode, io: LoopThread, topic: str, fresh_s: float = FRESH_S
    ) -> None:
        super().__init__(node)
        self._io = io
        self._subscription = OnDemand(node, CompressedImage, topic, self._on_picture)
        self.hub = Pictures(self._subscription.want, fresh_s=fresh_s)

    def _on_picture(self, message: CompressedImage) -> None:
        self._note(message)
        stamp = message.header.stamp
        stamp_s = stamp.sec + stamp.nanosec / 1e9
        self._io.call(self.hub.publish, message.data.tobytes(), stamp_s)


class VideoTopic(_Topic):
    """Pictures as the robot encoded them.

    The camera has the robot send a key frame when somebody subscribes: a second subscription, for
    a moment, asks for one.
    """

    def __init__(self, node: RobotNode, io: LoopThread, topic: str) -> None:
        super().__init__(node)
        self._io = io
        self._size = 0, 0
        on_frame: Callable[..., None] = self._on_frame
        self._subscription = OnDemand(node, CompressedImage, topic, on_frame, reliable(DEPTH))
        asking = OnDemand(node, CompressedImage, topic, _ignore, reliable(1), raw=True)
        self._asking = Interest(asking.want, ASKING_S)
        sound = OnDemand(node, CompressedImage, "audio/opus", self._on_packet, reliable(DEPTH))
        self.hub = Video(
            self._subscription.want, self._asking.touch, self._problem, on_sound_demand=sound.want
        )

    def _problem(self) -> str:
        topic = self._subscription.topic
        if self._node.count_publishers(topic):
            return ""
        return f"nobody publishes {topic}: the camera node does, where its source is a robot"

    def _on_frame(self, message: CompressedImage, information: dict[str, Any]) -> None:
        self._note(message)
        codec, data = message.format, message.data.tobytes()
        is_key = bitstream.is_key_frame(codec, data)
        if is_key:
            self._size = bitstream.picture_size(codec, data) or self._size
        arrived_ns, captured_ns = self._times(message)
        stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        frame = EncodedFrame(
            codec,
            data,
            is_key,
            captured_ns=captured_ns,
            arrived_ns=arrived_ns,
            pts=stamp_ns * TIMESCALE // 10**9,
            sequence=information["publication_sequence_number"],
            width=self._size[0],
            height=self._size[1],
        )
        self._io.call(self.hub.publish, frame)

    def _on_packet(self, message: CompressedImage) -> None:
        arrived_ns, captured_ns = self._times(message)
        packet = EncodedSound(message.format, message.data.tobytes(), captured_ns, arrived_ns)
        self._io.call(self.hub.publish_sound, packet)

    def _times(self, message: CompressedImage) -> tuple[int, int]:
        """Return when a message came and its stamp, both by ``time.monotonic_ns()``."""
        stamp = Time.from_msg(message.header.stamp, self._node.get_clock().clock_type)
        arrived_ns = time.monotonic_ns()
        return arrived_ns, arrived_ns - (self._node.get_clock().now() - stamp).nanoseconds


def _ignore(message: bytes) -> None:
    pass
