# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of the commands that the dashboard sends, from `command_events`."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import (
    BusyError,
    NotConnectedError,
    PreemptedError,
    ReachyMiniRosError,
    RobotError,
    TimedOutError,
)
from reachy_mini_ros.nodes.common.on_demand import OnDemand, reached
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.robot.motion.receipts import ReceiptKind
from reachy_mini_ros.texts import shown
from reachy_mini_ros.web.interest import Interest

KEEP_S = 60.0
"""The topic is subscribed to for so long after a command."""
CHECK_S = 1.0
"""Whether there is still somebody to give receipts is looked at so often."""
FIRST = {ReceiptKind.ACCEPTED, ReceiptKind.CLAMPED, ReceiptKind.REFUSED}
ERRORS: dict[ReceiptKind, type[ReachyMiniRosError]] = {
    ReceiptKind.REFUSED: BusyError,
    ReceiptKind.PREEMPTED: PreemptedError,
    ReceiptKind.TIMED_OUT: TimedOutError,
    ReceiptKind.FAILED: RobotError,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a receipt says of its command."""

    kind: ReceiptKind
    reason: str

    def text(self) -> str:
        """Return it in words; raises the error that it is of, if it is."""
        if (error := ERRORS.get(self.kind)) is not None:
            raise error(self.reason)
        return f"{self.kind}: {self.reason}"


class Fate:
    """What is known of one command."""

    def __init__(self, receipts: "Receipts") -> None:
        loop = asyncio.get_running_loop()
        self._receipts = receipts
        self.first: asyncio.Future[Told] = loop.create_future()
        self.end: asyncio.Future[Told] = loop.create_future()

    async def begun(self, within_s: float) -> str:
        """Return the text of the first receipt; raises the error that a refusal is."""
        return await self._receipts.wait(self.first, within_s, "it was not told what became of it")

    async def ended(self, within_s: float) -> str:
        """Return the text of the last receipt; raises the error that another end is."""
        return await self._receipts.wait(self.end, within_s, "it is still being carried out")


class Receipts:
    """Gives each receipt to who waits for it; everything here belongs to the loop's thread."""

    def __init__(self, node: RobotNode, io: LoopThread) -> None:
        self._node = node
        self._io = io
        self._topic = OnDemand(
            node, DiagnosticStatus, "command_events", self._on_receipt, reliable(50)
        )
        self._interest = Interest(self._topic.want, KEEP_S)
        self._waiting: dict[tuple[str, str, str], list[Fate]] = {}
        self._random = random.Random()

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
            fate = Fate(self)
            waiting = self._waiting.setdefault((source, id, shown(detail)), [])
            waiting.append(fate)
            try:
                yield fate
            finally:
                waiting.remove(fate)
                if not waiting:
                    del self._waiting[source, id, shown(detail)]

    async def wait(self, told: "asyncio.Future[Told]", within_s: float, otherwise: str) -> str:
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
        key = values.get("source", ""), values.get("id", ""), values.get("detail", "")
        kind = values.get("kind", "")
        if key not in self._waiting or kind not in list(ReceiptKind):
            return
        told = Told(ReceiptKind(kind), values.get("reason", ""))
        for fate in self._waiting[key]:
            # Where several wait for the same, it is told in the order in which they were sent.
            if told.kind in FIRST and not fate.first.done():
                fate.first.set_result(told)
                return
            if told.kind not in FIRST and fate.first.done() and not fate.end.done():
                fate.end.set_result(told)
                return
