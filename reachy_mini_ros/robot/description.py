# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``robot_description``: prints the robot's URDF; launch files ask it."""

import sys

from reachy_mini_ros.signals import end_at_signals

PROGRAM = "robot_description"


def main() -> None:
    """Print the URDF; exit 1 with one line if the SDK, which has it, is not installed."""
    end_at_signals()
    from reachy_mini_ros.command_line import Parser, fail

    Parser(
        PROGRAM,
        "Prints the URDF of Reachy Mini, out of its SDK, with the meshes as file:// addresses.\n"
        "bringup.launch.py gives it to robot_state_publisher.",
    ).parse_args(sys.argv[1:])
    from reachy_mini_ros.errors import SetupError
    from reachy_mini_ros.robot.sdk import robot_description

    try:
        print(robot_description())
    except SetupError as error:
        fail(PROGRAM, error)


if __name__ == "__main__":
    main()
