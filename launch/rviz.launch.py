# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RViz with the robot, its head pose and its camera."""

import tempfile
from pathlib import Path

import yaml
from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

CONFIG = Path(get_package_share_directory("reachy_mini_ros")) / "config" / "reachy_mini.rviz"


def generate_launch_description() -> LaunchDescription:
    """Return RViz in the robot's namespace, so that the configuration's relative topics fit."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "namespace", default_value="reachy_mini", description="Namespace of the robot"
            ),
            DeclareLaunchArgument(
                "frame_prefix", default_value="", description="What its TF frames begin with"
            ),
            OpaqueFunction(function=start),
        ]
    )


def start(context: LaunchContext) -> list[Action]:
    """Return RViz."""
    prefix = LaunchConfiguration("frame_prefix").perform(context)
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            namespace=LaunchConfiguration("namespace"),
            arguments=["-d", str(with_prefix(prefix) if prefix else CONFIG)],
            output="screen",
        )
    ]


def with_prefix(prefix: str) -> Path:
    """Return a copy of the configuration for frames that begin with ``prefix``."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    manager = config["Visualization Manager"]
    manager["Global Options"]["Fixed Frame"] = prefix + manager["Global Options"]["Fixed Frame"]
    for display in manager["Displays"]:
        if display["Class"].endswith("/RobotModel"):
            display["TF Prefix"] = prefix.removesuffix("/")  # RViz puts the / there itself
    copy = Path(tempfile.mkdtemp(prefix="reachy_mini_")) / "reachy_mini.rviz"
    copy.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return copy
