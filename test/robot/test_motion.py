# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rules of one writer at a time."""

import pytest

from reachy_mini_ros.errors import BusyError
from reachy_mini_ros.robot.motion import Activity, Motion

TIMEOUT_S = 0.5


class Clock:
    """Time that passes when told to."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def motion(clock: Clock) -> Motion:
    return Motion(TIMEOUT_S, clock)


@pytest.mark.parametrize("activity", list(Activity))
def test_streamed_targets_are_refused_while_a_move_runs(motion: Motion, activity: Activity) -> None:
    motion.admit_target()
    motion.began(activity)
    with pytest.raises(BusyError, match=f"{activity} is running"):
        motion.admit_target()
    motion.ended()
    motion.admit_target()


@pytest.mark.parametrize("script", [Activity.WAKE_UP, Activity.GOTO_SLEEP])
@pytest.mark.parametrize("new", list(Activity))
def test_wake_up_and_goto_sleep_are_not_preempted(
    motion: Motion, script: Activity, new: Activity
) -> None:
    motion.began(script)
    with pytest.raises(BusyError, match="call stop"):
        motion.admit_move(new)


@pytest.mark.parametrize("new", list(Activity))
def test_a_goto_is_preempted_by_any_move(motion: Motion, new: Activity) -> None:
    motion.began(Activity.GOTO)
    motion.admit_move(new)


def test_a_stop_refuses_a_stream_until_it_has_paused(motion: Motion, clock: Clock) -> None:
    motion.stopped()
    for _ in range(20):
        clock.now_s += TIMEOUT_S * 0.9
        with pytest.raises(BusyError, match="was stopped: pause"):
            motion.admit_target()
    clock.now_s += TIMEOUT_S
    motion.admit_target()
    motion.admit_target()


def test_a_goto_after_a_stop_does_not_let_the_old_stream_in(motion: Motion, clock: Clock) -> None:
    motion.stopped()
    motion.admit_move(Activity.GOTO)
    motion.began(Activity.GOTO)
    motion.ended()
    clock.now_s += TIMEOUT_S * 0.9
    with pytest.raises(BusyError, match="was stopped"):
        motion.admit_target()
