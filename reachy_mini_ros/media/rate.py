# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Chooses frames evenly out of a faster stream."""

from collections import deque

_SPAN = 90
"""Frames that the source's period is the mean of: 3 s of a 30 Hz stream."""
_WHOLE = 0.01
"""How far from a whole number of source periods counts as whole."""


class RateChooser:
    """Says of each frame, by its capture time, whether it belongs to a stream of ``rate_hz``.

    Where the wanted period is a whole number n of the source's, every n-th frame is chosen,
    counted from the last one chosen: the two clocks differ a little, and a fixed grid would beat
    against the frames. Elsewhere the frames nearest to a grid of the wanted period are chosen. A
    source that is slower than ``rate_hz`` is passed through as it is.
    """

    def __init__(self, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        """May be changed at any time."""
        self._captured_ns: deque[int] = deque(maxlen=_SPAN)
        self._due_ns: float | None = None

    def choose(self, captured_ns: int) -> bool:
        """Return whether to use the frame captured then; call it once for every frame."""
        if self._captured_ns and not 0 < captured_ns - self._captured_ns[-1] < 1_000_000_000:
            self._captured_ns.clear()  # the source paused, or is another one
            self._due_ns = None
        self._captured_ns.append(captured_ns)
        source_ns = self._source_period_ns()
        if self._due_ns is not None and captured_ns < self._due_ns - source_ns / 2:
            return False
        self._due_ns = self._next_due_ns(captured_ns, source_ns)
        return True

    def _next_due_ns(self, captured_ns: int, source_ns: float) -> float:
        period_ns = 1e9 / self.rate_hz
        count = round(period_ns / source_ns) if source_ns else 0
        if count and abs(count * source_ns - period_ns) <= _WHOLE * period_ns:
            return captured_ns + count * source_ns
        if self._due_ns is None or self._due_ns + period_ns < captured_ns:
            return captured_ns + period_ns
        return self._due_ns + period_ns

    def _source_period_ns(self) -> float:
        captured_ns = self._captured_ns
        if len(captured_ns) < 2:
            return 0.0
        return (captured_ns[-1] - captured_ns[0]) / (len(captured_ns) - 1)
