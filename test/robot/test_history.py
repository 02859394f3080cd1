# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the robot was when a picture was taken."""

import time

import numpy as np
import pytest

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.history import PERIOD_NS, STATES, History
from reachy_mini_ros.robot.state import RobotState


def state(received_ns: int) -> RobotState:
    return RobotState(np.eye(4), np.zeros(7), np.zeros(2), received_ns)


def test_the_state_of_a_picture_is_the_nearest_in_time() -> None:
    now_ns = time.monotonic_ns()
    states = [state(now_ns + index * PERIOD_NS) for index in range(STATES + 1)]
    history = History()
    for one in states[:-1]:
        history.note(one)
    for index, one in enumerate(states):
        for aside_ns in (-PERIOD_NS // 3, 0, PERIOD_NS // 3):
            assert history.at(now_ns + index * PERIOD_NS + aside_ns, states[-1]) is one
    assert history.at(now_ns + 9 * STATES * PERIOD_NS, states[-1]) is states[-1]


def test_a_picture_older_than_all_known_states_is_refused() -> None:
    now_ns = time.monotonic_ns()
    history = History()
    with pytest.raises(InvalidCommandError, match=r"picture is 3\.0 s old.* take a newer picture"):
        history.at(now_ns - 3_000_000_000, state(now_ns))
    for index in range(STATES + 1):
        history.note(state(now_ns - (STATES - index) * PERIOD_NS))
    present = state(now_ns)
    oldest_ns = now_ns - (STATES - 1) * PERIOD_NS
    assert history.at(oldest_ns - PERIOD_NS, present).received_ns == oldest_ns
    with pytest.raises(InvalidCommandError, match=r"picture is 2\.\d s old"):
        history.at(oldest_ns - PERIOD_NS - 1, present)
