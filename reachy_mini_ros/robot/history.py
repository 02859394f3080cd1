# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the robot was a moment ago, when a picture was taken."""

import time
from collections import deque

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.state import RobotState

STATES = 100
"""Two seconds of them."""
PERIOD_NS = 20_000_000


class History:
    """The newest states; all of it on one thread."""

    def __init__(self) -> None:
        self._states: deque[RobotState] = deque(maxlen=STATES)

    def note(self, state: RobotState) -> None:
        """Remember a state."""
        self._states.append(state)

    def at(self, taken_ns: int, present: RobotState) -> RobotState:
        """Return the state nearest to a moment, ``time.monotonic_ns()``; ``present`` is one too.

        Raises InvalidCommandError where the moment is older than all that is known.
        """
        known = (*self._states, present)
        if taken_ns < known[0].received_ns - PERIOD_NS:
            age_s = (time.monotonic_ns() - taken_ns) / 1e9
            raise InvalidCommandError(
                f"the picture is {age_s:.1f} s old, and where the head was then is not known any "
                "more: take a newer picture"
            )
        return min(known, key=lambda one: abs(one.received_ns - taken_ns))
