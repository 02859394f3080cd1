# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Watches a trajectory being followed: how far each joint is from where it should be."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.robot.motion import trajectory
from reachy_mini_ros.robot.motion.trajectory import Trajectory
from reachy_mini_ros.robot.state import Matrix, RobotState

PERIOD_S = 0.02
STATE_PERIOD_NS = 20_000_000
"""A state that comes within this after the end of the motion may have been taken before it."""


class PathToleranceError(ReachyMiniRosError):
    """A joint strayed from the trajectory by more than was allowed."""


class GoalToleranceError(ReachyMiniRosError):
    """A joint did not come near enough to the trajectory's end in time."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """What is allowed, in rad by joint; joints that are not named may be anywhere."""

    path: Mapping[str, float]
    goal: Mapping[str, float]
    goal_time_s: float


@dataclass(frozen=True, eq=False, slots=True)
class Progress:
    """How far a trajectory is; positions in the order of its names, rad, URDF signs."""

    time_s: float
    index: int
    """Of the point that is being gone to."""
    desired: Matrix
    actual: Matrix


class Following:
    """One trajectory on its way."""

    def __init__(self, state: Callable[[], RobotState], tolerances: Tolerances) -> None:
        self._state = state
        self._tolerances = tolerances
        self._trajectory: Trajectory | None = None
        self._began_s = 0.0

    def begin(self, begun: Trajectory) -> None:
        """Note that the robot begins with ``begun`` now."""
        self._trajectory, self._began_s = begun, time.monotonic()

    def progress(self) -> Progress | None:
        """Return where the joints are and should be; None before the beginning.

        Raises NotConnectedError if the robot is away.
        """
        if self._trajectory is None:
            return None
        time_s = min(time.monotonic() - self._began_s, self._trajectory.duration_s)
        which = [trajectory.JOINTS.index(name) for name in self._trajectory.names]
        desired = self._trajectory.desired(time_s)[which]
        actual = trajectory.joints_of(self._state())[which]
        return Progress(time_s, self._trajectory.index(time_s), desired, actual)

    async def watch(self, playing: Coroutine[Any, Any, None]) -> None:
        """Carry out ``playing`` and return when the joints are at the end.

        Raises PathToleranceError, GoalToleranceError, and what ``playing`` raises.
        """
        tasks = asyncio.create_task(playing), asyncio.create_task(self._look())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        await self._arrive(time.monotonic_ns() + STATE_PERIOD_NS)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            progress = self.progress()
            if progress is not None:
                strays = self._outside(progress, self._tolerances.path)
                if strays:
                    raise PathToleranceError(f"at {progress.time_s:.2f} s {strays}")

    async def _arrive(self, since_ns: int) -> None:
        """Return when a state later than ``since_ns`` is at the goal."""
        deadline_s = time.monotonic() + self._tolerances.goal_time_s
        while True:
            outside = self._short_of_goal(since_ns)
            if not outside:
                return
            if time.monotonic() > deadline_s:
                raise GoalToleranceError(
                    f"{self._tolerances.goal_time_s:.2f} s after the end {outside}"
                )
            await asyncio.sleep(PERIOD_S)

    def _short_of_goal(self, since_ns: int) -> str:
        progress = self.progress()
        if progress is None:
            return ""
        if self._state().received_ns < since_ns:
            return "there is no new state of the robot"
        return self._outside(progress, self._tolerances.goal)

    def _outside(self, progress: Progress, allowed: Mapping[str, float]) -> str:
        assert self._trajectory is not None
        errors = np.abs(progress.desired - progress.actual)
        for name, error in zip(self._trajectory.names, errors, strict=True):
            if error > allowed.get(name, np.inf):
                return f"{name} is {error:.4f} rad off, {allowed[name]:.4f} rad are allowed"
        return ""
