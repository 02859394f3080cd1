# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""When a frame was captured, from its RTP time stamp and its arrival."""

_WINDOW_NS = 5_000_000_000
_DISCONTINUITY_NS = 2_000_000_000
_FIRST_PERIOD_NS = 1e9 / 30
"""Taken for the frame period until there is one to measure."""
_PERIOD_OVER = 16
"""Frames that the frame period is averaged over."""


class CaptureClock:
    """Maps media time to ``time.monotonic_ns()`` with a minimum-delay filter.

    ``arrival - media time`` is the difference of the two clocks plus the delay of that frame.
    Its minimum over the last 5 to 10 s belongs to the frame that was delayed least; it is taken as
    the difference of the clocks (the idea of the clock filter in RFC 5905, section 10). What stays
    in the estimate is the least delay itself: encoding, transit and decoding at their best. A
    jitter buffer that lets a frame go only when later ones arrive adds whole frame periods, which
    are known, and taken off.

    The estimates never lie after the arrival and always go forward. Media time that falls behind by
    more than 2 s is a new origin (the sender began anew); one that leaps ahead sets a new minimum.
    """

    def __init__(self, held_back: int = 0) -> None:
        """Start without any history; frames arrive ``held_back`` frame periods late."""
        self.held_back = held_back
        """May be changed at any time."""
        self._reset()

    def _reset(self) -> None:
        self._least_ns: int | None = None
        self._previous_least_ns: int | None = None
        self._window_end_ns = 0
        self._media_ns: int | None = None
        self._period_ns = _FIRST_PERIOD_NS
        self._intervals = 0
        self._captured_ns = 0

    def captured_ns(self, media_ns: int, arrived_ns: int) -> int:
        """Return the capture time of the frame with this media time, which arrived just now."""
        difference_ns = arrived_ns - media_ns
        if self._least_ns is not None and difference_ns > self._offset_ns() + _DISCONTINUITY_NS:
            last_ns = self._captured_ns
            self._reset()
            self._captured_ns = last_ns
        self._add(difference_ns, arrived_ns)
        if self._media_ns is not None and 0 < media_ns - self._media_ns < _DISCONTINUITY_NS:
            interval_ns = media_ns - self._media_ns
            if self._intervals < _PERIOD_OVER:
                self._intervals += 1
            self._period_ns += (interval_ns - self._period_ns) / self._intervals
        self._media_ns = media_ns
        captured_ns = media_ns + self._offset_ns() - round(self.held_back * self._period_ns)
        self._captured_ns = max(self._captured_ns + 1, captured_ns)
        return self._captured_ns

    def _add(self, difference_ns: int, arrived_ns: int) -> None:
        if self._least_ns is None or arrived_ns >= self._window_end_ns:
            self._previous_least_ns = self._least_ns
            self._least_ns = difference_ns
            self._window_end_ns = arrived_ns + _WINDOW_NS
        self._least_ns = min(self._least_ns, difference_ns)

    def _offset_ns(self) -> int:
        assert self._least_ns is not None
        if self._previous_least_ns is None:
            return self._least_ns
        return min(self._least_ns, self._previous_least_ns)
