# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`control_lease`, `lease/acquire` and `lease/release`, and the names of who holds the lease."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.srv import AddDiagnostics
from rclpy.callback_groups import ReentrantCallbackGroup

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import InvalidCommandError, ReachyMiniRosError
from reachy_mini_ros.nodes.common import diagnostics
from reachy_mini_ros.nodes.common.on_demand import LatchedOnDemand
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.work import result_in_executor
from reachy_mini_ros.nodes.control.door import Door
from reachy_mini_ros.nodes.control.orders import Orders
from reachy_mini_ros.robot.motion.lease import Ask, LeaseState
from reachy_mini_ros.robot.motion.leasing import Leasing
from reachy_mini_ros.texts import LONGEST_NAME, shown

LOOK_PERIOD_S = 0.5
"""Whether the holder is still there is looked at so often."""
LOOKS = 3
"""In so many looks in a row nobody must be there."""
ASKS = {ask.value: ask for ask in (Ask.ACQUIRE, Ask.RENEW, Ask.TAKE)}
GRAMMAR = "write NAME SECONDS, or NAME SECONDS renew, or NAME SECONDS take"


class Leases:
    """Who commands alone, as ROS sees it."""

    def __init__(self, node: RobotNode, io: LoopThread) -> None:
        self._node = node
        self._io = io
        self.leasing: Leasing
        """Is set before the first command."""
        self.topic = LatchedOnDemand(node, DiagnosticStatus, "control_lease")
        self._orders: Orders | None = None
        self._open: Callable[[Door], None] = _nobody
        self._door: Door | None = None
        self._closing: list[Door] = []
        self._timer: Any = None
        self._looks = 0
        self._publish(LeaseState())

    # On the executor's thread.

    def offer(self, orders: Orders, open_door: Callable[[Door], None]) -> None:
        """Offer the services; ``open_door`` has a holder's commands taken."""
        self._orders, self._open = orders, open_door
        group = ReentrantCallbackGroup()
        for name, answer in (("acquire", self._on_acquire), ("release", self._on_release)):
            self._node.create_service(AddDiagnostics, f"lease/{name}", answer, callback_group=group)

    async def _on_acquire(self, request: Any, response: Any) -> Any:
        return await self._answer(lambda: self._acquire(request.load_namespace), response)

    async def _on_release(self, request: Any, response: Any) -> Any:
        name = request.load_namespace
        return await self._answer(lambda: self.leasing.ask(Ask.RELEASE, name.strip()), response)

    async def _answer(self, ask: Callable[[], str], response: Any) -> Any:
        async def work() -> str:
            assert self._orders is not None
            await self._orders.presence.refuse_last()
            return ask()

        try:
            response.message = await result_in_executor(self._node, self._io.submit(work()))
            response.success = True
        except ReachyMiniRosError as error:
            response.message = str(error)
        return response

    def _follow(self, holder: str) -> None:
        """Let the door be the holder's."""
        if self._door is not None and self._door.holder != holder:
            self._closing.append(self._door)
            self._door = None
        if holder and self._door is None:
            self._door = Door(self._node, holder)
            self._open(self._door)
            self._looks = 0
        self._close_what_can_be()
        if self._timer is None and (self._door is not None or self._closing):
            self._timer = self._node.create_timer(LOOK_PERIOD_S, self._look)

    def _look(self) -> None:
        self._close_what_can_be()
        if self._door is None:
            if not self._closing:
                self._node.destroy_timer(self._timer)
                self._timer = None
        elif self._door.used():
            self._looks = 0
        elif self._door.seen:
            self._looks += 1
            if self._looks >= LOOKS:
                self._io.call(self.leasing.gone, self._door.holder)

    def _close_what_can_be(self) -> None:
        self._closing = [door for door in self._closing if not door.closed()]

    # On the loop's thread.

    def changed(self, state: LeaseState) -> None:
        """Publish who holds the lease, and let that one's commands in."""
        self._publish(state)
        self._node.in_executor(lambda: self._follow(state.holder))

    def _acquire(self, text: str) -> str:
        name, *rest = text.split() or [""]
        try:
            seconds, *how = rest
            (word,) = how or [Ask.ACQUIRE.value]
            return self.leasing.ask(ASKS[word], name, float(seconds))
        except InvalidCommandError:
            raise
        except (ValueError, KeyError):
            given = shown(text, LONGEST_NAME)
            raise InvalidCommandError(f"'{given}' asks for no lease: {GRAMMAR}") from None

    def _publish(self, state: LeaseState) -> None:
        until = ""
        if state.holder:
            left_s = state.until_s - time.monotonic()
            until = f"{self._node.get_clock().now().nanoseconds / 1e9 + left_s:.3f}"
        values = {"holder": state.holder, "expires": until, "reason": state.reason}
        text = f"{state.holder} commands alone" if state.holder else "nobody commands alone"
        report = diagnostics.Report(diagnostics.Level.OK, text, values)
        name = f"{self._node.get_fully_qualified_name()}: lease"
        self.topic.publish(diagnostics.status(name, "", report))


def _nobody(_: Door) -> None:
    pass
