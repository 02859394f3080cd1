# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one door to the robot's SDK: messages as the SDK reads them, and a clear word without it."""

import importlib.util
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote, urlparse
from uuid import uuid4

import numpy as np
import pytest
from harness.processes import Processes

from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.state import Interpolation, Target

WITHOUT = """
import sys

class Without:
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)

missing = sys.argv.pop()
sys.meta_path.insert(0, Without())
from reachy_mini_ros.nodes.bringup import control
control()
"""


@pytest.mark.parametrize(
    ("missing", "advice"),
    [
        ("reachy_mini", 'pip install "reachy-mini'),
        ("gi", "apt install python3-gi"),
        ("pydantic", "reinstall it with its dependencies"),
    ],
)
def test_without_the_sdk_the_node_ends_with_one_line_that_says_what_to_install(
    processes: Processes, missing: str, advice: str
) -> None:
    pytest.importorskip("rclpy", reason="a node needs ROS")
    child = processes.start(sys.executable, "-c", WITHOUT, missing)
    line = child.wait_failed()
    assert line.startswith("control: ")
    assert advice in line


def test_head_joints_and_antennas_are_two_messages() -> None:
    target = Target(head_joints=np.arange(7.0), antennas=np.array([1.0, 2.0]))
    head, antennas = (json.loads(message) for message in sdk.target_messages(target))
    assert head == {"type": "set_head_joints", "joints": list(range(7))}
    assert antennas == {"type": "set_antennas", "antennas": [1.0, 2.0]}


@pytest.mark.parametrize("method", list(Interpolation))
def test_a_goto_names_only_what_is_to_move(method: Interpolation) -> None:
    uuid = uuid4()
    target = Target(antennas=np.array([0.5, -0.5]))
    message = json.loads(sdk.goto_message(uuid, target, 1.5, method))
    assert message["uuid"] == str(uuid)
    assert message["req"] == {
        "head": None,
        "antennas": [0.5, -0.5],
        "duration": 1.5,
        "method": method.value,
        "body_yaw": None,
    }


def test_a_status_of_a_foreign_version_is_an_error_that_names_the_versions() -> None:
    with pytest.raises(RobotError, match=f"installed reachy_mini {sdk.version()}"):
        sdk.parse_status({"type": "daemon_status", "state": "dancing"})


def test_the_neutral_head_is_as_high_as_in_the_assets() -> None:
    package = importlib.util.find_spec("reachy_mini")
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).parent / "assets" / "kinematics_data.json"
    assert json.loads(file.read_text())["head_z_offset"] == sdk.ROOT_TO_NEUTRAL_HEAD_M


def test_urdf_has_the_joints_and_its_meshes_exist() -> None:
    robot = ElementTree.fromstring(sdk.robot_description())
    joints = {joint.get("name") for joint in robot.findall("joint")}
    assert {"yaw_body", "stewart_1", "stewart_6", "right_antenna", "left_antenna"} <= joints
    meshes = {str(mesh.get("filename")) for mesh in robot.iter("mesh")}
    assert len(meshes) > 10
    for mesh in meshes:
        assert Path(unquote(urlparse(mesh).path)).is_file(), mesh
