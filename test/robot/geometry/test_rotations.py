# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Angles, quaternions and rotation vectors against each other and against plain matrices."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from harness.poses import pose
from hypothesis import given

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry import rotations
from reachy_mini_ros.robot.state import Matrix

turn = st.floats(-3.1, 3.1)
tilt = st.floats(-1.5, 1.5)


@given(turn, tilt, turn)
def test_angles_are_those_that_the_pose_was_made_of(roll: float, pitch: float, yaw: float) -> None:
    made = pose(0.1, -0.2, 0.3, roll, pitch, yaw)
    np.testing.assert_allclose(rotations.roll_pitch_yaw(made), (roll, pitch, yaw), atol=1e-9)
    np.testing.assert_allclose(
        np.ravel(rotations.all_roll_pitch_yaw(made[None])), (roll, pitch, yaw), atol=1e-9
    )
    own = rotations.head_pose(roll, pitch, yaw, 0.1, -0.2, 0.3)
    np.testing.assert_allclose(own, made, atol=1e-12)


def test_a_head_pose_of_nothing_is_the_neutral_one() -> None:
    np.testing.assert_array_equal(rotations.head_pose(), np.eye(4))


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("angle", [0.0, 0.3, -0.4, 2.0, 3.1, -3.1])
def test_a_quaternion_is_the_half_angle_about_its_axis(axis: int, angle: float) -> None:
    angles = [angle if at == axis else 0.0 for at in range(3)]
    if axis == 1 and abs(angle) > math.pi / 2:  # the same turn by the other two angles
        angles = [math.pi, math.pi - angle, math.pi]
    x, y, z, w = rotations.to_quaternion(pose(0, 0, 0, *angles))
    expected = np.zeros(3)
    expected[axis] = math.sin(angle / 2)
    np.testing.assert_allclose([x, y, z], expected, atol=1e-9)
    assert w == pytest.approx(math.cos(angle / 2))


@given(turn, tilt, turn, st.floats(1e-3, 1e3))
def test_a_quaternion_of_any_length_gives_the_rotation_back(
    roll: float, pitch: float, yaw: float, length: float
) -> None:
    made = pose(0, 0, 0, roll, pitch, yaw)
    quaternion = rotations.to_quaternion(made)
    assert math.hypot(*quaternion) == pytest.approx(1.0)
    assert quaternion[3] >= 0.0
    x, y, z, w = (value * length for value in quaternion)
    for same in ((x, y, z, w), (-x, -y, -z, -w)):
        np.testing.assert_allclose(rotations.from_quaternion(same), made[:3, :3], atol=1e-9)


def test_a_quaternion_without_length_is_refused() -> None:
    rotations.from_quaternion((0.0, 0.0, 2e-6, 0.0))
    for zero in ((0.0, 0.0, 0.0, 0.0), (0.0, 9e-7, 0.0, 9e-7)):
        with pytest.raises(InvalidCommandError, match="zero quaternion"):
            rotations.from_quaternion(zero)


@pytest.mark.parametrize(
    "vector", [[0.5, 0.0, 0.0], [0.0, -0.5, 0.0], [0.0, 0.0, 2.5], [1e-10, 0.0, 0.0]]
)
def test_a_rotation_vector_along_an_axis_is_the_turn_about_it(vector: list[float]) -> None:
    rotation = rotations.exp(np.array(vector))
    expected: Matrix = pose(0, 0, 0, *vector)[:3, :3]
    np.testing.assert_allclose(rotation, expected, atol=1e-9)
    np.testing.assert_allclose(rotations.log(expected), vector, atol=1e-9)
