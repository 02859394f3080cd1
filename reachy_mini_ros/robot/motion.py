# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rules of one writer at a time. No I/O: whoever moves the robot asks here first.

The daemon has no such rules: two gotos at once interleave every tick, and targets that are
streamed during a move are dropped without a word.
"""

import time
from collections.abc import Callable
from enum import StrEnum

from reachy_mini_ros.errors import BusyError


class Activity(StrEnum):
    """What moves the robot, beside streamed targets."""

    GOTO = "goto"
    WAKE_UP = "wake_up"
    GOTO_SLEEP = "goto_sleep"


class Motion:
    """Decides which command may move the robot.

    - A streamed target is refused while a move runs, and after a stop until the stream has
      paused for ``command_timeout_s``: what was on its way must not undo the stop.
    - A new goto takes the place of a running one. `wake_up` and `goto_sleep` take the place of a
      goto, and are themselves only ended by a stop.
    """

    def __init__(
        self, command_timeout_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.command_timeout_s = command_timeout_s
        self._clock = clock
        self._activity: Activity | None = None
        self._stopped = False
        self._quiet_since_s = 0.0

    @property
    def activity(self) -> Activity | None:
        """The move that runs."""
        return self._activity

    def admit_target(self) -> None:
        """Raise BusyError if a streamed target may not move the robot now."""
        now_s = self._clock()
        if self._stopped:
            if now_s - self._quiet_since_s < self.command_timeout_s:
                self._quiet_since_s = now_s
                raise BusyError(
                    "the robot was stopped: pause the streamed targets for "
                    f"{self.command_timeout_s} s, then send them again"
                )
            self._stopped = False
        if self._activity is not None:
            raise BusyError(
                f"{self._activity} is running, and the robot takes no streamed targets meanwhile: "
                "wait for its end or call stop"
            )

    def admit_move(self, activity: Activity) -> None:
        """Raise BusyError if a move may not begin now."""
        if self._activity in (Activity.WAKE_UP, Activity.GOTO_SLEEP):
            raise BusyError(f"{self._activity} is running: wait for its end or call stop")

    def began(self, activity: Activity) -> None:
        """Note that a move has the robot."""
        self._activity = activity

    def ended(self) -> None:
        """Note that no move runs any more."""
        self._activity = None

    def stopped(self) -> None:
        """Note a stop."""
        self._stopped = True
        self._quiet_since_s = self._clock()
