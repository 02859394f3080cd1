#!/usr/bin/env python3
# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drive the robot from Python alone, with no ROS: look left, play a move, stop.

examples/without_ros.py reachy-mini.local      (or 127.0.0.1, where the simulation or a Lite runs)
"""

import asyncio
import sys

from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.geometry.rotations import head_pose
from reachy_mini_ros.robot.state import Target

MOVE = "pollen-robotics/reachy-mini-emotions-library/cheerful1"


async def main(host: str = "reachy-mini.local", port: str = "8000", move: str = MOVE) -> None:
    """Connect, wake the robot up, look left, play a move, stop."""
    async with Driver(host, int(port)) as robot:
        print(await robot.wake_up())
        print(await robot.goto(Target(head_pose=head_pose(yaw=0.5)), duration_s=0.8))
        print(await robot.play_move(move))
        print(await robot.stop())


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except ReachyMiniRosError as error:
        sys.exit(str(error))
