# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`motion_owner`, `moving`, `motor_mode` and `safety_events`; what happens to every command."""

import math
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool, Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.nodes.common import diagnostics
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.nodes.common.work import result_in_executor
from reachy_mini_ros.robot.motion.arbitration import Motion, Owner
from reachy_mini_ros.robot.motion.events import EventKind, SafetyEvent, event_of

WARNING_PERIOD_S = 2.0
DEPTH = 20

Response = TypeVar("Response", Trigger.Response, SetBool.Response)


class Safety:
    """Publishes who moves the robot, and one event for each command that went otherwise."""

    def __init__(self, node: Node, io: LoopThread) -> None:
        self._node = node
        self._io = io
        self._owner = node.create_publisher(String, "motion_owner", latched())
        self._moving = node.create_publisher(Bool, "moving", latched())
        self._mode = node.create_publisher(String, "motor_mode", latched())
        self._events = node.create_publisher(DiagnosticStatus, "safety_events", reliable(DEPTH))
        self._known = (Owner.IDLE, "")
        self._warned_s: dict[str, float] = {}
        self.refused = 0
        self.last_refusal = ""
        self.last_event = ""
        self._owner.publish(String(data=Owner.IDLE.value))
        self._mode.publish(String(data=""))
        self.moving(False)

    def motion(self, motion: Motion) -> None:
        """Publish owner of the motion and mode of the motors, each if it is new."""
        owner, mode = self._known
        self._known = (motion.owner, motion.motor_mode)
        if motion.owner is not owner:
            self._owner.publish(String(data=motion.owner.value))
        if motion.motor_mode != mode:
            self._mode.publish(String(data=motion.motor_mode))

    def moving(self, moving: bool) -> None:
        """Publish that the robot began to move, or is still."""
        self._moving.publish(Bool(data=moving))

    def event(self, event: SafetyEvent) -> None:
        """Publish one event, and log it; of one source, a warning now and then."""
        text = f"{event.source}: {event.reason}"
        self.last_event = f"{event.kind}: {text}"
        harmless = event.kind in (EventKind.PREEMPTED, EventKind.CLAMPED)
        if event.kind is EventKind.REFUSED or event.kind is EventKind.FAILED:
            self.refused += 1
            self.last_refusal = text
        values = {"kind": event.kind.value, "source": event.source, "reason": event.reason}
        report = diagnostics.Report(diagnostics.Level.WARN, f"{event.kind}: {event.reason}", values)
        name = f"{self._node.get_fully_qualified_name()}: {event.source}"
        self._events.publish(diagnostics.status(name, "", report))
        # By source: a stream that is refused must not hide why a goto was.
        now_s = time.monotonic()
        if harmless:
            self._node.get_logger().info(text)
        elif now_s - self._warned_s.get(event.source, -math.inf) > WARNING_PERIOD_S:
            self._warned_s[event.source] = now_s
            self._node.get_logger().warning(text)

    def fail(self, source: str, error: ReachyMiniRosError) -> None:
        """Publish the event that a command's error is; ``source`` is its topic or service."""
        self.event(event_of(error, source))

    def watch(self, source: str, command: Coroutine[Any, Any, str]) -> None:
        """Carry out a command that nobody waits for."""
        self._io.submit(self._watch(source, command))

    async def answer(
        self,
        command: Callable[[], Coroutine[Any, Any, str]],
        request: object,
        response: Response,
        source: str = "",
    ) -> Response:
        """Carry out a command of a service, and answer with its end."""
        try:
            response.message = await result_in_executor(self._node, self._io.submit(command()))
            response.success = True
        except ReachyMiniRosError as error:
            response.message = str(error)
            self.fail(source or "service", error)
        return response

    async def _watch(self, source: str, command: Coroutine[Any, Any, str]) -> None:
        try:
            self._node.get_logger().debug(await command)
        except ReachyMiniRosError as error:
            self.fail(source, error)
