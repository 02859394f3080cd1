# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The audio node's topic of sound as the robot encoded it: opus."""

import array
from typing import Any

from rclpy.event_handler import PublisherEventCallbacks
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.media.frames import EncodedSound
from reachy_mini_ros.media.sessions import SharedSession
from reachy_mini_ros.nodes.common.managed import ManagedNode
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.stamps import to_stamp

DEPTH = 50
"""Packets that wait for a slow subscriber, 1 s of 20 ms each."""


class OpusTopic:
    """Publishes while somebody subscribes; all but the constructor on the loop.

    Of the messages that every ROS has, CompressedImage alone is a header, the name of an encoding
    and bytes: ``camera/video`` has it too.
    """

    def __init__(
        self, node: ManagedNode, io: LoopThread, session: SharedSession, frame_id: str
    ) -> None:
        self.published = 0
        self._node = node
        self._session = session
        self._frame_id = frame_id
        self._watched = False
        events = PublisherEventCallbacks(matched=lambda _: io.call(self._watch))
        self._publisher: Any = node.create_publisher(
            CompressedImage, "~/opus", reliable(DEPTH), event_callbacks=events
        )

    def _watch(self) -> None:
        wanted = self._publisher.get_subscription_count() > 0
        if wanted and not self._watched:
            self._session.add_audio_packets(self._publish)
        elif self._watched and not wanted:
            self._session.remove_audio_packets(self._publish)
        self._watched = wanted

    def _publish(self, packet: EncodedSound) -> None:
        stamp = to_stamp(self._node.get_clock(), packet.captured_ns)
        message = CompressedImage(
            header=Header(stamp=stamp, frame_id=self._frame_id), format=packet.codec
        )
        # Assigned, this type is taken over without looking at every element.
        message.data = array.array("B", packet.data)
        self._publisher.publish(message)
        self.published += 1
