# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's URDF as the SDK has it; an executable too, so that launch files can ask for it."""

import sys

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.robot import sdk

MESH_PREFIX = "package://assets/"


def robot_description() -> str:
    """Return the URDF with mesh addresses that RViz opens (``file://``).

    Raises SetupError if the SDK is not installed.
    """
    path = sdk.urdf_path()
    text = path.read_text(encoding="utf-8")
    return text.replace(MESH_PREFIX, (path.parent / "assets").as_uri() + "/")


def main() -> None:
    """Print the URDF."""
    try:
        print(robot_description())
    except SetupError as error:
        sys.exit(f"reachy_mini_ros: {error}")
