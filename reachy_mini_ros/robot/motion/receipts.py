# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a sender learns of each of its commands: one receipt at first, and one at the end.

The first one is `accepted`, `clamped` or `refused`. What was accepted or clamped ends `done`,
`preempted`, `timed_out` or `failed`. Everything here runs on the event loop.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from reachy_mini_ros.aio import summary
from reachy_mini_ros.errors import PreemptedError, ReachyMiniRosError, TimedOutError
from reachy_mini_ros.robot.motion.arbitration import Owner
from reachy_mini_ros.texts import LONGEST_SENTENCE, shown


class ReceiptKind(StrEnum):
    """What became of a command."""

    ACCEPTED = "accepted"
    CLAMPED = "clamped"
    """Accepted, with another target than the one given."""
    REFUSED = "refused"
    DONE = "done"
    PREEMPTED = "preempted"
    TIMED_OUT = "timed_out"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one command, now."""

    kind: ReceiptKind
    source: str
    """The topic, service or action that the command came by."""
    id: str
    """What its sender knows it by; empty if the command came without."""
    reason: str
    owner_before: Owner
    owner_after: Owner
    """Who moves the robot since then."""
    detail: str = ""
    """Of a command that cannot have an id: what it said."""


def _nobody_listens(_: Receipt) -> None:
    pass


def _nobody_moves() -> Owner:
    return Owner.IDLE


class Order:
    """One command on its way, and what its sender is told of it.

    However often one of the methods is called: there is one first receipt, and one at the end.
    """

    def __init__(
        self,
        source: str = "",
        id: str = "",
        detail: str = "",
        *,
        owner: Callable[[], Owner] = _nobody_moves,
        tell: Callable[[Receipt], object] = _nobody_listens,
        holder: str = "",
    ) -> None:
        """``owner`` returns who moves the robot at the moment.

        ``holder`` is the name of the lease in whose name it comes; empty without one.
        """
        self.source = source
        self.holder = holder
        self._id = id
        self._detail = shown(detail)
        self._owner = owner
        self._receive = tell
        self._first: ReceiptKind | None = None
        self._held_by = Owner.IDLE
        self.clamped = ""
        """Why another target is taken than the one given; empty if it is not."""
        self.over = False
        """Whether the last receipt was given."""
        self.stops: int | None = None
        """How many stops there had been when it came; None if it is not known."""

    def accept(self, before: Owner | None = None, reason: str = "starts") -> None:
        """Tell that the command is being carried out; ``before``: who had the robot until now."""
        if self._first is not None:
            return
        self._first = ReceiptKind.CLAMPED if self.clamped else ReceiptKind.ACCEPTED
        self._held_by = self._owner()
        before = self._held_by if before is None else before
        self._tell(self._first, self.clamped or reason, before)

    def refuse(self, reason: str) -> None:
        """Tell that the command is not carried out."""
        if self._first is None:
            self._first, self.over = ReceiptKind.REFUSED, True
            self._tell(self._first, reason, self._owner())

    def finish(self, reason: str) -> None:
        """Tell that the command was carried out, and accepted if that was not told yet."""
        self.accept()
        self.end(ReceiptKind.DONE, reason)

    def end(self, kind: ReceiptKind, reason: str) -> None:
        """Tell how an accepted command ended."""
        if self._first is not None and not self.over:
            self.over = True
            self._tell(kind, reason, self._held_by)

    def fail(self, error: BaseException) -> None:
        """Tell that the command was refused, or how it ended, by its error."""
        if isinstance(error, asyncio.CancelledError):
            reason = "cancelled by who sent it"
        elif isinstance(error, ReachyMiniRosError):
            reason = str(error)
        else:
            reason = f"internal error, please report it: {summary(error)}"
        if self._first is None:
            self.refuse(reason)
        elif isinstance(error, PreemptedError | asyncio.CancelledError):
            self.end(ReceiptKind.PREEMPTED, reason)
        elif isinstance(error, TimedOutError):
            self.end(ReceiptKind.TIMED_OUT, reason)
        else:
            self.end(ReceiptKind.FAILED, reason)

    def _tell(self, kind: ReceiptKind, reason: str, before: Owner) -> None:
        reason = shown(reason, LONGEST_SENTENCE)
        self._receive(
            Receipt(kind, self.source, self._id, reason, before, self._owner(), self._detail)
        )


UNTOLD = Order()
"""Of whoever takes no receipts."""


class StreamOrders:
    """The orders of streamed targets: of each source one stands for its whole stream.

    A source is told that its stream begins and how it ends, and of each stretch of clamped targets.
    """

    def __init__(self) -> None:
        self._begun: dict[str, Order] = {}
        self._clamping: set[str] = set()

    def take(self, order: Order, before: Owner) -> None:
        """Take note of the target of ``order``, which is streamed; ``before`` as in an order's."""
        begun = self._begun.setdefault(order.source, order)
        if begun is order or (order.clamped and order.source not in self._clamping):
            order.accept(before)
        if order.clamped:
            self._clamping.add(order.source)
        else:
            self._clamping.discard(order.source)

    def end(self, kind: ReceiptKind, reason: str) -> bool:
        """Take note that the stream is over, whoever took part in it; return whether one was."""
        begun, self._begun = self._begun, {}
        self._clamping.clear()
        for order in begun.values():
            order.end(kind, reason)
        return bool(begun)
