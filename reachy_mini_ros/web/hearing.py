# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The hub between the robot's microphone and everybody who listens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.outbox import Outbox
from reachy_mini_ros.web.pictures import FRESH_S, LINGER_S

MOST_WAITING = 15
"""Pieces that wait for a slow listener, 0.3 s of 20 ms each; with more, the oldest are left out."""
SILENT = "the robot's microphone sends nothing"


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """What the bytes are."""

    rate: int
    """Samples a second of each channel."""
    channels: int
    """Interleaved, 16 bits each, little-endian."""


class Hearing:
    """Hands on what the robot hears; on the loop's thread.

    ``on_demand(True)`` asks the source to begin, ``on_demand(False)`` to end. ``problem`` returns
    why nothing can come, as far as that is known, or an empty text.
    """

    def __init__(
        self,
        on_demand: Callable[[bool], None],
        problem: Callable[[], str] = str,
        *,
        fresh_s: float = FRESH_S,
        linger_s: float = LINGER_S,
    ) -> None:
        self._problem = problem
        self._fresh_s = fresh_s
        self._interest = Interest(on_demand, linger_s)
        self._listeners: dict[Outbox, SoundFormat | None] = {}
        self.closed = False

    @property
    def listeners(self) -> int:
        """How many listen at the moment."""
        return len(self._listeners)

    @contextmanager
    def listening(self) -> Iterator[Outbox]:
        """Listen for as long as the block runs."""
        outbox = Outbox(self._fresh_s, lambda: self._problem() or SILENT)
        with self._interest.held():
            self._listeners[outbox] = None
            try:
                yield outbox
            finally:
                del self._listeners[outbox]

    def publish(self, samples: bytes, form: SoundFormat) -> None:
        """Hand on what was just heard."""
        for outbox, told in self._listeners.items():
            if len(outbox) >= MOST_WAITING:
                outbox.drop()
                told = None  # it may be among what was dropped
            if told != form:
                self._listeners[outbox] = form
                outbox.put({"rate": form.rate, "channels": form.channels})
            outbox.put(samples)

    def close(self) -> None:
        """Turn away everybody who listens or comes."""
        self.closed = True
        for outbox in self._listeners:
            outbox.end()
        self._interest.drop()
