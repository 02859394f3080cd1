# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""web_video_server for the robot's pictures, seen from this machine only."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description() -> LaunchDescription:
    """Return web_video_server, passing the camera's JPEG through instead of encoding again."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "web_video_server_address", default_value="127.0.0.1", description="Listens here"
            ),
            DeclareLaunchArgument(
                "web_video_server_port", default_value="8080", description="Listens here"
            ),
            Node(
                package="web_video_server",
                executable="web_video_server",
                parameters=[
                    {
                        "address": LaunchConfiguration("web_video_server_address"),
                        "port": LaunchConfiguration("web_video_server_port"),
                        "default_stream_type": "ros_compressed",
                        "default_snapshot_type": "ros_compressed",  # from its version 3 on
                        "verbose": False,  # by default it logs every request
                    }
                ],
                output="screen",
            ),
        ]
    )
