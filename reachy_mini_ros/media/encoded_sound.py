# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sound as the robot encoded it: Opus, a packet at a time."""

import time
from collections.abc import Callable

from aiortc.jitterbuffer import JitterFrame

from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.capture_time import CaptureClock
from reachy_mini_ros.media.frames import EncodedSound
from reachy_mini_ros.media.opus import OPUS, RATE_HZ

HELD_BACK = 1
"""Frame periods that pass before a packet of sound is sent: its last sample has to be there."""

Consumer = Callable[[EncodedSound], None]


class EncodedSounds:
    """Takes the packets that arrive of all sessions with a robot and gives those that are new."""

    def __init__(self, give: Callable[[list[Consumer], EncodedSound], None]) -> None:
        """``give`` hands one to consumers."""
        self._give = give
        self._consumers: list[Consumer] = []
        self._backlog = Backlog()
        self.restart()

    def add(self, consumer: Consumer) -> None:
        """Hand every packet to ``consumer`` from now on."""
        self._consumers.append(consumer)

    def remove(self, consumer: Consumer) -> None:
        """Undo :meth:`add`."""
        self._consumers.remove(consumer)

    def restart(self) -> None:
        """Begin with another session."""
        self._clock = CaptureClock(HELD_BACK)
        self._backlog.restart()

    def arrived(self, codec: str, packet: JitterFrame) -> None:
        """Take the next packet that arrived; ``codec`` is as WebRTC names it."""
        if not self._consumers or codec.lower() != OPUS:
            return
        arrived_ns = time.monotonic_ns()
        media_ns = packet.timestamp * 1_000_000_000 // RATE_HZ
        captured_ns = self._clock.captured_ns(media_ns, arrived_ns)
        if not self._backlog.holds(captured_ns, arrived_ns):
            self._give(self._consumers, EncodedSound(OPUS, packet.data, captured_ns, arrived_ns))
