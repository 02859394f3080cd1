# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What may be chosen of the limits is what commands are held to."""

from dataclasses import asdict

import pytest

from reachy_mini_ros.robot.motion.commander import Limits
from reachy_mini_ros.robot.motion.limit_values import limits_of
from reachy_mini_ros.robot.motion.options import GOTO, LIMITS
from reachy_mini_ros.robot.state import Interpolation

DEFAULTS = {option.name: option.default for option in LIMITS}
PLACES = {
    "command_timeout": ("command_timeout_s",),
    "max_reach.tilt": ("reach", "tilt_rad"),
    "max_reach.head_to_body": ("reach", "head_to_body_rad"),
    "max_reach.translation": ("reach", "translation_m"),
    "max_reach.body": ("reach", "body_rad"),
    "max_reach.antennas": ("reach", "antennas_rad"),
    "max_speed.head_rotation": ("speeds", "head_rad_s"),
    "max_speed.head_translation": ("speeds", "head_m_s"),
    "max_speed.body": ("speeds", "body_rad_s"),
    "max_speed.antennas": ("speeds", "antennas_rad_s"),
}


def test_the_defaults_are_those_of_a_program_that_chooses_nothing() -> None:
    assert limits_of(DEFAULTS) == Limits()


@pytest.mark.parametrize("name", PLACES)
def test_a_number_goes_to_its_place_and_nowhere_else(name: str) -> None:
    changed = asdict(limits_of({**DEFAULTS, name: 0.0625}))
    place = expected = asdict(Limits())
    *parts, last = PLACES[name]
    for part in parts:
        place = place[part]
    place[last] = 0.0625
    assert changed == expected


def test_a_target_out_of_reach_is_clamped_where_that_is_chosen() -> None:
    assert limits_of({**DEFAULTS, "out_of_reach": "clamp"}) == Limits(clamp=True)
    assert {*PLACES, "out_of_reach"} == set(DEFAULTS), "every option has its place"


def test_what_may_be_chosen() -> None:
    ranges = {option.name: (option.minimum, option.maximum) for option in (*GOTO, *LIMITS)}
    assert ranges == {
        "goto.duration": (0.1, 60.0),
        "goto.method": (None, None),
        "command_timeout": (0.05, 10.0),
        "out_of_reach": (None, None),
        "max_speed.head_rotation": (0.0, 8.0),
        "max_speed.head_translation": (0.0, 0.3),
        "max_speed.body": (0.0, 8.0),
        "max_speed.antennas": (0.0, 20.0),
        "max_reach.tilt": (0.0, 0.698),
        "max_reach.head_to_body": (0.0, 1.134),
        "max_reach.translation": (0.0, 0.1),
        "max_reach.body": (0.0, 2.793),
        "max_reach.antennas": (0.0, 3.142),
    }
    choices = {option.name: option.choices for option in (*GOTO, *LIMITS) if option.choices}
    assert choices == {"goto.method": tuple(Interpolation), "out_of_reach": ("refuse", "clamp")}
    assert {option.name: option.default for option in GOTO} == {
        "goto.duration": 1.0,
        "goto.method": "minjerk",
    }
