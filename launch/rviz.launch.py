# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RViz with the robot, its head pose and its camera."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description() -> LaunchDescription:
    """Return RViz in the robot's namespace, so that the configuration's relative topics fit."""
    config = Path(get_package_share_directory("reachy_mini_ros")) / "config" / "reachy_mini.rviz"
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "namespace", default_value="reachy_mini", description="Namespace of the robot"
            ),
            Node(
                package="rviz2",
                executable="rviz2",
                namespace=LaunchConfiguration("namespace"),
                arguments=["-d", str(config)],
                output="screen",
            ),
        ]
    )
