# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`control_nodes`: the control nodes of a namespace tell each other of themselves; one commands."""

import asyncio
import contextlib
import os
import platform
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace

from diagnostic_msgs.msg import DiagnosticStatus

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import BusyError
from reachy_mini_ros.nodes.common import diagnostics
from reachy_mini_ros.nodes.common.qos import latched
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.control.election import PERIOD_S, Election, Presence, Role
from reachy_mini_ros.texts import shown

TOPIC = "control_nodes"
REFUSE_S = 60.0
"""A service is refused after so long, if the node that commands is there and answers nothing."""
LEVELS = {Role.ACTIVE: diagnostics.Level.OK, Role.LOOKING: diagnostics.Level.OK}
"""Of the roles; the others are warnings."""

# Counts on while the machine sleeps, where there is such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class ControlPresence:
    """One node among those of its namespace; all but the constructor belongs to the loop."""

    def __init__(self, node: RobotNode, io: LoopThread, on_role: Callable[[Role], object]) -> None:
        """``on_role`` hears of each change."""
        self._node = node
        self._on_role = on_role
        self._role_changed = asyncio.Event()
        """Is another one after each change."""
        name = node.get_fully_qualified_name()
        own = Presence(
            uuid.uuid4().hex, Role.LOOKING, time.time_ns(), name, platform.node(), os.getpid()
        )
        self._election = Election(own, lambda: time.clock_gettime(_CLOCK), time.time_ns)
        self._publisher = node.create_publisher(DiagnosticStatus, TOPIC, latched())
        node.create_subscription(
            DiagnosticStatus, TOPIC, lambda message: io.call(self._heard, message), latched()
        )

    @property
    def role(self) -> Role:
        """What this node does."""
        return self._election.own.role

    @property
    def tells(self) -> bool:
        """Whether this node may tell of the robot: there is no other that does, as far as known."""
        return self.role is Role.ACTIVE or (self.role is Role.LOOKING and not self._others())

    def require_active(self) -> None:
        """Raise BusyError, which tells who commands, if this node does not; from any thread."""
        if self.role is not Role.ACTIVE:
            raise BusyError(f"this control node does not command the robot: {self.reason()}")

    async def refuse_last(self) -> None:
        """:meth:`require_active` for who waits for one answer, of a service or an action.

        Where a node commanded before it heard of another, both are asked, and the first answer
        counts: the refusal waits until the one that commands has answered or is gone.
        """
        stood_by = self.role is Role.STANDBY
        if stood_by:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFUSE_S):
                    await self._role_changed.wait()
        self.require_active()
        if stood_by:
            raise BusyError("this control node commands only since just now: ask again")

    def reason(self) -> str:
        """Return in words why this node does not command; from any thread."""
        first = self._election.first
        if first is None:
            return "it looks for others in its namespace"
        return f"{first} does, in the same namespace"

    async def run(self) -> None:
        """Tell and decide until cancelled; begin when the executor spins, and messages come."""
        self._election.begin()
        while True:
            self._tell(self._election.tell())
            self._decide()
            await asyncio.sleep(PERIOD_S)

    def end(self) -> None:
        """Tell that this node ends."""
        self._tell(replace(self._election.own, role=Role.ENDED))

    def _heard(self, message: DiagnosticStatus) -> None:
        other = _presence(message)
        if other is not None:
            self._election.heard(other)
            self._decide()

    def _decide(self) -> None:
        before = self.role
        role = self._election.decide(silent_ones=self._others())
        if role is not before:
            self._log(before, role)
            self._tell(self._election.tell())
            self._on_role(role)
            self._role_changed.set()
            self._role_changed = asyncio.Event()

    def _others(self) -> bool:
        return self._node.count_publishers(self._publisher.topic_name) > 1

    def _log(self, before: Role, role: Role) -> None:
        if role is Role.STANDBY:
            self._node.get_logger().warning(
                f"does not command the robot: {self.reason()}. Stop that one and this one takes "
                "over; for another robot, start this one in a namespace of its own (-r __ns:=/NAME)"
            )
        elif before is Role.STANDBY:
            self._node.get_logger().warning("commands the robot now: the node that did is gone")

    def _tell(self, presence: Presence) -> None:
        values = {key: str(value) for key, value in asdict(presence).items()}
        level = LEVELS.get(presence.role, diagnostics.Level.WARN)
        report = diagnostics.Report(level, presence.role.value, values)
        self._publisher.publish(diagnostics.status(f"{presence.node}: role", "", report))


def _presence(message: DiagnosticStatus) -> Presence | None:
    """Return what a message tells; None if it is not from such a node."""
    values = {entry.key: entry.value for entry in message.values}
    try:
        return Presence(
            values["id"],
            Role(values["role"]),
            int(values["since_ns"]),
            shown(values["node"]),
            shown(values["host"]),
            int(values["pid"]),
        )
    except (KeyError, ValueError):
        return None
