# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tells what is new from what a stall has kept, by the pace at which it arrives.

The daemon sends a sample every 20 ms, without its time. After a stall of the network or of this
process all that was kept comes at once, the oldest first.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

PERIOD_S = 0.02
GAP_S = 0.06
"""Silence for longer is a gap, and what comes then is taken for old until the contrary is seen."""
TOO_SOON_S = 0.5 * PERIOD_S
"""What comes sooner than this after what was delivered was kept on its way."""
LATE_S = 1.5 * PERIOD_S
SETTLE_S = 0.003
"""What comes late may be the first of several: so long the others have to come."""
IN_PACE_S = 0.75 * PERIOD_S
"""What comes no sooner than this after the one before comes as it was made."""
IN_PACE = 2
"""So many of those in a row, and nothing is kept any more. One could be the pause that TCP makes
between the parts of what it sends again."""


class Pace(Generic[T]):
    """Delivers each sample that is new, and the newest alone of several that come together.

    After a gap none is new until as many have come as were made meanwhile, or until they come in
    the daemon's own pace (it had made none). Everything here belongs to one event loop.
    """

    def __init__(self, deliver: Callable[[T], None]) -> None:
        """``deliver`` is called by the loop, soon after a sample has come."""
        self._deliver = deliver
        self.gaps = 0
        self.longest_gap_s = 0.0
        self.bursts = 0
        """Times that samples came faster than they are made."""
        self.dropped = 0
        """Samples that were not new."""
        self.reset()

    def reset(self, opened_s: float = -math.inf) -> None:
        """Begin anew, on a connection that was opened then: what comes soon after that is new."""
        self._opened_s = opened_s
        self._waiting: T | None = None
        self._last_s = self._delivered_s = -math.inf
        self._behind_s = 0.0
        self._in_pace = 0
        self._in_burst = False

    def take(self, sample: T, now_s: float) -> None:
        """Take a sample that has just arrived."""
        since_s = now_s - self._last_s
        if since_s < TOO_SOON_S:
            self.bursts += not self._in_burst
        self._in_burst = since_s < TOO_SOON_S
        if GAP_S < since_s < math.inf:
            self._begin_gap(since_s)
        elif self._last_s == -math.inf and GAP_S < (late_s := now_s - self._opened_s) < math.inf:
            self._behind_s = late_s
        self._last_s = now_s
        if self._behind_s > 0.0:
            self._catch_up(sample, since_s)
        elif self._waiting is None and now_s - self._delivered_s < TOO_SOON_S:
            self.dropped += 1
        else:
            self._pass_on(sample, since_s)

    def _begin_gap(self, since_s: float) -> None:
        self.gaps += 1
        self.longest_gap_s = max(self.longest_gap_s, since_s)
        self._behind_s += since_s
        self._in_pace = 0

    def _catch_up(self, sample: T, since_s: float) -> None:
        """Take a sample after a gap; ``_behind_s`` is how old it is if none was lost."""
        if since_s <= GAP_S:
            self._behind_s += since_s
            self._in_pace = self._in_pace + 1 if since_s >= IN_PACE_S else 0
        self._behind_s -= PERIOD_S
        if self._behind_s > PERIOD_S and self._in_pace < IN_PACE:
            self.dropped += 1
            return
        self._behind_s = 0.0
        self._pass_on(sample, since_s)

    def _pass_on(self, sample: T, since_s: float) -> None:
        loop = asyncio.get_running_loop()
        if self._waiting is not None:
            self.dropped += 1
        elif LATE_S < since_s < GAP_S:
            loop.call_later(SETTLE_S, self._flush)
        else:  # not before the loop has read all that is there
            loop.call_soon(self._flush)
        self._waiting = sample
        self._delivered_s = self._last_s

    def _flush(self) -> None:
        sample, self._waiting = self._waiting, None
        if sample is not None:
            self._deliver(sample)
