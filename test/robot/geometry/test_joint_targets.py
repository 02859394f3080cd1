# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Joints by the URDF's names and signs become what the robot takes."""

import numpy as np
import pytest

from reachy_mini_ros.robot.geometry.joint_targets import joint_target_of

HEAD = np.arange(1.0, 8.0)
ANTENNAS = np.array([0.1, 0.2])
REFERENCE = (HEAD, ANTENNAS)


def test_one_antenna_goes_with_the_other_where_it_is() -> None:
    target = joint_target_of({"left_antenna": 0.5}, REFERENCE)
    assert target.antennas == pytest.approx([0.1, -0.5])
    assert (target.body_yaw, target.head_joints, target.head_pose) == (None, None, None)
    target = joint_target_of({"right_antenna": -0.4, "left_antenna": 0.5}, REFERENCE)
    assert target.antennas == pytest.approx([0.4, -0.5])


def test_the_body_alone_is_its_yaw() -> None:
    target = joint_target_of({"yaw_body": 0.3}, REFERENCE)
    assert target.body_yaw == 0.3
    assert (target.antennas, target.head_joints) == (None, None)


def test_an_arm_goes_with_the_others_and_the_body() -> None:
    target = joint_target_of({"stewart_2": -1.0}, REFERENCE)
    assert target.head_joints == pytest.approx([1, 2, -1, 4, 5, 6, 7])
    assert (target.antennas, target.body_yaw) == (None, None)
    target = joint_target_of({"yaw_body": 0.3, "stewart_6": -1.0}, REFERENCE)
    assert target.head_joints == pytest.approx([0.3, 2, 3, 4, 5, 6, -1])
    assert target.body_yaw is None
    assert np.array_equal(HEAD, np.arange(1.0, 8.0)), "the reference stays"


def test_other_names_are_ignored() -> None:
    target = joint_target_of({"passive_1_x": 1.0}, REFERENCE)
    assert (target.antennas, target.body_yaw, target.head_joints) == (None, None, None)
