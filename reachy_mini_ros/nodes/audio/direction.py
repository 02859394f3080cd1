# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The audio node's topics of where sound comes from: doa, is_speaking."""

import asyncio
import math

from geometry_msgs.msg import PoseStamped
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node
from std_msgs.msg import Bool

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.nodes.common.qos import latched
from reachy_mini_ros.nodes.common.work import Work
from reachy_mini_ros.robot.daemon.sound import Direction, SoundApi

_PERIOD_S = 0.1
"""The daemon itself reads its microphone array at 10 Hz."""
_PAUSE_S = 1.0


class DirectionTopics:
    """Asks the daemon while the node is active and somebody subscribes; publishes what changes."""

    def __init__(
        self, node: Node, io: LoopThread, work: Work, api: SoundApi, frame_id: str
    ) -> None:
        self.reason = "nobody subscribes"
        """Why nothing is published, or empty."""
        self._node = node
        self._work = work
        self._api = api
        self._frame_id = frame_id
        self._active = False
        self._asking: asyncio.Task[None] | None = None
        self._last: Direction | None = None
        events = PublisherEventCallbacks(matched=lambda _: io.call(self._watch))
        self._doa = node.create_publisher(PoseStamped, "~/doa", latched(), event_callbacks=events)
        self._speaking = node.create_publisher(
            Bool, "~/is_speaking", latched(), event_callbacks=events
        )

    def activate(self, active: bool) -> None:
        """Ask from now on, or no more."""
        self._active = active
        self._watch()

    def _watch(self) -> None:
        topics = (self._doa, self._speaking)
        wanted = any(topic.get_subscription_count() for topic in topics)
        if self._active and wanted and self._asking is None:
            self._asking = self._work.keep("direction", self._ask)
        elif self._asking is not None and not (self._active and wanted):
            self._asking.cancel()
            self._asking = None
            self._forget()
            self.reason = "nobody subscribes" if self._active else "not active"

    async def _ask(self) -> None:
        while True:
            pause_s = _PERIOD_S
            try:
                found = await self._api.doa()
                self.reason = ""
                if found is None:
                    self._forget()
                    self.reason = "the robot has no microphone array that tells directions"
                else:
                    self._publish(found)
            except ReachyMiniRosError as error:
                self._forget()
                self.reason, pause_s = str(error), _PAUSE_S
            await asyncio.sleep(pause_s)

    def _publish(self, found: Direction) -> None:
        last, self._last = self._last, found
        if last is None or found.yaw_rad != last.yaw_rad:
            self._doa.publish(self._pose(found.yaw_rad))
        if last is None or found.speaking != last.speaking:
            self._speaking.publish(Bool(data=found.speaking))

    def _forget(self) -> None:
        """Leave nobody in the belief that somebody still speaks."""
        last, self._last = self._last, None
        if last is not None and last.speaking:
            self._speaking.publish(Bool(data=False))

    def _pose(self, yaw_rad: float) -> PoseStamped:
        """Return a pose at the head's origin whose x axis points to the sound."""
        pose = PoseStamped()
        pose.header.stamp = self._node.get_clock().now().to_msg()
        pose.header.frame_id = self._frame_id
        pose.pose.orientation.z = math.sin(yaw_rad / 2)
        pose.pose.orientation.w = math.cos(yaw_rad / 2)
        return pose
