# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A trajectory being followed: what is taken for its end."""

import asyncio
import re
import time
from collections.abc import Callable

import numpy as np
import pytest
from harness.waiting import wait_for

from reachy_mini_ros.robot.motion.following import (
    Following,
    GoalToleranceError,
    PathToleranceError,
    Tolerances,
)
from reachy_mini_ros.robot.motion.trajectory import Point, plan
from reachy_mini_ros.robot.state import RobotState

DURATION_S = 0.3
TOLERANCES = Tolerances({}, {"left_antenna": 0.1}, 0.3)


def state(antenna: float, received_ns: int) -> RobotState:
    """Return a state with the left antenna there, URDF's sign."""
    return RobotState(np.eye(4), np.zeros(7), np.array([0.0, -antenna]), received_ns)


def follow(antenna_after: Callable[[float], float]) -> None:
    """Follow a trajectory of the left antenna to 0.5 rad.

    ``antenna_after`` tells where it is by the seconds since the end, rad.
    """
    planned = plan(["left_antenna"], [Point(DURATION_S, (0.5,))], state(0.0, 0))
    ended_ns = time.monotonic_ns() + 10**12

    def states() -> RobotState:
        now_ns = time.monotonic_ns()
        return state(antenna_after((now_ns - ended_ns) / 1e9), now_ns)

    async def playing() -> None:
        nonlocal ended_ns
        following.begin(planned)
        await asyncio.sleep(DURATION_S)
        ended_ns = time.monotonic_ns()

    following = Following(states, TOLERANCES)
    asyncio.run(following.watch(playing()))


def test_a_joint_that_is_taken_away_at_the_end_has_not_arrived() -> None:
    with pytest.raises(GoalToleranceError, match="left_antenna is"):
        follow(lambda after_s: 0.5 if after_s < 0.01 else 0.0)


def test_a_joint_that_comes_late_arrives() -> None:
    follow(lambda after_s: 0.45 if after_s > 0.1 else 0.0)


def test_a_robot_that_tells_nothing_any_more_has_not_arrived() -> None:
    last = state(0.5, time.monotonic_ns())
    planned = plan(["left_antenna"], [Point(DURATION_S, (0.5,))], state(0.0, 0))
    following = Following(lambda: last, TOLERANCES)

    async def playing() -> None:
        following.begin(planned)

    with pytest.raises(GoalToleranceError, match="no new state"):
        asyncio.run(following.watch(playing()))


def test_before_its_beginning_a_trajectory_has_no_progress() -> None:
    following = Following(lambda: state(0.0, 0), TOLERANCES)
    assert following.progress() is None
    asyncio.run(following.watch(asyncio.sleep(0)))


def test_progress_tells_where_the_joints_are_and_should_be() -> None:
    points = [Point(DURATION_S, (0.5, -0.2)), Point(2 * DURATION_S, (0.1, 0.3))]
    planned = plan(["left_antenna", "right_antenna"], points, state(0.0, 0))
    present = RobotState(np.eye(4), np.zeros(7), np.array([0.25, -0.4]), 0)
    following = Following(lambda: present, TOLERANCES)
    following.begin(planned)
    first = following.progress()
    assert first is not None
    assert 0.0 <= first.time_s < 2 * DURATION_S
    assert first.actual == pytest.approx([0.4, -0.25])

    def ended() -> bool:
        progress = following.progress()
        return progress is not None and progress.time_s >= 2 * DURATION_S

    wait_for(ended, 5, "the end")
    last = following.progress()
    assert last is not None
    assert (last.time_s, last.index) == (2 * DURATION_S, 1)
    assert last.desired == pytest.approx([0.1, 0.3])


@pytest.mark.parametrize(("allowed", "strays"), [(0.2, True), (0.6, False)])
def test_a_joint_that_strays_from_its_path_ends_it(allowed: float, strays: bool) -> None:
    """The left antenna stays where it is, and is to go 0.5 rad away."""
    planned = plan(["left_antenna"], [Point(DURATION_S, (0.5,))], state(0.0, 0))
    following = Following(
        lambda: state(0.0, time.monotonic_ns()), Tolerances({"left_antenna": allowed}, {}, 0.0)
    )
    ended: list[bool] = []

    async def playing() -> None:
        following.begin(planned)
        try:
            await asyncio.sleep(DURATION_S)
            ended.append(True)
        except asyncio.CancelledError:
            ended.append(False)
            raise

    async def follow() -> str:
        try:
            await following.watch(playing())
        except (PathToleranceError, GoalToleranceError) as error:
            assert ended == [not strays], "nothing goes on behind it"
            return str(error)
        return ""

    if strays:
        told = r"at 0\.\d\d s left_antenna is 0\.\d{4} rad off, 0\.2000 rad are allowed"
    else:
        told = r"0\.00 s after the end there is no new state of the robot"
    assert re.fullmatch(told, asyncio.run(follow()))


def test_the_loop_goes_on_while_the_robot_arrives() -> None:
    """The states come on the same loop, as the robot's do."""
    states = [state(0.0, 0)]
    planned = plan(["left_antenna"], [Point(DURATION_S, (0.5,))], states[0])
    following = Following(lambda: states[-1], Tolerances({}, {"left_antenna": 0.1}, 5.0))

    async def playing() -> None:
        following.begin(planned)
        await asyncio.sleep(DURATION_S)
        later = asyncio.get_running_loop().call_later
        later(0.1, lambda: states.append(state(0.5, time.monotonic_ns())))

    asyncio.run(following.watch(playing()))
    assert len(states) == 2


def test_what_ends_the_motion_ends_the_watch() -> None:
    async def playing() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(Following(lambda: state(0.0, 0), TOLERANCES).watch(playing()))
