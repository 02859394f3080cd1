# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The values of options.LIMITS as the commander takes them."""

from collections.abc import Mapping
from typing import Any

from reachy_mini_ros.robot.geometry.limits import Reach
from reachy_mini_ros.robot.motion.commander import Limits
from reachy_mini_ros.robot.motion.ramp import Speeds


def limits_of(values: Mapping[str, Any]) -> Limits:
    """Return what the values, by their options' names, say."""
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
