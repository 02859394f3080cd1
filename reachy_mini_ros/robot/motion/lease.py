# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Leases: for a while one holder commands alone. The rules, without I/O.

A lease orders who commands, it is no lock against ill will: whoever gives the holder's name
commands as the holder.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from reachy_mini_ros.errors import BusyError, InvalidCommandError
from reachy_mini_ros.texts import LONGEST_NAME, shown

SHORTEST_S, LONGEST_S = 1.0, 3600.0
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,39}$"
"""A name is a part of the names of the holder's topics."""
_NAME = re.compile(NAME_PATTERN.replace("$", r"\Z"))
ALWAYS = (
    *("stop", "list_moves", "admin/overview", "admin/list_apps", "admin/list_available_apps"),
    "admin/check_updates",
)
"""Commands by their source that need no lease: the one that only ends, and those that ask."""


class Ask(StrEnum):
    """What somebody wants of the lease, or in spite of it."""

    ACQUIRE = "acquire"
    RENEW = "renew"
    RELEASE = "release"
    TAKE = "take"
    """Of a person: whoever holds it loses it."""
    COMMAND_AS_HOLDER = "command in a holder's name"
    COMMAND = "any other command"
    STOP = "stop"


class Standing(StrEnum):
    """Who holds the lease, as who asks sees it."""

    FREE = "nobody"
    OWN = "who asks"
    FOREIGN = "somebody else"


class Answer(StrEnum):
    """What happens."""

    GRANTED = "granted"
    RENEWED = "renewed"
    RELEASED = "released"
    TAKEN = "taken"
    STARTS = "starts"
    HELD = "refused: held"
    NONE = "refused: no lease"
    NEVER = "-"


_G, _N, _H = Answer.GRANTED, Answer.RENEWED, Answer.HELD
_S, _0 = Answer.STARTS, Answer.NONE
# In the order of Standing.
RULES = {
    ask: dict(zip(Standing, answers, strict=True))
    for ask, answers in {
        Ask.ACQUIRE: (_G, _N, _H),
        Ask.RENEW: (_0, _N, _H),
        Ask.RELEASE: (_0, Answer.RELEASED, _H),
        Ask.TAKE: (_G, _N, Answer.TAKEN),
        Ask.COMMAND_AS_HOLDER: (_0, _S, _H),
        Ask.COMMAND: (_S, Answer.NEVER, _H),
        Ask.STOP: (_S, _S, _S),
    }.items()
}

HELD_MESSAGE = "{holder} commands the robot alone for {left_s:.0f} s more: wait, or take its lease"
NONE_MESSAGE = "{name} holds no lease (any more): acquire one"


@dataclass(frozen=True, slots=True)
class LeaseState:
    """Who commands alone, and until when."""

    holder: str = ""
    """Empty if nobody does."""
    until_s: float = 0.0
    """On the rules' clock."""
    reason: str = ""
    """Why it is as it is, in words."""


class Lease:
    """Says who commands alone, and decides by :data:`RULES`; it ends by itself with its time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state = LeaseState()

    @property
    def state(self) -> LeaseState:
        """Who holds it now."""
        held = self._state
        if held.holder and self._clock() >= held.until_s:
            self._state = LeaseState(reason=f"the time of {held.holder} is over")
        return self._state

    def standing(self, name: str) -> Standing:
        """Return how things stand for ``name``; empty for who has none."""
        holder = self.state.holder
        if not holder:
            return Standing.FREE
        return Standing.OWN if holder == name else Standing.FOREIGN

    def ask(self, ask: Ask, name: str, for_s: float = SHORTEST_S) -> Answer:
        """Acquire, renew, release or take the lease.

        Raises InvalidCommandError for a wrong name or time, BusyError for a refusal.
        """
        check(name, for_s)
        before = self.state.holder
        answer = self._allowed(ask, name)
        if answer is Answer.RELEASED:
            self._state = LeaseState(reason=f"released by {name}")
        else:
            how = f"taken from {before}" if answer is Answer.TAKEN else str(answer)
            self._state = LeaseState(name, self._clock() + for_s, how)
        return answer

    def admit(self, source: str, name: str) -> None:
        """Raise BusyError for a command that somebody's lease forbids.

        ``name`` is the holder in whose name it comes; empty for any other command.
        """
        ask = Ask.COMMAND_AS_HOLDER if name else Ask.COMMAND
        self._allowed(Ask.STOP if source in ALWAYS else ask, name)

    def gone(self, name: str) -> bool:
        """Note that a holder went away; return whether it was the one that holds the lease."""
        if self.standing(name) is not Standing.OWN:
            return False
        self._state = LeaseState(reason=f"{name} is gone")
        return True

    def left_s(self) -> float:
        """Return how long it is still held, 0 if it is not."""
        state = self.state
        return state.until_s - self._clock() if state.holder else 0.0

    def _allowed(self, ask: Ask, name: str) -> Answer:
        answer = RULES[ask][self.standing(name)]
        if answer is Answer.HELD:
            holder = self.state.holder
            raise BusyError(HELD_MESSAGE.format(holder=holder, left_s=self.left_s()))
        if answer is Answer.NONE:
            raise BusyError(NONE_MESSAGE.format(name=name))
        return answer


def check_name(name: str) -> None:
    """Raise InvalidCommandError for what no lease can be called."""
    if not _NAME.match(name):
        raise InvalidCommandError(
            f"'{shown(name, LONGEST_NAME)}' is no name for a lease: one is of 1 to 40 letters, "
            "digits and _, and begins with a letter"
        )


def check(name: str, for_s: float) -> None:
    """Raise InvalidCommandError for what no lease can have."""
    check_name(name)
    if not SHORTEST_S <= for_s <= LONGEST_S:  # NaN too
        raise InvalidCommandError(f"a lease is for {SHORTEST_S:g} to {LONGEST_S:g} s, not {for_s}")
