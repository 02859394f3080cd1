# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""rqt with the robot's pictures, joints, services and diagnostics."""

import tempfile
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

CONFIG = Path(get_package_share_directory("reachy_mini_ros")) / "config"


def generate_launch_description() -> LaunchDescription:
    """Return rqt with the perspective for the robot's namespace."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "namespace", default_value="reachy_mini", description="Namespace of the robot"
            ),
            OpaqueFunction(function=start),
        ]
    )


def start(context: LaunchContext) -> list[Action]:
    """Return rqt; its node stays in the root namespace, where its monitor finds /diagnostics."""
    namespace = LaunchConfiguration("namespace").perform(context).strip("/")
    perspective = (CONFIG / "reachy_mini.perspective").read_text(encoding="utf-8")
    # rqt keeps what it opened under the file's name: one entry in its menu for each robot.
    name = namespace.replace("/", "_") or "root"
    copy = Path(tempfile.mkdtemp(prefix="reachy_mini_")) / f"{name}.perspective"
    topics = f"/{namespace}/" if namespace else "/"
    copy.write_text(perspective.replace("/reachy_mini/", topics), encoding="utf-8")
    return [
        Node(
            package="rqt_gui",
            executable="rqt_gui",
            arguments=["--perspective-file", str(copy)],
            output="screen",
        )
    ]
