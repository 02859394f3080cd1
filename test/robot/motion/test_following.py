# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A trajectory being followed: what is taken for its end."""

import asyncio
import time
from collections.abc import Callable

import numpy as np
import pytest

from reachy_mini_ros.robot.motion.following import Following, GoalToleranceError, Tolerances
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
