# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""That the camera is on, shown by the robot's antennas to the people near it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from reachy_mini_ros.aio import LoopThread, Switch
from reachy_mini_ros.nodes.common.on_demand import Latest, OnDemand, PublisherOnDemand
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.stamps import command_id
from reachy_mini_ros.robot.motion.arbitration import Owner
from reachy_mini_ros.robot.motion.receipts import ReceiptKind

TOPIC = "set_target/joints"
"""Targets there never take the place of what runs: the control node refuses them."""
SPREAD_RAD, USUAL_RAD = math.radians(45.0), math.radians(10.0)
"""Of each antenna, outwards, while the camera is on, and while it is not as after a wake-up."""
PERIOD_S = 0.5
RETRY_S = 5.0
"""After a target that was not accepted."""


class AntennaSign:
    """Spreads the antennas when the camera comes on, and brings them back when it is off.

    Only where nothing else moves the robot, and once each: what moves the antennas afterwards is
    not undone, but for a sleep. Everything but the constructor and :meth:`follow` belongs to the
    event loop's thread.
    """

    def __init__(
        self,
        node: RobotNode,
        io: LoopThread,
        is_wanted: Callable[[], bool],
        is_on: Callable[[], bool],
    ) -> None:
        """``is_wanted``: by the user; ``is_on``: the camera."""
        self._node, self._io = node, io
        self._is_wanted, self._is_on = is_wanted, is_on
        self._owner = Latest(node, String, "motion_owner", latched())
        self._mode = Latest(node, String, "motor_mode", latched())
        self._lease = Latest(node, DiagnosticStatus, "control_lease", latched())
        self._targets = PublisherOnDemand(node, JointState, TOPIC)
        self._receipts = OnDemand(
            node, DiagnosticStatus, "command_events", self._on_receipt, reliable(50)
        )
        self._switch = Switch(lambda: node.supervisor.keep("sign on the antennas", self._run))
        self._shown = False
        self._sent = "", False
        """The id of the last target, and what it is to show."""
        self._sent_s = -math.inf

    def follow(self) -> None:
        """Take into account that the parameter may be another; on any thread."""
        self._io.call(self._follow)

    async def close(self) -> None:
        """Bring the antennas back if they are spread, and end."""
        if self._shown and self._may_move():
            self._show(False)
        await self._switch.close()

    def _follow(self) -> None:
        self._switch.want(self._is_wanted() or self._shown)

    async def _run(self) -> None:
        topics = (self._owner, self._mode, self._lease, self._targets, self._receipts)
        for topic in topics:
            topic.want(True)
        try:
            while True:
                await asyncio.sleep(PERIOD_S)
                self._look()
        finally:
            for topic in topics:
                topic.want(False)

    def _look(self) -> None:
        owner, mode = self._owner.get(), self._mode.get()
        if (owner and owner.data == Owner.SLEEPING) or (mode and mode.data == "disabled"):
            self._shown = False  # the antennas are elsewhere when it has woken up
        on = self._is_wanted() and self._is_on()
        if on != self._shown:
            if self._may_move() and time.monotonic() - self._sent_s > RETRY_S:
                self._show(on)
        elif not self._is_wanted():
            self._switch.want(False)

    def _may_move(self) -> bool:
        owner, mode, lease = self._owner.get(), self._mode.get(), self._lease.get()
        if owner is None or mode is None:
            return False
        held = lease is not None and any(
            entry.key == "holder" and entry.value for entry in lease.values
        )
        return bool(owner.data == Owner.IDLE and mode.data == "enabled" and not held)

    def _show(self, on: bool) -> None:
        angle = SPREAD_RAD if on else USUAL_RAD
        message = JointState(name=["right_antenna", "left_antenna"], position=[angle, -angle])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._sent = command_id(message.header.stamp), on
        if self._targets.publish(message):
            self._sent_s = time.monotonic()

    # On the executor's thread

    def _on_receipt(self, message: DiagnosticStatus) -> None:
        values = {entry.key: entry.value for entry in message.values}
        id, on = self._sent
        taken = values.get("kind") in (ReceiptKind.ACCEPTED, ReceiptKind.CLAMPED)
        if taken and (values.get("source"), values.get("id")) == (TOPIC, id):
            self._shown, self._sent_s = on, -math.inf
