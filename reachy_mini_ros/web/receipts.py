# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of the commands that were passed on, for who waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reachy_mini_ros.errors import (
    BusyError,
    PreemptedError,
    ReachyMiniRosError,
    RobotError,
    TimedOutError,
)
from reachy_mini_ros.robot.motion.receipts import ReceiptKind
from reachy_mini_ros.texts import shown

ANSWER_S = 30.0
"""A service has this long to answer, and a move to begin: a data set read for the first time takes
longest."""
FIRST_RECEIPT_S = 5.0
"""For whoever moves the robot to tell of any other command whether it is carried out."""
LAST_RECEIPT_S = 660.0
"""For the longest move to end, with its approach."""
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


Wait = Callable[["asyncio.Future[Told]", float, str], Awaitable[str]]
"""Returns the text of what is told within so many seconds; else raises, with the last text."""


class Fate:
    """What is known of one command."""

    def __init__(self, wait: Wait) -> None:
        loop = asyncio.get_running_loop()
        self._wait = wait
        self.first: asyncio.Future[Told] = loop.create_future()
        self.end: asyncio.Future[Told] = loop.create_future()

    async def begun(self, within_s: float) -> str:
        """Return the text of the first receipt; raises the error that a refusal is."""
        return await self._wait(self.first, within_s, "it was not told what became of it")

    async def ended(self, within_s: float) -> str:
        """Return the text of the last receipt; raises the error that another end is."""
        return await self._wait(self.end, within_s, "it is still being carried out")


async def told_in_time(told: "asyncio.Future[Told]", within_s: float, otherwise: str) -> str:
    """Return what is told; raises TimedOutError if nothing is."""
    await asyncio.wait((told,), timeout=within_s)
    if not told.done():
        raise TimedOutError(f"within {within_s:g} s {otherwise}")
    return told.result().text()


class Fates:
    """Gives each receipt to who waits for it; everything here belongs to the loop's thread."""

    def __init__(self, wait: Wait = told_in_time) -> None:
        self._wait = wait
        self._waiting: dict[tuple[str, str, str], list[Fate]] = {}

    @contextmanager
    def of(self, source: str, id: str, detail: str = "") -> Iterator[Fate]:
        """Give the fate of the command that is sent in this context.

        It is known by its id, or by what it says if it has none.
        """
        key = source, id, shown(detail)
        fate = Fate(self._wait)
        waiting = self._waiting.setdefault(key, [])
        waiting.append(fate)
        try:
            yield fate
        finally:
            waiting.remove(fate)
            if not waiting:
                del self._waiting[key]

    def settle(self, source: str, id: str, detail: str, told: Told) -> None:
        """Take a receipt.

        Where several wait for the same, it is told in the order in which they were sent.
        """
        for fate in self._waiting.get((source, id, detail), ()):
            if told.kind in FIRST and not fate.first.done():
                fate.first.set_result(told)
                return
            if told.kind not in FIRST and fate.first.done() and not fate.end.done():
                fate.end.set_result(told)
                return
