# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's driver, as it is, on an event loop of its own, and blocking calls to it."""

import math
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from harness.waiting import Awaited, wait_for
from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.robot import driver
from reachy_mini_ros.robot.driver import Listeners, Settings
from reachy_mini_ros.robot.geometry import rotations
from reachy_mini_ros.robot.motion.arbitration import MotionStatus
from reachy_mini_ros.robot.motion.commander import Limits
from reachy_mini_ros.robot.motion.events import SafetyEvent
from reachy_mini_ros.robot.motion.following import Following
from reachy_mini_ros.robot.motion.receipts import Receipt
from reachy_mini_ros.robot.motion.trajectory import Point
from reachy_mini_ros.robot.state import Interpolation, Matrix, RobotState, Target

T = TypeVar("T")
COMMAND_TIMEOUT_S = 0.3


def turned(yaw: float) -> Matrix:
    """Return the neutral head with a yaw."""
    pose = np.eye(4)
    pose[:2, :2] = [[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]]
    return pose


class Driver:
    """A driver, what it told, and its parts."""

    def __init__(self, io: LoopThread, port: int) -> None:
        self._io = io
        self.states: list[RobotState] = []
        self.connections: list[Connection] = []
        self.events: list[SafetyEvent] = []
        self.receipts: list[Receipt] = []
        self.motions: list[MotionStatus] = []
        self.robot = driver.Driver(
            "127.0.0.1",
            port,
            Settings(limits=Limits(command_timeout_s=COMMAND_TIMEOUT_S)),
            Listeners(
                on_state=self.states.append,
                on_connection=lambda connection, _: self.connections.append(connection),
                on_event=self.events.append,
                on_receipt=self.receipts.append,
                on_motion=self.motions.append,
            ),
        )
        self.recorder = self.robot.recorder
        self.link = self.robot.link
        self.api = self.robot.api
        self.commander = self.robot.commander
        self.player = self.robot.player

    @classmethod
    @contextmanager
    def connected(cls, port: int) -> Iterator["Driver"]:
        """Connect to a daemon and wake the robot up.

        Slowly out of the sleeping pose: a fast way makes the daemon's own head pose wrong.
        """
        with LoopThread() as io:
            driver = cls(io, port)
            io.call(driver.robot.start)
            driver.wait_connected()
            driver.do(driver.robot.wake_up())
            yield driver
            driver.do(driver.robot.close())

    def start(self, command: Awaitable[T]) -> Awaited[T]:
        async def carry_out() -> T:
            return await command

        return Awaited(self._io.submit(carry_out()))

    def do(self, command: Awaitable[T], timeout_s: float = 15.0) -> T:
        return self.start(command).result(timeout_s)

    def goto(
        self, duration_s: float, method: Interpolation = Interpolation.MINJERK, **parts: object
    ) -> Awaited[str]:
        target = Target(**parts)  # type: ignore[arg-type]
        return self.start(self.commander.goto(target, duration_s, method))

    def follow(
        self, names: list[str], points: list[Point], following: Following | None = None
    ) -> Awaited[str]:
        async def follow() -> str:
            planned = await self.player.plan(names, points)
            return await self.player.play_trajectory(planned, points, following)

        return self.start(follow())

    def stream(self, **parts: object) -> None:
        async def stream() -> None:
            self.commander.stream(Target(**parts), time.monotonic_ns())  # type: ignore[arg-type]

        self.do(stream())

    def neutral(self) -> None:
        """Bring the robot to neutral, at rest, whatever a test that failed left it in."""
        try:
            self._go_to_neutral()
        except (AssertionError, ReachyMiniRosError) as error:
            print(f"the robot's daemon begins anew: {error}")
            self.do(self.robot.switches.restart_daemon())
            self.do(self.commander.wake_up())
            self._go_to_neutral()

    def _go_to_neutral(self) -> None:
        self.wait_connected()
        self.do(self.commander.stop())
        self.goto(0.3, head_pose=np.eye(4), antennas=np.zeros(2), body_yaw=0.0).result(5)
        self.holds()

    def wait_connected(self) -> None:
        wait_for(lambda: self.link.state is not None, 5, "state")

    @property
    def state(self) -> RobotState:
        return self.commander.present()

    @property
    def yaw(self) -> float:
        return rotations.roll_pitch_yaw(self.state.head_pose)[2]

    def yaws(self, first: int = 0) -> list[float]:
        """Return the head's yaws in all states from number ``first`` on."""
        return [rotations.roll_pitch_yaw(state.head_pose)[2] for state in self.states[first:]]

    def moves(self) -> bool:
        """Tell whether the newest three states differ."""
        recent = [state.head_pose for state in self.states[-3:]]
        return bool(np.abs(recent[0] - recent[-1]).max() > 1e-4)

    def holds(self) -> None:
        """Wait until the robot stands still."""

        def still() -> bool:
            count = len(self.states)
            wait_for(lambda: len(self.states) >= count + 5, 3)
            poses = [state.head_pose for state in self.states[-5:]]
            return bool(np.ptp(poses, axis=0).max() < 1e-4)

        wait_for(still, 3, "the robot to hold")
