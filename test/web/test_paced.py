# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Gotos no faster than is wanted."""

import pytest

from reachy_mini_ros.web import paced


def test_a_large_turn_is_made_of_equal_steps_that_end_where_it_is_to_go() -> None:
    begin, end = {"yaw": -30.0, "pitch": 0.0, "z": 0.0}, {"yaw": 60.0, "pitch": 10.0, "z": 0.01}
    steps = list(paced.steps(begin, end, 0.5, 60.0))
    assert [step["yaw"] for step in steps] == pytest.approx([0.0, 30.0, 60.0])
    assert [step["pitch"] for step in steps] == pytest.approx([10 / 3, 20 / 3, 10.0])
    assert steps[-1] == end


@pytest.mark.parametrize("yaw", [30.0, 0.0])
def test_what_is_slow_enough_is_one_goto(yaw: float) -> None:
    assert list(paced.steps({"yaw": 0.0}, {"yaw": yaw}, 0.5, 60.0)) == [{"yaw": yaw}]


def test_what_begins_nowhere_is_in_each_step() -> None:
    steps = list(paced.steps({"yaw": 0.0}, {"yaw": 60.0, "duration": 1.0}, 1.0, 30.0))
    assert steps == [{"yaw": 30.0, "duration": 1.0}, {"yaw": 60.0, "duration": 1.0}]
