# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The order in which a panorama's pictures are taken, and what is no plan."""

import math
from collections.abc import Sequence

import pytest

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry.scan_plan import MOST_STEPS, Step, plan

ALL_AROUND = range(-160, 161, 40)


def test_a_plan_takes_no_long_ways() -> None:
    steps = plan((-30, 0, 30), (-10, 10), (-60, 60))
    assert [step.yaw for step in steps] == [-90, -60, -30, -30, -60, -90, 30, 60, 90, 90, 60, 30]
    assert [step.pitch for step in steps] == ([-10] * 3 + [10] * 3) * 2
    assert [step.body_yaw for step in steps] == [-60] * 6 + [60] * 6


def test_all_around_has_a_picture_every_40_degrees() -> None:
    steps = plan((), (0,), (), full_360=True)
    assert sorted(step.yaw for step in steps) == list(ALL_AROUND)
    assert {step.body_yaw for step in steps} == {-120, 0, 120}


def test_what_is_named_twice_is_taken_once() -> None:
    assert plan((5, 5), (0, 0), (0, 0)) == (Step(0, 5, 0),)


def test_rows_may_have_one_picture() -> None:
    assert plan((10,), (-20, 20), (0, 30)) == (
        *(Step(-20, 10, 0), Step(20, 10, 0)),
        *(Step(-20, 40, 30), Step(20, 40, 30)),
    )


def test_as_many_as_allowed_are_taken() -> None:
    assert len(plan(range(MOST_STEPS), (0,), (0,))) == MOST_STEPS
    for counts in ((61, 1, 1), (1, 61, 1), (1, 1, 61), (4, 4, 4)):
        with pytest.raises(InvalidCommandError, match=f"not {counts[0] * counts[1] * counts[2]}"):
            plan(*map(range, counts))


@pytest.mark.parametrize(
    ("yaws", "text"), [((), "not 0"), ([0.0] * (MOST_STEPS + 1), "not 61"), ((math.nan,), "finite")]
)
def test_a_plan_that_is_none_is_refused(yaws: Sequence[float], text: str) -> None:
    with pytest.raises(InvalidCommandError, match=text):
        plan(yaws, (0,), (0,))
