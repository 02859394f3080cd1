# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The URDF that robot_state_publisher gets."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote, urlparse

from reachy_mini_ros.robot.description import robot_description


def test_urdf_has_the_joints_and_its_meshes_exist() -> None:
    robot = ElementTree.fromstring(robot_description())
    joints = {joint.get("name") for joint in robot.findall("joint")}
    assert {"yaw_body", "stewart_1", "stewart_6", "right_antenna", "left_antenna"} <= joints
    meshes = {str(mesh.get("filename")) for mesh in robot.iter("mesh")}
    assert len(meshes) > 10
    for mesh in meshes:
        assert Path(unquote(urlparse(mesh).path)).is_file(), mesh
