# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Conversions between ROS messages and the core, with the robot's frames, names and signs."""

import math

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.nodes.control import conversions
from reachy_mini_ros.robot.geometry import rotations
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.state import RobotState

BASE = "body_foot_3dprint"
JOINTS = np.array([0.1, 0.5, -0.6, 0.7, -0.5, 0.4, -0.3])
REFERENCE = (JOINTS, np.array([0.2, -0.3]))


def pose(**parts: float) -> PoseStamped:
    message = PoseStamped()
    message.pose.position.z = parts.pop("z", 0.177)
    for name, value in parts.items():
        setattr(message.pose.orientation, name, value)
    return message


def joints(**positions: float) -> JointState:
    return JointState(name=list(positions), position=list(positions.values()))


def test_the_neutral_head_stands_177_mm_over_the_root() -> None:
    message = conversions.pose_message(np.eye(4), BASE, Time())
    assert message.header.frame_id == BASE
    assert message.pose.position.z == pytest.approx(0.177)
    assert message.pose.orientation.w == pytest.approx(1.0)
    np.testing.assert_allclose(
        conversions.head_target(message, BASE).head_pose, np.eye(4), atol=1e-12
    )


@pytest.mark.parametrize("seed", range(50))
def test_a_rotation_survives_the_way_to_a_message_and_back(seed: int) -> None:
    quaternion = np.random.default_rng(seed).normal(size=4)
    matrix = np.eye(4)
    matrix[:3, :3] = rotations.from_quaternion(tuple(quaternion))
    assert np.linalg.det(matrix) == pytest.approx(1.0)
    again = rotations.to_quaternion(matrix)
    assert again[3] >= 0.0
    np.testing.assert_allclose(rotations.from_quaternion(again), matrix[:3, :3], atol=1e-12)


@pytest.mark.parametrize("axis", range(3))
def test_a_half_turn_about_each_axis_is_exact(axis: int) -> None:
    matrix = -np.eye(4)
    matrix[axis, axis] = 1.0
    quaternion = np.abs(rotations.to_quaternion(matrix))
    np.testing.assert_allclose(quaternion, np.eye(4)[axis], atol=1e-12)


def test_rotations_have_the_senses_of_rep_103() -> None:
    yaw_left = rotations.from_quaternion((0.0, 0.0, math.sin(0.25), math.cos(0.25)))
    np.testing.assert_allclose(yaw_left @ [1, 0, 0], [math.cos(0.5), math.sin(0.5), 0], atol=1e-12)


def test_a_quaternion_need_not_be_normalised() -> None:
    message = pose(z=0.177, w=5.0)
    np.testing.assert_allclose(
        conversions.head_target(message, BASE).head_pose, np.eye(4), atol=1e-12
    )


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (pose(z=0.0, w=1.0), "neutral head is at 0.177 m"),
        (pose(w=0.0), "zero quaternion"),
        (pose(w=math.nan), "NaN or infinity"),
        (pose(z=math.inf, w=1.0), "NaN or infinity"),
    ],
)
def test_a_bad_pose_is_refused_with_a_reason(message: PoseStamped, text: str) -> None:
    with pytest.raises(InvalidCommandError, match=text):
        conversions.head_target(message, BASE)


def test_a_pose_in_another_frame_is_refused() -> None:
    message = pose(w=1.0)
    message.header.frame_id = "map"
    with pytest.raises(InvalidCommandError, match="not in 'map': transform"):
        conversions.head_target(message, BASE)


def test_joint_states_carry_the_urdf_s_names_and_signs() -> None:
    state = RobotState(np.eye(4), JOINTS, np.array([0.2, -0.3]), 0)
    message = conversions.joint_state_message(state, Time(sec=3))
    positions = dict(zip(message.name, message.position, strict=True))
    assert positions == {
        "yaw_body": 0.1,
        **{f"stewart_{number}": JOINTS[number] for number in range(1, 7)},
        "right_antenna": -0.2,
        "left_antenna": 0.3,
    }
    assert message.header.stamp.sec == 3


def test_any_subset_of_joints_is_taken_in_any_order() -> None:
    target = conversions.joint_target(joints(left_antenna=1.0), REFERENCE)
    assert target.head_joints is None
    assert target.body_yaw is None
    np.testing.assert_allclose(target.antennas, [0.2, -1.0])

    target = conversions.joint_target(joints(yaw_body=0.4), REFERENCE)
    assert (target.body_yaw, target.antennas, target.head_joints) == (0.4, None, None)

    target = conversions.joint_target(joints(stewart_6=0.0, yaw_body=0.4, stewart_1=0.1), REFERENCE)
    assert target.body_yaw is None
    np.testing.assert_allclose(target.head_joints, [0.4, 0.1, -0.6, 0.7, -0.5, 0.4, 0.0])


def test_what_joint_states_say_can_be_sent_back() -> None:
    state = RobotState(np.eye(4), JOINTS, np.array([0.2, -0.3]), 0)
    target = conversions.joint_target(conversions.joint_state_message(state, Time()), REFERENCE)
    np.testing.assert_allclose(target.head_joints, JOINTS)
    np.testing.assert_allclose(target.antennas, [0.2, -0.3])
    whole = conversions.joint_state_message(state, Time(), np.arange(21) * 0.1)
    assert set(whole.name) == set(robot_tree().movable)
    assert whole.position[-1] == pytest.approx(2.0)
    np.testing.assert_allclose(conversions.joint_target(whole, REFERENCE).head_joints, JOINTS)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (joints(elbow=0.0), "'elbow' is not one of yaw_body"),
        (joints(passive_8_x=0.0), "'passive_8_x' is not one of"),
        (JointState(name=["yaw_body"], position=[]), "1 names and 0 positions"),
        (JointState(name=[], position=[0.0]), "0 names and 1 positions"),
        (JointState(name=["yaw_body", "yaw_body"], position=[0.0, 1.0]), "more than once"),
    ],
)
def test_bad_joints_are_refused_with_a_reason(message: JointState, text: str) -> None:
    with pytest.raises(InvalidCommandError, match=text):
        conversions.joint_target(message, REFERENCE)
