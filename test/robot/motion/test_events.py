# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user learns of a command that failed."""

import pytest

from reachy_mini_ros import errors
from reachy_mini_ros.robot.motion.events import EventKind, SafetyEvent, event_of

KINDS = {
    errors.PreemptedError: EventKind.PREEMPTED,
    errors.TimedOutError: EventKind.TIMED_OUT,
    errors.RobotError: EventKind.FAILED,
    errors.MalformedError: EventKind.FAILED,
    errors.NotConnectedError: EventKind.FAILED,
    errors.InvalidCommandError: EventKind.REFUSED,
    errors.UnreachableError: EventKind.REFUSED,
    errors.BusyError: EventKind.REFUSED,
}


@pytest.mark.parametrize("error", KINDS)
def test_an_error_is_an_event_of_its_kind(error: type[errors.ReachyMiniRosError]) -> None:
    assert event_of(error("why"), "goto") == SafetyEvent(KINDS[error], "goto", "why")
