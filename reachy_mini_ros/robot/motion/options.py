# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What may be chosen of how a robot is moved: one table, for parameters of ROS and the app."""

from typing import NamedTuple

from reachy_mini_ros.robot.geometry.limits import DOCUMENTED
from reachy_mini_ros.robot.motion.ramp import Speeds
from reachy_mini_ros.robot.state import Interpolation


class Option(NamedTuple):
    """One of them, by the name of its parameter."""

    name: str
    default: float | str
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


_SPEED = "Maximum {}, of streamed targets, {}; larger steps are ramped; 0: no limit"
_DEFAULTS = Speeds()

GOTO = (
    Option("goto.duration", 1.0, "Duration of a goto, s", 0.1, 60.0),
    Option(
        "goto.method",
        "minjerk",
        "Time law of a goto",
        choices=tuple(method.value for method in Interpolation),
    ),
)
LIMITS = (
    Option(
        "command_timeout",
        0.5,
        "A stream of targets has ended after this long without one, s: after a stop, targets are "
        "refused until then",
        0.05,
        10.0,
    ),
    Option(
        "out_of_reach",
        "refuse",
        "What happens to a target out of reach; clamp: the nearest reachable one is taken",
        choices=("refuse", "clamp"),
    ),
    Option(
        "max_speed.head_rotation",
        _DEFAULTS.head_rad_s,
        _SPEED.format("speed of roll, pitch and yaw together, and of the stewart joints", "rad/s"),
        0.0,
        8.0,
    ),
    Option(
        "max_speed.head_translation",
        _DEFAULTS.head_m_s,
        _SPEED.format("speed of the head's position", "m/s"),
        0.0,
        0.3,
    ),
    Option(
        "max_speed.body",
        _DEFAULTS.body_rad_s,
        _SPEED.format("speed of the body's yaw", "rad/s"),
        0.0,
        8.0,
    ),
    Option(
        "max_speed.antennas",
        _DEFAULTS.antennas_rad_s,
        _SPEED.format("speed of an antenna", "rad/s"),
        0.0,
        20.0,
    ),
    *(
        Option(f"max_reach.{name}", farthest, f"Farthest {what}", 0.0, farthest)
        for name, farthest, what in (
            ("tilt", DOCUMENTED.tilt_rad, "roll and pitch of the head, either way, rad"),
            ("head_to_body", DOCUMENTED.head_to_body_rad, "yaw of the head from the body's, rad"),
            ("translation", DOCUMENTED.translation_m, "position of the head from neutral, m"),
            ("body", DOCUMENTED.body_rad, "yaw of the body, either way, rad"),
            ("antennas", DOCUMENTED.antennas_rad, "angle of an antenna, either way, rad"),
        )
    ),
)
