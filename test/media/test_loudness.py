# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Level and activity of sound."""

import numpy as np
import pytest

from reachy_mini_ros.media.loudness import Activity, Meter, level_dbfs, power


@pytest.mark.parametrize(("amplitude", "level"), [(32767, -3.0), (3276.7, -23.0), (0, -100.0)])
def test_level_is_that_of_the_sine(amplitude: float, level: float) -> None:
    sine = (amplitude * np.sin(np.arange(16000) * 2 * np.pi * 440 / 16000)).astype(np.int16)
    assert level_dbfs(power(sine[:, None])) == pytest.approx(level, abs=0.05)


def test_no_samples_are_silence_and_a_full_square_is_zero() -> None:
    assert power(np.zeros((0, 1), np.int16)) == 0.0
    assert level_dbfs(power(np.full((100, 2), -32768, np.int16))) == 0.0
    assert power(np.array([[-32768]], np.int16)) == 1.0
    assert level_dbfs(10**-9.9) == pytest.approx(-99.0)


def test_the_meter_averages_power_not_decibels() -> None:
    meter = Meter(2)
    assert meter.add(0.0) is None
    assert meter.add(0.2) == pytest.approx(-10.0)
    assert meter.add(1.0) is None
    assert meter.add(1.0) == 0.0


def run(activity: Activity, levels: list[float]) -> list[bool]:
    """Return the state after each 20 ms of these levels."""
    states = []
    for level in levels:
        before = activity.active
        changed = activity.add(level, 0.02)
        assert changed == (activity.active != before)
        states.append(activity.active)
    return states


def test_a_click_is_no_activity_and_60_ms_are() -> None:
    assert run(Activity(-40), [-90, -20, -20, -90, -20, -20, -20]) == [False] * 6 + [True]


def test_a_level_about_the_threshold_does_not_flicker() -> None:
    activity = Activity(-40)
    run(activity, [-39] * 3)
    assert all(run(activity, [-41, -39, -45] * 50))


def test_six_decibels_below_the_threshold_it_goes_on() -> None:
    activity = Activity(-40)
    assert run(activity, [-40] * 9) == [False] * 9, "at the threshold is not above it"
    run(activity, [-39.9] * 3)
    assert all(run(activity, [-46] * 50))
    assert not run(activity, [-46.1] * 15)[-1]


def test_a_pause_of_300_ms_ends_it() -> None:
    activity = Activity(-40)
    run(activity, [-30] * 3)
    assert run(activity, [-90] * 15) == [True] * 14 + [False]


def test_a_short_pause_does_not_end_it() -> None:
    activity = Activity(-40)
    run(activity, [-30] * 3)
    assert all(run(activity, ([-90] * 14 + [-30]) * 5))
