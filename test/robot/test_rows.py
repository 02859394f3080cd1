# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A state as a row of a table, with ROS's names, frames and signs."""

import math

import numpy as np
import pytest

from reachy_mini_ros.robot.geometry.kinematics import inverse
from reachy_mini_ros.robot.geometry.passive_joints import PASSIVE_JOINTS, platform
from reachy_mini_ros.robot.geometry.rotations import head_pose
from reachy_mini_ros.robot.rows import COLUMNS, HEAD, head_row, row_of
from reachy_mini_ros.robot.state import RobotState


def state() -> RobotState:
    pose = head_pose(0.0, 0.0, 0.4)
    pose[:3, 3] = 0.005, -0.004, 0.01
    joints = inverse(pose, 0.3, automatic_body_yaw=False)
    assert joints is not None
    return RobotState(pose, joints, np.array([0.1, -0.2]), 0)


def test_a_state_fills_all_columns() -> None:
    one = state()
    row = row_of(one)
    assert set(row) == set(COLUMNS)
    assert len(COLUMNS) == 7 + 9 + 21
    assert row["yaw_body"] == pytest.approx(0.3)
    assert row["stewart_6"] == one.head_joints[6]
    assert (row["right_antenna"], row["left_antenna"]) == (-0.1, 0.2)
    passive = platform().solve(one.head_pose, one.head_joints).angles
    assert [row[name] for name in PASSIVE_JOINTS] == passive.tolist()


def test_the_head_is_in_the_frame_of_the_robot_s_root() -> None:
    row = row_of(state())
    # 0.177 m: the neutral head above the root.
    place = [row[name] for name in HEAD[:3]]
    assert place == pytest.approx([0.005, -0.004, 0.187], abs=1e-6)
    turned = [row[name] for name in HEAD[3:]]
    assert turned == pytest.approx([0.0, 0.0, math.sin(0.2), math.cos(0.2)])
    assert head_row(state().head_pose) == tuple(row[name] for name in HEAD)


def test_a_pose_that_cannot_be_is_left_out() -> None:
    one = state()
    pose = one.head_pose.copy()
    pose[2, 3] += 0.02
    row = row_of(RobotState(pose, one.head_joints, one.antennas, 0))
    assert row == {name: value for name, value in row_of(one).items() if name in COLUMNS[7:16]}
