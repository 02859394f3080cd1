# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is new is delivered, what a stall has kept is not; in virtual time, by all sorts of stalls.

A sample is the time at which it was made, so that its age and its apparent speed are known.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby

import pytest
from harness.fuzzing import BOUNDED
from harness.virtual_time import VirtualLoop
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.robot.daemon.pace import PERIOD_S, Pace

SPAN_S = 3.0
STALL_AT_S = 1.0
AGE_S = 1.5 * PERIOD_S
"""A state as old as this is one that has just been missed, and the way to us."""


@dataclass
class Line:
    """A line between the daemon and us, and what was delivered at its end."""

    delivered: list[tuple[float, float]] = field(default_factory=list)
    """When it arrived, when it was made."""

    def __post_init__(self) -> None:
        self.pace: Pace[tuple[float, float]] = Pace(self.delivered.append)

    def carry(self, arrivals: Iterable[tuple[float, float]]) -> None:
        """Let samples arrive, given as when they do and when they were made."""
        loop = VirtualLoop()

        def arrive(arrived_s: float, together: list[float]) -> None:
            for made_s in together:
                self.pace.take((arrived_s, made_s), arrived_s)

        def begin() -> None:
            for arrived_s, group in groupby(arrivals, lambda arrival: arrival[0]):
                loop.call_at(arrived_s, arrive, arrived_s, [made_s for _, made_s in group])

        loop.run(SPAN_S + 1.0, begin)

    @property
    def oldest_s(self) -> float:
        return max(arrived_s - made_s for arrived_s, made_s in self.delivered)

    @property
    def fastest(self) -> float:
        """How much faster than it is the robot seems to move."""
        pairs = zip(self.delivered, self.delivered[1:], strict=False)
        return max(
            (made_s - made_before_s) / (arrived_s - arrived_before_s)
            for (arrived_before_s, made_before_s), (arrived_s, made_s) in pairs
        )

    def back_within_s(self, stall_end_s: float) -> float:
        """Return when the first of three samples in the daemon's own pace came after a stall."""
        times_s = [arrived_s for arrived_s, _ in self.delivered if arrived_s >= stall_end_s]
        for one, _, three in zip(times_s, times_s[1:], times_s[2:], strict=False):
            if three - one < 3 * PERIOD_S:
                return one - stall_end_s
        raise AssertionError("it never came back")


def made(until_s: float = SPAN_S, period_s: float = PERIOD_S) -> list[float]:
    return [number * period_s for number in range(round(until_s / period_s))]


def kept(stall_s: float, let_go: Callable[[int], float]) -> list[tuple[float, float]]:
    """Return arrivals with a stall; number n of what was kept comes ``let_go(n)`` after its end."""
    end_s = STALL_AT_S + stall_s
    arrivals = [(made_s, made_s) for made_s in made() if made_s < STALL_AT_S]
    last_s = 0.0
    for number, made_s in enumerate(made_s for made_s in made() if made_s >= STALL_AT_S):
        last_s = max(made_s, last_s, end_s + let_go(number) if made_s < end_s else 0.0)
        arrivals.append((last_s, made_s))
    return arrivals


