# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the control node."""

from reachy_mini_ros.nodes.common.parameters import FRAME_PREFIX, ROBOT_HOST, ROBOT_PORT, Param
from reachy_mini_ros.robot.motion import options

_MOVES = (
    Param(
        "move_dataset",
        "pollen-robotics/reachy-mini-emotions-library",
        "Data set on the robot in which play_move looks for a move named without one",
    ),
    Param(
        "move_directory",
        "~/.ros/reachy_mini_moves",
        "Where record_move saves, and where play_move looks first",
        path=True,
    ),
    Param(
        "move_approach",
        1.0,
        "Duration of the goto to a move's beginning, s; 0: begin at once, with a jump",
        0.0,
        10.0,
    ),
)
_STATE = (
    Param(
        "imu.frame_id",
        "imu_link",
        "Frame of the IMU: the URDF has none, so publish a transform for it",
        read_only=True,
    ),
    Param(
        "imu.orientation_stddev",
        0.05,
        "Standard deviation of imu/data's orientation, rad; 0: unknown",
        0.0,
        10.0,
    ),
    Param(
        "imu.angular_velocity_stddev",
        0.005,
        "Standard deviation of imu/data's angular velocity, rad/s; 0: unknown",
        0.0,
        10.0,
    ),
    Param(
        "imu.linear_acceleration_stddev",
        0.05,
        "Standard deviation of imu/data's linear acceleration, m/s2; 0: unknown",
        0.0,
        100.0,
    ),
)
PARAMETERS = (
    ROBOT_HOST,
    ROBOT_PORT,
    FRAME_PREFIX,
    Param(
        "base_frame",
        "body_foot_3dprint",
        "The URDF's root, the frame of every head pose",
        read_only=True,
    ),
    *(Param(*option) for option in (*options.GOTO, *options.LIMITS)),
    *_STATE,
    *_MOVES,
    Param(
        "admin",
        False,
        "Whether apps and updates of the robot can be installed, started and removed: app, admin/*",
        read_only=True,
    ),
)
