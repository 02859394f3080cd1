# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user should learn of the fate of commands: one event for each that went otherwise."""

from dataclasses import dataclass
from enum import StrEnum

from reachy_mini_ros.errors import (
    NotConnectedError,
    PreemptedError,
    ReachyMiniRosError,
    RobotError,
    TimedOutError,
)


class EventKind(StrEnum):
    """What happened to a command, or to the robot without one."""

    REFUSED = "refused"
    CLAMPED = "clamped"
    PREEMPTED = "preempted"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    OTHER_CLIENT = "other_client"
    WRONG_STATE = "wrong_state"


@dataclass(frozen=True, slots=True)
class SafetyEvent:
    """One event; ``source`` is the topic, service or action that the command came by."""

    kind: EventKind
    source: str
    reason: str


def event_of(error: ReachyMiniRosError, source: str) -> SafetyEvent:
    """Return the event that an error of a command is."""
    if isinstance(error, PreemptedError):
        kind = EventKind.PREEMPTED
    elif isinstance(error, TimedOutError):
        kind = EventKind.TIMED_OUT
    elif isinstance(error, RobotError | NotConnectedError):
        kind = EventKind.FAILED
    else:
        kind = EventKind.REFUSED
    return SafetyEvent(kind, source, str(error))
