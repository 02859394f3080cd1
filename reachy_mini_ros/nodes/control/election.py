# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which of several control nodes of one namespace commands the robot. No I/O.

Commands go to all of them, so exactly one may carry them out. Each tells the others of itself,
again and again; from what all of them have heard, all of them conclude the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

PERIOD_S = 0.4
"""Each node tells of itself so often."""
ALIVE_S = 2.0
"""One that was silent for so long is gone, or might as well be."""
LOOK_S = 0.5
"""A new node listens for so long, before it commands."""


class Role(StrEnum):
    """What a control node does."""

    LOOKING = "looking"
    """Was started, and does not know yet whether there are others."""
    ACTIVE = "active"
    """Commands the robot."""
    STANDBY = "standby"
    """Waits for the end of the active one."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Presence:
    """What a control node tells of itself."""

    id: str
    """Of this run of the node."""
    role: Role
    since_ns: int
    """Unix time at which it became active, or else was started."""
    node: str
    """Fully qualified name."""
    host: str
    pid: int

    def __str__(self) -> str:
        return f"{self.node} on {self.host} (pid {self.pid})"

    @property
    def rank(self) -> tuple[bool, int, str]:
        """The lowest goes first: an active one before others, the oldest of each, never a draw."""
        return (self.role is not Role.ACTIVE, self.since_ns, self.id)


class Election:
    """One node's part in it; ``clock_s`` is any steady clock, ``unix_ns`` the time of day."""

    def __init__(
        self, own: Presence, clock_s: Callable[[], float], unix_ns: Callable[[], int]
    ) -> None:
        """``own``: as the node was started, looking."""
        self.own = own
        self._clock_s = clock_s
        self._unix_ns = unix_ns
        self._told_s = self._begun_s = clock_s()
        self._others: dict[str, tuple[float, Presence]] = {}

    def begin(self) -> None:
        """Count the time to look from now on: until now nothing could be heard."""
        self._told_s = self._begun_s = self._clock_s()

    def heard(self, other: Presence) -> None:
        """Take note of what another node tells of itself, or this one."""
        if other.role is Role.ENDED:
            self._others.pop(other.id, None)
        elif other.id != self.own.id:
            self._others[other.id] = self._clock_s(), other

    @property
    def first(self) -> Presence | None:
        """The other node that goes first, if any other is there; from any thread."""
        after_s = self._clock_s() - ALIVE_S
        others = [other for heard_s, other in tuple(self._others.values()) if heard_s > after_s]
        return min(others, key=lambda other: other.rank, default=None)

    def decide(self, silent_ones: bool) -> Role:
        """Return the node's role from now on.

        ``silent_ones``: whether there may be nodes that have not told of themselves yet.
        """
        first = self.first
        role = self.own.role
        if first is not None and first.rank < self.own.rank:
            # Of two that are not active yet, one waits until the other is.
            role = Role.STANDBY if first.role is Role.ACTIVE else role
        elif role is not Role.ACTIVE and self._looked(silent_ones):
            role = Role.ACTIVE
            self.own = replace(self.own, since_ns=self._unix_ns())
        self.own = replace(self.own, role=role)
        return role

    def tell(self) -> Presence:
        """Return what to tell the others now, or when the role has changed.

        After a pause in which they must have thought that this node is gone, it comes last, and
        listens before it takes over: what they told meanwhile is read later.
        """
        now_s = self._clock_s()
        for key in [key for key, (heard_s, _) in self._others.items() if now_s - heard_s > ALIVE_S]:
            del self._others[key]
        if now_s - self._told_s > ALIVE_S:
            self.own = replace(self.own, since_ns=self._unix_ns())
            self._begun_s = now_s
        self._told_s = now_s
        return self.own

    def _looked(self, silent_ones: bool) -> bool:
        silent_ones = silent_ones and self.own.role is not Role.STANDBY  # it knows the others
        return self._clock_s() - self._begun_s > (ALIVE_S if silent_ones else LOOK_S)
