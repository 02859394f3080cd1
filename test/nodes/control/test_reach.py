# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far the robot may be told to go, narrowed while the control node runs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from harness.control import ControlledRobot, joints, pose, trajectory
from harness.daemon import Daemon
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.waiting import wait_for
from std_msgs.msg import String

from reachy_mini_ros.robot.geometry.limits import DOCUMENTED
from reachy_mini_ros.robot.motion.moves import Move

FARTHEST = {
    "max_reach__tilt": DOCUMENTED.tilt_rad,
    "max_reach__head_to_body": DOCUMENTED.head_to_body_rad,
    "max_reach__translation": DOCUMENTED.translation_m,
    "max_reach__body": DOCUMENTED.body_rad,
    "max_reach__antennas": DOCUMENTED.antennas_rad,
}


@pytest.fixture(scope="module")
def started(
    processes: Processes, ros: RosClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlledRobot]:
    directory = tmp_path_factory.mktemp("moves")
    wave = np.outer(np.linspace(0.0, 0.6, 10), [1.0, -1.0])
    heads = np.tile(np.eye(4), (10, 1, 1))
    move = Move(np.linspace(0.0, 0.5, 10), heads, wave, np.zeros(10))
    (Path(directory) / "wave.json").write_bytes(move.to_json())
    daemon = Daemon.start(processes, free_port())
    with ControlledRobot.started(
        processes, ros, daemon, "/reach_test", command_timeout=0.2, move_directory=directory
    ) as robot:
        yield robot


@pytest.fixture
def robot(started: ControlledRobot) -> ControlledRobot:
    assert started.set(**FARTHEST, out_of_reach="refuse", goto__duration=0.4) == []
    started.neutral()
    return started


@pytest.mark.parametrize("name", list(FARTHEST))
def test_a_reach_beyond_the_robot_s_is_refused_with_the_range(
    robot: ControlledRobot, name: str
) -> None:
    for value in (FARTHEST[name] + 0.01, -0.01):
        (reason,) = robot.set(**{name: value})
        assert f"to {FARTHEST[name]}" in reason or "range" in reason, reason


def test_a_narrower_reach_holds_for_every_kind_of_command_at_once(robot: ControlledRobot) -> None:
    robot.set(max_reach__tilt=0.2, max_reach__translation=0.01, max_reach__antennas=0.3)
    since = robot.events.count
    for publisher in (robot.set_pose, robot.goto_pose):
        topic = publisher.topic_name.removeprefix(f"{robot.namespace}/")
        publisher.publish(pose(pitch=0.3))
        robot.wait_event("refused", topic, "head pitch 17.2 deg is outside +-11.5 deg", since)
        publisher.publish(pose(z=0.192))
        robot.wait_event("refused", topic, "15 mm from neutral, more than 10 mm", since)
    robot.trajectory.publish(trajectory(["left_antenna"], [(0.5, [0.2]), (1.0, [0.5])]))
    robot.wait_event("refused", "joint_trajectory", "point 1: left_antenna = 0.5 rad", since)
    robot.play.publish(String(data="wave"))
    robot.wait_event("refused", "play_move", "its limits -0.3 to 0.3 rad", since)
    robot.set(**FARTHEST)
    robot.goto_pose.publish(pose(pitch=0.3))
    wait_for(lambda: robot.head_poses.last.pose.orientation.y > 0.14, 5, "a nod")


def test_what_goes_beyond_a_narrower_reach_is_clamped_to_it(robot: ControlledRobot) -> None:
    robot.set(max_reach__antennas=0.3, max_reach__tilt=0.2, out_of_reach="clamp")
    since = robot.events.count
    robot.set_joints.publish(joints(left_antenna=1.0))
    robot.wait_event("clamped", "set_target/joints", "left_antenna = 1 rad", since)
    robot.wait_position("left_antenna", 0.3)
    robot.goto_pose.publish(pose(pitch=0.5))
    robot.wait_event("clamped", "goto/head_pose", "head pitch", since)
    wait_for(lambda: abs(robot.head_poses.last.pose.orientation.y - 0.1) < 0.005, 5, "the clamped")


@pytest.mark.parametrize("how", ["goto", "stream"])
def test_the_body_turns_along_as_far_as_a_narrower_head_asks(
    robot: ControlledRobot, how: str
) -> None:
    robot.set(max_reach__head_to_body=0.3, max_reach__body=0.8)
    publisher = robot.goto_pose if how == "goto" else robot.set_pose
    publisher.publish(pose(0.7))
    wait_for(lambda: abs(robot.yaw - 0.7) < 0.01, 5, "the head")
    robot.wait_position("yaw_body", 0.4)
    publisher.publish(pose(0.2))
    wait_for(lambda: abs(robot.yaw - 0.2) < 0.01, 5, "the head back")
    robot.wait_position("yaw_body", 0.4)
    since = robot.events.count
    publisher.publish(pose(1.2))
    topic = publisher.topic_name.removeprefix(f"{robot.namespace}/")
    robot.wait_event("refused", topic, "apart, more than 17.2 deg", since)
