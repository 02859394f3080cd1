# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stop is short, whatever else goes on; the bound is wide, `benchmarks/stop.py` has figures."""

from collections.abc import Iterator

import pytest
from harness.control import ControlledRobot, joints
from harness.daemon import Daemon
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.stopping import MotionWatch, flood, large_trajectory, long_trajectory, move, stop_ms

NS = "/stop"
LIMIT_MS = 1000.0
"""On a busy machine; without what is tested here it takes several seconds."""


@pytest.fixture(scope="module")
def robot(processes: Processes, ros: RosClient) -> Iterator[ControlledRobot]:
    daemon = Daemon.start(processes, free_port())
    with ControlledRobot.started(processes, ros, daemon, NS) as robot:
        yield robot


@pytest.fixture
def watch(robot: ControlledRobot) -> Iterator[MotionWatch]:
    """Watch the robot, which moves."""
    with MotionWatch(robot.daemon.port) as watching:
        move(robot)
        yield watching


def test_while_a_trajectory_of_100_000_points_comes_in(
    robot: ControlledRobot, watch: MotionWatch
) -> None:
    raw, since = large_trajectory(100_000), robot.events.count
    assert stop_ms(robot, watch, lambda: robot.trajectory.publish(raw)) < LIMIT_MS
    reasons = "before the stop", "has 100000 points"  # whichever is looked at first
    robot.wait_event("refused", "joint_trajectory", reasons, since)


def test_while_a_long_trajectory_is_checked_which_then_does_not_begin(
    robot: ControlledRobot, watch: MotionWatch
) -> None:
    message, since = long_trajectory(590), robot.events.count
    assert stop_ms(robot, watch, lambda: robot.trajectory.publish(message)) < LIMIT_MS
    robot.wait_event("refused", "joint_trajectory", "before the stop", since)
    assert robot.owner == "idle"


def test_under_a_flood_of_targets(robot: ControlledRobot, watch: MotionWatch) -> None:
    with flood(robot):
        assert stop_ms(robot, watch) < LIMIT_MS


def test_what_was_sent_before_a_stop_and_comes_after_it_is_refused(
    robot: ControlledRobot, watch: MotionWatch
) -> None:
    """Ten messages wait in the subscription; the service is served after the first."""
    since = robot.events.count

    def send() -> None:
        for number in range(10):
            robot.goto_joints.publish(joints(left_antenna=-0.1 * number))

    assert stop_ms(robot, watch, send) < LIMIT_MS
    assert robot.owner == "idle"
    robot.wait_event("refused", "goto/joints", "before the stop", since)
    robot.goto_joints.publish(joints(left_antenna=0.0))
    robot.wait_owner("goto")
    assert robot.call("stop")[0]
