# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The frames of the robot's URDF."""

import math

import numpy as np
import pytest

from reachy_mini_ros.robot.geometry.frames import Tree, robot_tree

ARM = """<robot name="arm">
  <joint name="shoulder" type="revolute"><origin xyz="0 0 1" rpy="0 0 0"/><axis xyz="0 0 1"/>
    <parent link="base"/><child link="upper"/></joint>
  <joint name="elbow" type="revolute"><origin xyz="2 0 0" rpy="1.5707963267948966 0 0"/>
    <axis xyz="0 0 1"/><parent link="upper"/><child link="lower"/></joint>
  <joint name="tip_frame" type="fixed"><origin xyz="1 0 0" rpy="0 0 0"/>
    <parent link="lower"/><child link="tip"/></joint>
</robot>"""


@pytest.fixture
def arm() -> Tree:
    return Tree.parse(ARM)


def test_forward_kinematics_of_an_arm_that_can_be_done_by_hand(arm: Tree) -> None:
    assert arm.root == "base"
    assert arm.movable == ("shoulder", "elbow")
    quarter = math.pi / 2
    straight = arm.pose("tip", {"shoulder": 0.0, "elbow": 0.0})
    np.testing.assert_allclose(straight[:3, 3], [3, 0, 1], atol=1e-12)
    # To the left, then the forearm upwards: the elbow's axis points to the right of the arm.
    bent = arm.pose("tip", {"shoulder": quarter, "elbow": quarter})
    np.testing.assert_allclose(bent[:3, 3], [0, 2, 2], atol=1e-12)
    np.testing.assert_allclose(bent[:3, 0], [0, 0, 1], atol=1e-12)


def test_a_frame_or_a_position_that_is_missing_is_named(arm: Tree) -> None:
    with pytest.raises(KeyError, match="hand"):
        arm.pose("hand", {})
    with pytest.raises(KeyError, match="elbow"):
        arm.pose("tip", {"shoulder": 0.0})


def test_the_robot_has_thirty_joints_and_one_root() -> None:
    tree = robot_tree()
    assert len(tree.movable) == 30
    assert tree.root == "body_foot_3dprint"
    assert {"head", "camera", "camera_optical"} <= set(tree.links)
