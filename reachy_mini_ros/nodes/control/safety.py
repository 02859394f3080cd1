# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`motion_owner`, `moving`, `motor_mode`, `command_events` and `safety_events`."""

import math
import time

from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Bool, String

from reachy_mini_ros.nodes.common import diagnostics
from reachy_mini_ros.nodes.common.on_demand import LatchedOnDemand
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.robot.motion.arbitration import MotionStatus, Owner
from reachy_mini_ros.robot.motion.events import EventKind, SafetyEvent
from reachy_mini_ros.robot.motion.receipts import Receipt, ReceiptKind

WARNING_PERIOD_S = 2.0
EVENTS_DEPTH, RECEIPTS_DEPTH = 20, 50
LEVELS = {
    ReceiptKind.ACCEPTED: diagnostics.Level.OK,
    ReceiptKind.DONE: diagnostics.Level.OK,
    ReceiptKind.FAILED: diagnostics.Level.ERROR,
}
"""Of receipts; the others are warnings."""


class Safety:
    """Publishes who moves the robot, what becomes of commands, and what went otherwise."""

    def __init__(self, node: RobotNode) -> None:
        self._node = node
        self._owner = LatchedOnDemand(node, String, "motion_owner")
        self._moving = LatchedOnDemand(node, Bool, "moving")
        self._mode = LatchedOnDemand(node, String, "motor_mode")
        self.latched = (self._owner, self._moving, self._mode)
        self.silent = False
        """Whether another control node speaks for the robot, and this one tells nothing."""
        self._events = node.create_publisher(
            DiagnosticStatus, "safety_events", reliable(EVENTS_DEPTH)
        )
        self._receipts = node.create_publisher(
            DiagnosticStatus, "command_events", reliable(RECEIPTS_DEPTH)
        )
        self._known = MotionStatus()
        self._warned_s: dict[str, float] = {}
        self.refused = 0
        self.last_refusal = ""
        self.last_event = ""
        self._owner.publish(String(data=Owner.IDLE.value))
        self._mode.publish(String(data=""))
        self.moving(False)

    def motion(self, status: MotionStatus) -> None:
        """Publish owner of the motion and mode of the motors, each if it is new."""
        known, self._known = self._known, status
        if status.owner is not known.owner:
            self._owner.publish(String(data=status.owner.value))
        if status.motor_mode != known.motor_mode:
            self._mode.publish(String(data=status.motor_mode))

    def moving(self, moving: bool) -> None:
        """Publish that the robot began to move, or is still."""
        self._moving.publish(Bool(data=moving))

    def event(self, event: SafetyEvent) -> None:
        """Publish one event, and log it; of one source, a warning now and then."""
        if self.silent:
            return
        text = f"{event.source}: {event.reason}"
        self.last_event = f"{event.kind}: {text}"
        harmless = event.kind in (EventKind.PREEMPTED, EventKind.CLAMPED)
        if event.kind is EventKind.REFUSED or event.kind is EventKind.FAILED:
            self.refused += 1
            self.last_refusal = text
        values = {"kind": event.kind.value, "source": event.source, "reason": event.reason}
        report = diagnostics.Report(diagnostics.Level.WARN, f"{event.kind}: {event.reason}", values)
        self._events.publish(diagnostics.status(self._name(event.source), "", report))
        # By source: a stream that is refused must not hide why a goto was.
        now_s = time.monotonic()
        if harmless:
            self._node.get_logger().info(text)
        elif now_s - self._warned_s.get(event.source, -math.inf) > WARNING_PERIOD_S:
            self._warned_s[event.source] = now_s
            self._node.get_logger().warning(text)

    def receipt(self, receipt: Receipt) -> None:
        """Publish what became of a command."""
        if self.silent:
            return
        values = {
            "kind": receipt.kind.value,
            "source": receipt.source,
            "id": receipt.id,
            "reason": receipt.reason,
            "owner_before": receipt.owner_before.value,
            "owner_after": receipt.owner_after.value,
        }
        if receipt.detail:
            values["detail"] = receipt.detail
        text = f"{receipt.kind}: {receipt.reason}"
        report = diagnostics.Report(LEVELS.get(receipt.kind, diagnostics.Level.WARN), text, values)
        self._receipts.publish(diagnostics.status(self._name(receipt.source), "", report))

    def _name(self, source: str) -> str:
        return f"{self._node.get_fully_qualified_name()}: {source}"
