# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tells what is new from what was held up on its way and comes all at once, after a stall."""

_BEHIND_NS = 350_000_000
"""What is older than this when it comes was held up."""
_ABREAST_NS = 150_000_000
"""What is younger than this is new again."""
_PATIENCE_NS = 1_000_000_000
"""Who is behind for longer has no backlog, but a longer way."""


class Backlog:
    """Judges frames by their age at arrival.

    The age is that beyond the least delay, as :class:`CaptureClock` estimates it. A backlog comes
    faster than it was made, so that its age falls; where it stays, the way has become longer, and
    all is taken until the estimate has followed.
    """

    def __init__(self) -> None:
        self.bursts = 0
        """How many backlogs came."""
        self.dropped = 0
        """Frames of them."""
        self.dropped_ns = 0
        """How long these last."""
        self.restart()

    def restart(self) -> None:
        """Begin anew, with another stream."""
        self._behind_since_ns = 0
        self._last_ns = 0

    def holds(self, captured_ns: int, arrived_ns: int) -> bool:
        """Return whether a frame is of a backlog, which is counted, and not to be used."""
        age_ns = arrived_ns - captured_ns
        step_ns = captured_ns - self._last_ns if self._last_ns else 0
        self._last_ns = captured_ns
        if age_ns < _ABREAST_NS:
            self._behind_since_ns = 0
            return False
        if not self._behind_since_ns:
            if age_ns < _BEHIND_NS:
                return False
            self._behind_since_ns = arrived_ns
            self.bursts += 1
        if arrived_ns - self._behind_since_ns > _PATIENCE_NS:
            return False
        self.dropped += 1
        self.dropped_ns += step_ns
        return True
