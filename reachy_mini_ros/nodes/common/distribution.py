# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What differs between the distributions of ROS 2; no other module asks which one it is."""

import importlib.metadata
import os

_JAZZYS_RCLPY = "7."


def profiles_variables() -> tuple[str, str]:
    """Return the environment variables that name Fast DDS's profiles, the one to set first.

    Jazzy knows the old name only, later distributions warn about it.
    """
    old, new = "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"
    return (old, new) if _is_jazzy() else (new, old)


def knows_localhost_only() -> bool:
    """Tell whether ROS_LOCALHOST_ONLY=1 still keeps to this machine; since Kilted it is ignored."""
    return _is_jazzy()


def _is_jazzy() -> bool:
    name = os.environ.get("ROS_DISTRO")  # which wheels do not set
    if name:
        return name == "jazzy"
    return importlib.metadata.version("rclpy").startswith(_JAZZYS_RCLPY)
