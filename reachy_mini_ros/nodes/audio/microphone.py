# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The audio node's topics of what the robot hears: pcm, level, activity."""

import time
from typing import Any

from rclpy.event_handler import PublisherEventCallbacks
from std_msgs.msg import Bool, Float32, Header, Int16MultiArray

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.media.frames import PcmFrame
from reachy_mini_ros.media.loudness import Activity, Meter, level_dbfs, power
from reachy_mini_ros.media.microphone import CHUNK, RATE_HZ, Chunk, Microphone
from reachy_mini_ros.media.sessions import SharedSession
from reachy_mini_ros.nodes.audio import audio_common
from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.managed import ManagedNode
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.nodes.common.stamps import to_stamp
from reachy_mini_ros.statistics import Window

_LEVEL_EVERY = 5
"""Chunks that one level is taken over: 10 Hz."""


class MicrophoneTopics:
    """Decodes and publishes while somebody subscribes; all but the constructor on the loop."""

    def __init__(
        self,
        node: ManagedNode,
        io: LoopThread,
        session: SharedSession,
        channels: int,
        frame_id: str,
    ) -> None:
        self.microphone = Microphone(channels)
        self.activity = Activity(0.0)
        self.published = 0
        self.latencies_ms = Window()
        self.watched = False
        self._node = node
        self._session = session
        self._frame_id = frame_id
        self._meter = Meter(_LEVEL_EVERY)
        self._told: bool | None = None
        events = PublisherEventCallbacks(matched=lambda _: io.call(self._watch))

        def publisher(kind: type, name: str, qos: Any) -> Any:
            return node.create_publisher(kind, name, qos, event_callbacks=events)

        self._pcm = publisher(Int16MultiArray, "~/pcm", reliable(50))
        self._level = publisher(Float32, "~/level", reliable(10))
        self._activity = publisher(Bool, "~/activity", latched())
        self._common: audio_common.AudioCommon | None = None
        try:
            messages = audio_common.messages()
            self._common = audio_common.AudioCommon(node, messages, channels, events)
        except SetupError as error:
            node.get_logger().info(f"no ~/data_stamped and no ~/info: {error}")

    def restart(self) -> None:
        """Begin anew, after the sound was away."""
        self.microphone.restart()
        self.activity.active = False
        if self._told:
            self._tell()

    def _watch(self) -> None:
        topics = (self._pcm, self._level, self._activity)
        wanted = any(topic.get_subscription_count() for topic in topics)
        wanted = wanted or (self._common is not None and self._common.wanted)
        if wanted and not self.watched:
            self.restart()
            self._session.add_audio(self._on_frame)
        elif self.watched and not wanted:
            self._session.remove_audio(self._on_frame)
            self.restart()
        self.watched = wanted

    def _on_frame(self, frame: PcmFrame) -> None:
        for chunk in self.microphone.add(frame):
            self._publish(chunk)
            self.latencies_ms.add((time.monotonic_ns() - frame.arrived_ns) / 1e6)

    def _publish(self, chunk: Chunk) -> None:
        self.published += 1
        if self._pcm.get_subscription_count():
            self._pcm.publish(pcm.to_message(chunk.samples))
        if self._common is not None and self._common.wanted:
            stamp = to_stamp(self._node.get_clock(), chunk.captured_ns)
            self._common.publish(chunk, Header(stamp=stamp, frame_id=self._frame_id))
        if self._level.get_subscription_count() or self._activity.get_subscription_count():
            self._measure(power(chunk.samples))

    def _measure(self, mean_square: float) -> None:
        level = self._meter.add(mean_square)
        if level is not None:
            self._level.publish(Float32(data=level))
        changed = self.activity.add(level_dbfs(mean_square), CHUNK / RATE_HZ)
        if changed or self._told is None:
            self._tell()

    def _tell(self) -> None:
        self._told = self.activity.active
        self._activity.publish(Bool(data=self._told))
