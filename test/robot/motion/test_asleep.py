# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot whose motors were switched on while it slept, and that was not woken up."""

from collections.abc import Iterator

import numpy as np
import pytest
from harness.daemon import Daemon
from harness.driver import Driver
from harness.processes import Processes, free_port
from harness.waiting import wait_for

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry import limits
from reachy_mini_ros.robot.motion.trajectory import Point

WAKE_IT_UP = "the head lies outside its limits, as it does asleep.*call wake_up first"


@pytest.fixture(scope="module")
def driver(processes: Processes) -> Iterator[Driver]:
    daemon = Daemon.start(processes, free_port())
    with LoopThread() as io:
        driver = Driver(io, daemon.port)
        io.call(driver.robot.start)
        driver.wait_connected()
        driver.do(driver.robot.enable_motors(True))
        yield driver
        driver.do(driver.robot.close())


def test_antennas_alone_move(driver: Driver) -> None:
    driver.goto(0.4, antennas=np.array([0.3, -0.3])).result(5)
    np.testing.assert_allclose(driver.state.antennas, [0.3, -0.3], atol=0.02)
    driver.follow(["left_antenna"], [Point(0.4, [0.6])]).result(5)
    np.testing.assert_allclose(driver.state.antennas, [0.3, -0.6], atol=0.02)


def test_the_body_waits_for_the_head_to_be_up(driver: Driver) -> None:
    with pytest.raises(InvalidCommandError, match=WAKE_IT_UP):
        driver.goto(0.4, body_yaw=0.3, antennas=np.zeros(2)).result(5)
    with pytest.raises(InvalidCommandError, match=WAKE_IT_UP):
        driver.follow(["yaw_body", "left_antenna"], [Point(0.4, [0.3, 0.0])]).result(5)
    with pytest.raises(InvalidCommandError, match=WAKE_IT_UP):
        driver.stream(body_yaw=0.3)
    driver.do(driver.robot.wake_up())
    driver.goto(0.4, body_yaw=0.3, antennas=np.zeros(2)).result(5)
    wait_for(lambda: abs(driver.state.head_joints[0] - 0.3) < 0.02, 3)
    driver.follow(["yaw_body", "left_antenna"], [Point(0.5, [-0.1, 0.2])]).result(5)
    wait_for(lambda: abs(driver.state.head_joints[0] + 0.1) < 0.02, 3)


def test_a_head_that_sags_at_its_limits_does_not_lie() -> None:
    joints = np.array([0.0, *(limits.joint_limits()[name][0] for name in limits.STEWART_JOINTS)])
    limits.check_turning(joints - 0.02)
    with pytest.raises(InvalidCommandError, match=WAKE_IT_UP):
        limits.check_turning(joints - 0.05)
