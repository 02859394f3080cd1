# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which messages a stop takes with it."""

import time

import pytest

from reachy_mini_ros.errors import BusyError
from reachy_mini_ros.nodes.control.stop_gate import MessageInfo, StopGate

SECOND_NS = 10**9


def info(sent_s: float, arrived_s: float, now_ns: int) -> MessageInfo:
    """Return what is told of a message, its times relative to now."""
    return {
        "source_timestamp": now_ns + round(sent_s * SECOND_NS),
        "received_timestamp": now_ns + round(arrived_s * SECOND_NS),
    }


@pytest.mark.parametrize(
    ("sent_s", "arrived_s", "passes"),
    [
        (0.1, 0.101, True),
        (-0.2, -0.199, False),  # waited here
        (-0.2, 0.3, False),  # was on its way
        (-60.0, 0.1, True),  # a sender whose clock is behind
        (60.0, 60.1, True),
        (60.0, 0.1, True),  # one whose clock is ahead
        (60.0, -0.1, False),
    ],
)
def test_what_was_sent_before_the_stop_is_refused(
    sent_s: float, arrived_s: float, passes: bool
) -> None:
    gate = StopGate()
    gate.stopped()
    message = info(sent_s, arrived_s, time.time_ns())
    if passes:
        gate.check(message)
    else:
        with pytest.raises(BusyError, match="before the stop"):
            gate.check(message)


def test_without_a_stop_all_pass() -> None:
    StopGate().check(info(-10.0, -9.0, time.time_ns()))
