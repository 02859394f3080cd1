# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the robot was a moment ago, when a picture was taken."""

from collections import deque

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

    def nearest(self, taken_ns: int, present: RobotState) -> RobotState:
        """Return the state nearest to a moment, ``time.monotonic_ns()``; ``present`` is one too."""
        return min((*self._states, present), key=lambda one: abs(one.received_ns - taken_ns))

    def reaches(self, taken_ns: int, present: RobotState) -> bool:
        """Tell whether the state of a moment is known: older ones are forgotten."""
        oldest = self._states[0] if self._states else present
        return taken_ns >= oldest.received_ns - PERIOD_NS
