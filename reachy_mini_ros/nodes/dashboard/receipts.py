# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of the commands that the dashboard sends, from `command_events`."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import NotConnectedError, TimedOutError
from reachy_mini_ros.nodes.common.on_demand import OnDemand, reached
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.robot.motion.receipts import ReceiptKind
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.receipts import Fate, Fates, Told

KEEP_S = 60.0
"""The topic is subscribed to for so long after a command."""
CHECK_S = 1.0
"""Whether there is still somebody to give receipts is looked at so often."""


class Receipts:
    """Gives each receipt to who waits for it; everything here belongs to the loop's thread."""

    def __init__(self, node: RobotNode, io: LoopThread) -> None:
        self._node = node
        self._io = io
        self._topic = OnDemand(
            node, DiagnosticStatus, "command_events", self._on_receipt, reliable(50)
        )
        self._interest = Interest(self._topic.want, KEEP_S)
        self._fates = Fates(self._wait)
        self._random = random.Random()
        self.stops = 0
        """How many stops were told of."""

    def stamp(self, base: Time | None = None) -> Time:
        """Return the present time, or one within 1 ms of ``base``, that no other command has."""
        if base is None:
            base = self._node.get_clock().now().to_msg()
        later_ns = base.nanosec + 1 + self._random.randrange(10**6)
        return Time(sec=base.sec, nanosec=min(later_ns, 10**9 - 1))

    @asynccontextmanager
    async def of(self, source: str, id: str, detail: str = "") -> AsyncIterator[Fate]:
        """Give the fate of the command that is sent in this context.

        It is known by its id, or by what it says if it has none. Raises NotConnectedError if
        nobody gives receipts.
        """
        with self._interest.held():
            if not await reached(lambda: self._topic.matched):
                raise self._nobody()
            with self._fates.of(source, id, detail) as fate:
                yield fate

    async def _wait(self, told: "asyncio.Future[Told]", within_s: float, otherwise: str) -> str:
        """Return what is told; raises TimedOutError, and NotConnectedError if nobody can tell."""
        deadline_s = self._io.loop.time() + within_s
        while not told.done():
            left_s = deadline_s - self._io.loop.time()
            if left_s <= 0.0:
                raise TimedOutError(f"within {within_s:g} s {otherwise}")
            await asyncio.wait((told,), timeout=min(left_s, CHECK_S))
            if not told.done() and not self._topic.matched:
                raise self._nobody()
        return told.result().text()

    def _nobody(self) -> NotConnectedError:
        return NotConnectedError(
            f"nobody tells on {self._topic.topic} what becomes of commands: start the control node"
        )

    def _on_receipt(self, message: DiagnosticStatus) -> None:
        values = {entry.key: entry.value for entry in message.values}
        self._io.call(self._settle, values)

    def _settle(self, values: dict[str, str]) -> None:
        kind = values.get("kind", "")
        if kind in list(ReceiptKind):
            source, id, detail = (values.get(name, "") for name in ("source", "id", "detail"))
            told = Told(ReceiptKind(kind), values.get("reason", ""))
            if source == "stop" and kind == ReceiptKind.ACCEPTED:
                self.stops += 1
            self._fates.settle(source, id, detail, told)
