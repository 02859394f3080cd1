# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
import itertools
import random

import pytest

from reachy_mini_ros.media.rate import RateChooser


def stream(rate_hz: float, seconds: float, jitter_s: float = 0.0) -> list[int]:
    """Return capture times in ns: sorted, never twice the same."""
    chance = random.Random(1)
    times = [k / rate_hz + chance.uniform(0, jitter_s) for k in range(int(rate_hz * seconds))]
    return sorted(round(time * 1e9) for time in times)


def chosen(rate_hz: float, times_ns: list[int]) -> list[int]:
    chooser = RateChooser(rate_hz)
    return [time for time in times_ns if chooser.choose(time)]


def intervals_s(times_ns: list[int]) -> list[float]:
    return [(b - a) / 1e9 for a, b in itertools.pairwise(times_ns)]


@pytest.mark.parametrize("source_hz", [29.7, 29.97, 30.0, 30.03, 30.3])
def test_half_of_the_frames_are_every_second_one_without_beat(source_hz: float) -> None:
    times = stream(source_hz, 60, jitter_s=0.008)
    assert chosen(15, times)[2:] == times[::2][2:] or chosen(15, times)[2:] == times[1::2][2:]


@pytest.mark.parametrize("source_hz", [15.0, 24.0, 29.97, 30.0, 59.94, 60.0, 90.0])
@pytest.mark.parametrize("rate_hz", [1, 2, 7, 10, 12.5, 15, 20, 25, 29, 30, 50, 60])
def test_rate_is_the_wanted_one_or_the_sources(source_hz: float, rate_hz: float) -> None:
    times = chosen(rate_hz, stream(source_hz, 30, jitter_s=0.1 / source_hz))
    expected = min(rate_hz, source_hz)
    assert len(times) / 30 == pytest.approx(expected, rel=0.012, abs=0.05)


@pytest.mark.parametrize("rate_hz", [7, 12.5, 20, 25])
def test_frames_are_never_more_than_one_source_period_off_an_even_spacing(rate_hz: float) -> None:
    gaps = intervals_s(chosen(rate_hz, stream(30, 20)))
    assert all(abs(gap - 1 / rate_hz) <= 1 / 30 + 1e-6 for gap in gaps[2:])


def test_lost_frames_do_not_shift_what_follows() -> None:
    chance = random.Random(2)
    times = [time for time in stream(30, 60) if chance.random() > 0.05]
    picked = chosen(15, times)
    assert len(picked) / 60 == pytest.approx(15, rel=0.06)
    assert max(intervals_s(picked)) < 0.2


def test_a_pause_of_the_source_is_not_made_up_for() -> None:
    before, after = stream(30, 5), [time + 60 * 10**9 for time in stream(30, 5)]
    picked = chosen(15, before + after)
    assert sum(time < 6e9 for time in picked) == pytest.approx(75, abs=2)
    assert sum(time > 6e9 for time in picked) == pytest.approx(75, abs=2)
    after_s = intervals_s([time for time in picked if time > 6e9])
    assert after_s[1:] == pytest.approx([1 / 15] * len(after_s[1:]), abs=1e-6)


def test_rate_can_change_on_the_way() -> None:
    chooser = RateChooser(15)
    times = stream(30, 20)
    first = [time for time in times if time < 10e9 and chooser.choose(time)]
    chooser.rate_hz = 5
    second = [time for time in times if time >= 10e9 and chooser.choose(time)]
    assert len(first) == pytest.approx(150, abs=3)
    assert len(second) == pytest.approx(50, abs=2)
