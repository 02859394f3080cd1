# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The lease of one robot: tells each change of it, also when its time is over."""

import asyncio
from collections.abc import Callable

from reachy_mini_ros.robot.motion.lease import SHORTEST_S, Answer, Ask, Lease, LeaseState


class Leasing:
    """Asks the rules, on the event loop; ``on_change`` hears of each change."""

    def __init__(self, lease: Lease, on_change: Callable[[LeaseState], object]) -> None:
        self.lease = lease
        self._on_change = on_change
        self._end: asyncio.TimerHandle | None = None

    def ask(self, ask: Ask, name: str, for_s: float = SHORTEST_S) -> str:
        """Acquire, renew, release or take it; see :meth:`Lease.ask`. Returns a sentence."""
        answer = self.lease.ask(ask, name, for_s)
        self._changed()
        if answer is Answer.RELEASED:
            return f"{name} released the lease"
        return f"{answer}: {name} commands the robot alone for {for_s:g} s"

    def gone(self, name: str) -> None:
        """Note that a holder went away."""
        if self.lease.gone(name):
            self._changed()

    def close(self) -> None:
        """Tell of no more changes."""
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _changed(self) -> None:
        self.close()
        left_s = self.lease.left_s()
        if left_s > 0.0:
            loop = asyncio.get_running_loop()
            self._end = loop.call_later(left_s, self._changed)
        self._on_change(self.lease.state)
