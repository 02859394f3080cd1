# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""robot_state_publisher with the robot's URDF."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import Command, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import ExecutableInPackage


def generate_launch_description() -> LaunchDescription:
    """Return robot_state_publisher in the robot's namespace."""
    # Asked of our executable: it runs in the environment that has the SDK, launch may not.
    urdf = Command([ExecutableInPackage("robot_description", "reachy_mini_ros")])
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "namespace", default_value="reachy_mini", description="Namespace of joint_states"
            ),
            DeclareLaunchArgument(
                "frame_prefix", default_value="", description="Put before all TF frames"
            ),
            Node(
                package="robot_state_publisher",
                executable="robot_state_publisher",
                namespace=LaunchConfiguration("namespace"),
                # As often as joint_states comes; the default of 20 Hz would make TF lag.
                parameters=[
                    {
                        "robot_description": ParameterValue(urdf, value_type=str),
                        "publish_frequency": 50.0,
                        "frame_prefix": ParameterValue(
                            LaunchConfiguration("frame_prefix"), value_type=str
                        ),
                    }
                ],
                output="screen",
            ),
        ]
    )