WAYS = {
    "all at once": lambda number: 0.0,
    "one by one": lambda number: 0.0001 * number,
    "slowly": lambda number: 0.004 * number,
    "in parts, as TCP begins again": lambda number: 0.03 * (number + 2).bit_length() - 0.06,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stall_s", [0.07, 0.1, 0.2, 0.45, 0.9])
def test_what_a_stall_has_kept_is_not_delivered(stall_s: float, way: str) -> None:
    line = Line()
    line.carry(kept(stall_s, WAYS[way]))
    assert line.oldest_s <= AGE_S
    assert line.fastest < 3.0
    assert line.pace.gaps >= 1
    assert line.pace.longest_gap_s == pytest.approx(stall_s, abs=1.1 * PERIOD_S)
    assert line.pace.bursts >= 1
    if way in ("all at once", "one by one"):
        assert line.pace.bursts == 1
    assert len(line.delivered) + line.pace.dropped == len(made())


@BOUNDED
@given(st.floats(0.07, 0.95), st.sampled_from(sorted(WAYS)))
def test_whatever_the_stall_nothing_old_is_delivered(stall_s: float, way: str) -> None:
    line = Line()
    line.carry(kept(stall_s, WAYS[way]))
    assert line.oldest_s <= AGE_S
    assert line.fastest < 4.0


@pytest.mark.parametrize("way", ["all at once", "one by one"])
@pytest.mark.parametrize("stall_s", [0.07, 0.1, 0.2, 0.45, 0.9])
def test_after_a_stall_the_newest_comes_at_once(stall_s: float, way: str) -> None:
    line = Line()
    line.carry(kept(stall_s, WAYS[way]))
    assert line.back_within_s(STALL_AT_S + stall_s) <= 1.5 * PERIOD_S


@pytest.mark.parametrize("stall_s", [0.022, 0.031, 0.045, 0.059])
def test_the_newest_of_a_few_that_were_late_is_delivered_alone(stall_s: float) -> None:
    line = Line()
    line.carry(kept(stall_s, WAYS["one by one"]))
    assert line.oldest_s <= PERIOD_S
    assert line.fastest < 2.0


@pytest.mark.parametrize("pause_s", [0.1, 0.45, 0.9])
def test_a_daemon_that_pauses_is_back_soon(pause_s: float) -> None:
    """It has made nothing meanwhile, so that nothing is old, which shows by the pace alone."""
    line = Line()
    times_s = [made_s if made_s < STALL_AT_S else made_s + pause_s for made_s in made()]
    line.carry((made_s, made_s) for made_s in times_s)
    assert line.back_within_s(STALL_AT_S + pause_s) <= 2.1 * PERIOD_S
    assert line.pace.dropped == 2
    assert line.pace.bursts == 0


@BOUNDED
@given(st.lists(st.floats(-0.004, 0.004), min_size=50, max_size=50))
def test_what_comes_in_time_is_delivered_as_it_comes(jitter_s: list[float]) -> None:
    line = Line()
    line.carry((1.0 + 0.02 * number + off, 0.0) for number, off in enumerate(jitter_s))
    assert len(line.delivered) == 50
    assert (line.pace.dropped, line.pace.gaps, line.pace.bursts) == (0, 0, 0)


@pytest.mark.parametrize("period_s", [0.0211, 0.04, 0.055], ids=["MuJoCo", "25 Hz", "18 Hz"])
def test_a_daemon_that_is_slower_loses_nothing(period_s: float) -> None:
    line = Line()
    line.carry((made_s, made_s) for made_s in made(2.0, period_s))
    assert len(line.delivered) == len(made(2.0, period_s))


def test_of_a_daemon_that_is_faster_as_much_as_of_ours_is_delivered() -> None:
    line = Line()
    line.carry((made_s, made_s) for made_s in made(2.0, 0.004))
    assert len(line.delivered) > 100


def test_a_new_connection_begins_with_what_is_new() -> None:
    line = Line()
    loop = VirtualLoop()

    def begin() -> None:
        line.pace.take((0.0, 0.0), 0.0)
        line.pace.reset()
        line.pace.take((5.0, 5.0), 5.0)

    loop.run(1.0, begin)
    assert line.delivered == [(5.0, 5.0)]
    assert line.pace.gaps == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stall_s", [0.1, 0.6])
def test_what_was_kept_since_a_connection_was_opened_is_not_delivered(
    stall_s: float, way: str
) -> None:
    line = Line()
    line.pace.reset(STALL_AT_S)
    line.carry(arrival for arrival in kept(stall_s, WAYS[way]) if arrival[1] >= STALL_AT_S)
    assert line.oldest_s <= AGE_S
    assert line.back_within_s(STALL_AT_S + stall_s) < 0.5
    assert line.pace.gaps == 0


def test_a_daemon_that_begins_late_on_a_new_connection_is_soon_there() -> None:
    line = Line()
    line.pace.reset(0.0)
    line.carry((made_s, made_s) for made_s in made() if made_s >= STALL_AT_S)
    assert line.back_within_s(STALL_AT_S) <= 2.1 * PERIOD_S
    assert (line.pace.dropped, line.pace.gaps) == (2, 0)
