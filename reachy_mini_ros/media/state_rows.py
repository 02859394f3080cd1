# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""States of the robot that come in parts and in batches, as rows in the order of their time."""

from collections.abc import Mapping
from dataclasses import dataclass

_HELD_NS = 300_000_000
"""So long after it came a row waits for the rest of its moment, and for earlier ones."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of the robot at one moment."""

    time_ns: int
    """Of the clock that a clip's pictures have their time of."""
    values: Mapping[str, float]
    """By the column's name; metres, radians."""


class StateRows:
    """Takes what was true at a moment, gives one row for each moment, the earliest first."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[int, dict[str, float]]] = {}
        """By time: when the first part came, and what is known."""
        self._given_ns = 0

    def add(self, time_ns: int, values: Mapping[str, float], now_ns: int) -> None:
        """Take values of a moment, which came now (monotonic); what comes too late is left out."""
        if time_ns > self._given_ns:
            self._waiting.setdefault(time_ns, (now_ns, {}))[1].update(values)

    def take(self, now_ns: int | None = None) -> list[State]:
        """Return the rows that wait for nothing any more now (monotonic); all without a time."""
        rows: list[State] = []
        for time_ns, (came_ns, values) in sorted(self._waiting.items()):
            if now_ns is not None and now_ns - came_ns < _HELD_NS:
                break
            rows.append(State(time_ns, values))
        for row in rows:
            del self._waiting[row.time_ns]
            self._given_ns = row.time_ns
        return rows
