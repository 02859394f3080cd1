# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The microphone's Opus on the clock of a stream or a film, copied, in step with the picture.

Packets follow one another without a gap. One that is missing becomes silence, and what the clocks
differ in is made up for by packets that begin a millisecond sooner or later, which nobody hears.
"""

import math
from collections import deque
from collections.abc import Callable

from reachy_mini_ros.media import opus
from reachy_mini_ros.media.opus import RATE_HZ, SILENCE

_PATIENCE_S = 0.1
"""How late a packet may come before there is silence in its place."""
_HOLE = RATE_HZ * 15 // 1000
"""A packet that is further from its place, in samples, is behind a hole, or too late."""
_SLACK = RATE_HZ * 3 // 1000
"""One within this is left where it is."""
_STEP = RATE_HZ // 1000
_LONGEST_S = 2.0
"""A time that is further from now is wrong: silence up to it would be without end."""
_MOST = 50
"""Packets that may wait: more came at once, and are not of now."""

Placed = Callable[[float, float | None], float]
"""Makes of the time at which sound came, and its stamp, its time in the stream, in s."""


class PacketTimeline:
    """Takes packets when they come, gives them with their times as the clock goes on."""

    def __init__(self, begin_s: float = 0.0) -> None:
        """Begin so long after the stream did."""
        self.position = round(begin_s * RATE_HZ)
        """Samples given so far, at :data:`RATE_HZ`."""
        self.silent = 0
        """Those of them that were put in for want of sound."""
        self.dropped = 0
        """Samples that never were given."""
        self.corrected = 0
        """By how many packets were moved because the clocks differ."""
        self.flows = False
        """Whether there is sound at the moment."""
        self._waiting: deque[tuple[bytes, float, float | None]] = deque(maxlen=_MOST)

    def add(self, packet: bytes, came_s: float, stamp_s: float | None) -> None:
        """Take a packet that just came; from any thread."""
        if opus.duration(packet):
            self._waiting.append((packet, came_s, stamp_s))

    def take(self, now_s: float, placed: Placed) -> list[tuple[int, bytes]]:
        """Return the packets that are due ``now_s`` after the stream's begin, with times in ms."""
        given: list[tuple[int, bytes]] = []
        silence = opus.duration(SILENCE)
        while True:
            if self._waiting:
                packet, came_s, stamp_s = self._waiting[0]
                place_s = placed(came_s, stamp_s)
                if not math.isfinite(place_s) or place_s > now_s + _LONGEST_S:
                    place_s = placed(came_s, None)
                off = round(place_s * RATE_HZ) - self.position
            elif self.position + silence <= (now_s - _PATIENCE_S) * RATE_HZ:
                packet, off, self.flows = SILENCE, _HOLE + 1, False
            else:
                return given
            if off > _HOLE:
                given.append(self._give(SILENCE))
                self.silent += silence
                continue
            self._waiting.popleft()
            if off < -_HOLE:
                self.dropped += opus.duration(packet)
                continue
            if abs(off) > _SLACK:
                step = _STEP if off > 0 else -_STEP
                self.position += step
                self.corrected += step
            given.append(self._give(packet))
            self.flows = True

    def _give(self, packet: bytes) -> tuple[int, bytes]:
        time_ms = round(self.position * 1000 / RATE_HZ)
        self.position += opus.duration(packet)
        return time_ms, packet
