# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the control node."""

from reachy_mini_ros.nodes.common.parameters import ROBOT_HOST, ROBOT_PORT, Param
from reachy_mini_ros.robot.geometry.limits import DOCUMENTED
from reachy_mini_ros.robot.motion.ramp import Speeds
from reachy_mini_ros.robot.state import Interpolation

_SPEED = "Maximum {}, of streamed targets, {}; larger steps are ramped; 0: no limit"
_DEFAULTS = Speeds()

_LIMITS = (
    Param(
        "command_timeout",
        0.5,
        "A stream of targets has ended after this long without one, s: after a stop, targets are "
        "refused until then",
        0.05,
        10.0,
    ),
    Param(
        "out_of_reach",
        "refuse",
        "What happens to a target out of reach; clamp: the nearest reachable one is taken",
        choices=("refuse", "clamp"),
    ),
    Param(
        "max_speed.head_rotation",
        _DEFAULTS.head_rad_s,
        _SPEED.format("speed of roll, pitch and yaw together, and of the stewart joints", "rad/s"),
        0.0,
        8.0,
    ),
    Param(
        "max_speed.head_translation",
        _DEFAULTS.head_m_s,
        _SPEED.format("speed of the head's position", "m/s"),
        0.0,
        0.3,
    ),
    Param(
        "max_speed.body",
        _DEFAULTS.body_rad_s,
        _SPEED.format("speed of the body's yaw", "rad/s"),
        0.0,
        8.0,
    ),
    Param(
        "max_speed.antennas",
        _DEFAULTS.antennas_rad_s,
        _SPEED.format("speed of an antenna", "rad/s"),
        0.0,
        20.0,
    ),
    *(
        Param(f"max_reach.{name}", farthest, f"Farthest {what}", 0.0, farthest)
        for name, farthest, what in (
            ("tilt", DOCUMENTED.tilt_rad, "roll and pitch of the head, either way, rad"),
            ("head_to_body", DOCUMENTED.head_to_body_rad, "yaw of the head from the body's, rad"),
            ("translation", DOCUMENTED.translation_m, "position of the head from neutral, m"),
            ("body", DOCUMENTED.body_rad, "yaw of the body, either way, rad"),
            ("antennas", DOCUMENTED.antennas_rad, "angle of an antenna, either way, rad"),
        )
    ),
)
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
    Param(
        "base_frame",
        "body_foot_3dprint",
        "The URDF's root, the frame of every head pose",
        read_only=True,
    ),
    Param("goto.duration", 1.0, "Duration of a goto, s", 0.1, 60.0),
    Param(
        "goto.method",
        "minjerk",
        "Time law of a goto",
        choices=tuple(method.value for method in Interpolation),
    ),
    *_LIMITS,
    *_STATE,
    *_MOVES,
)
