# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
import random

import pytest

from reachy_mini_ros.media.capture_time import CaptureClock

START_NS = 7_000_000_000_000
PERIOD_NS = 33_333_333


@pytest.mark.parametrize("seed", range(20))
def test_estimates_never_lie_after_the_arrival_and_always_go_forward(seed: int) -> None:
    chance = random.Random(seed)
    clock = CaptureClock(held_back=seed % 3)
    media_ns, arrived_ns, last_ns = 0, START_NS, 0
    for _ in range(2000):
        media_ns += chance.choice([PERIOD_NS, PERIOD_NS, 2 * PERIOD_NS, chance.randrange(10**9)])
        if chance.random() < 0.002:
            media_ns += chance.choice([-(10**10), 2**32 * 11111, 10**10])
        arrived_ns += chance.randrange(1, 10**8)
        captured_ns = clock.captured_ns(media_ns, arrived_ns)
        assert last_ns < captured_ns <= arrived_ns
        last_ns = captured_ns


@pytest.mark.parametrize("held_back", [0, 1, 4])
def test_estimate_is_the_capture_time_plus_the_least_delay_whatever_the_jitter(
    held_back: int,
) -> None:
    chance = random.Random(3)
    clock = CaptureClock(held_back)
    errors_ns = []
    for k in range(600):
        captured_ns = START_NS + k * PERIOD_NS
        delay_ns = 20_000_000 + round(chance.expovariate(1 / 15e6)) + held_back * PERIOD_NS
        arrived_ns = captured_ns + delay_ns
        errors_ns.append(clock.captured_ns(k * PERIOD_NS, arrived_ns) - captured_ns)
    assert all(19e6 < error < 23e6 for error in errors_ns[150:])


@pytest.mark.parametrize("drift", [100e-6, -100e-6])
def test_drift_between_the_clocks_is_followed(drift: float) -> None:
    clock = CaptureClock()
    for k in range(30 * 600):
        captured_ns = START_NS + k * PERIOD_NS
        media_ns = round(k * PERIOD_NS * (1 + drift))  # 100 ppm: 60 ms in 10 minutes
        error_ns = clock.captured_ns(media_ns, captured_ns + 5_000_000) - captured_ns
        assert 3e6 < error_ns < 7e6


def test_a_sender_that_begins_anew_is_followed_at_once() -> None:
    clock = CaptureClock()
    for k in range(100):
        clock.captured_ns(k * PERIOD_NS, START_NS + k * PERIOD_NS)
    later_ns = START_NS + 60 * 10**9
    for k in range(10):
        arrived_ns = later_ns + k * PERIOD_NS
        assert clock.captured_ns(k * PERIOD_NS, arrived_ns) == arrived_ns


def test_the_first_frame_is_taken_for_one_of_thirty_a_second() -> None:
    assert CaptureClock(held_back=2).captured_ns(0, START_NS) == START_NS - 66_666_667
    assert CaptureClock().captured_ns(5, START_NS) == START_NS


@pytest.mark.parametrize("times", [1, 2])
def test_another_frame_rate_and_frames_with_one_time_are_followed(times: int) -> None:
    clock, captured_ns, error_ns = CaptureClock(held_back=1), START_NS, 0
    for number in range(500):
        period_ns = PERIOD_NS if number < 100 else 2 * PERIOD_NS
        captured_ns += period_ns
        for _ in range(times):
            media_ns = captured_ns - START_NS
            arrived_ns = captured_ns + 20_000_000 + period_ns
            error_ns = clock.captured_ns(media_ns, arrived_ns) - captured_ns
    assert error_ns == pytest.approx(20_000_000, abs=1_000_000)
