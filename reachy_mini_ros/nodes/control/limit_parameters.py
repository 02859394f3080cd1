# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node's parameters of arbitration and limits."""

from collections.abc import Mapping
from typing import Any

from reachy_mini_ros.nodes.common.parameters import Param
from reachy_mini_ros.robot.geometry.limits import DOCUMENTED, Reach
from reachy_mini_ros.robot.motion.commander import Limits
from reachy_mini_ros.robot.motion.ramp import Speeds

_SPEED = "Maximum {} of streamed targets, {}; larger steps are ramped; 0: no limit"
_DEFAULTS = Speeds()

PARAMETERS = (
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


def limits_of(values: Mapping[str, Any]) -> Limits:
    """Return what the node's parameters say."""
    return Limits(
        command_timeout_s=values["command_timeout"],
        reach=Reach(
            tilt_rad=values["max_reach.tilt"],
            head_to_body_rad=values["max_reach.head_to_body"],
            translation_m=values["max_reach.translation"],
            body_rad=values["max_reach.body"],
            antennas_rad=values["max_reach.antennas"],
        ),
        clamp=values["out_of_reach"] == "clamp",
        speeds=Speeds(
            head_rad_s=values["max_speed.head_rotation"],
            head_m_s=values["max_speed.head_translation"],
            body_rad_s=values["max_speed.body"],
            antennas_rad_s=values["max_speed.antennas"],
        ),
    )
