# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""robot_state_publisher with the robot's URDF."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from reachy_mini_ros.robot.description import robot_description


def generate_launch_description() -> LaunchDescription:
    """Return robot_state_publisher in the robot's namespace."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "namespace", default_value="reachy_mini", description="Namespace of joint_states"
            ),
            Node(
                package="robot_state_publisher",
                executable="robot_state_publisher",
                namespace=LaunchConfiguration("namespace"),
                # As often as joint_states comes; the default of 20 Hz would make TF lag.
                parameters=[{"robot_description": robot_description(), "publish_frequency": 50.0}],
                output="screen",
            ),
        ]
    )
