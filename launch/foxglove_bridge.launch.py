# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""foxglove_bridge for the robot's topics and services, seen from this machine only."""

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description() -> LaunchDescription:
    """Return the bridge, restricted to the robot's namespace, diagnostics and frames."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "namespace", default_value="reachy_mini", description="Namespace of the robot"
            ),
            DeclareLaunchArgument(
                "foxglove_address", default_value="127.0.0.1", description="Listens here"
            ),
            DeclareLaunchArgument(
                "foxglove_port", default_value="8765", description="Listens here"
            ),
            OpaqueFunction(function=start),
        ]
    )


def start(context: LaunchContext) -> list[Action]:
    """Return foxglove_bridge; its lists hold regular expressions of whole names."""
    namespace = LaunchConfiguration("namespace").perform(context).strip("/")
    robot = f"/{namespace}/.*" if namespace else ".*"
    return [
        Node(
            package="foxglove_bridge",
            executable="foxglove_bridge",
            parameters=[
                {
                    "address": LaunchConfiguration("foxglove_address"),
                    "port": LaunchConfiguration("foxglove_port"),
                    "topic_whitelist": [robot, "/diagnostics", "/rosout", "/tf", "/tf_static"],
                    "service_whitelist": [robot],
                    "param_whitelist": [robot],
                    "client_topic_whitelist": [robot],
                }
            ],
            output="screen",
        )
    ]
