# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What was sent before a stop, and comes to be handled after it, is refused.

Messages wait in their subscriptions, each of which hands out one at a time: the first of ten gotos
would be stopped, and the other nine would follow.
"""

import time
from typing import TypedDict

from reachy_mini_ros.errors import BusyError
from reachy_mini_ros.robot.motion.arbitration import OVERTAKEN_MESSAGE

LONGEST_WAY_NS = 2_000_000_000
"""A message that seems to have been on its way for longer comes from a clock that is behind."""


class MessageInfo(TypedDict):
    """What rclpy tells of a message: Unix time in ns by the sender's clock, and by ours."""

    source_timestamp: int
    received_timestamp: int


class StopGate:
    """Knows when the last stop was; all of it on the executor's thread."""

    def __init__(self) -> None:
        self._stopped_ns = 0

    def stopped(self) -> None:
        """Take note of a stop."""
        self._stopped_ns = time.time_ns()

    def check(self, info: MessageInfo) -> None:
        """Raise BusyError for a message that was sent, or arrived, before the last stop."""
        sent_ns, arrived_ns = info["source_timestamp"], info["received_timestamp"]
        on_its_way = 0 <= arrived_ns - sent_ns < LONGEST_WAY_NS
        if arrived_ns < self._stopped_ns or (on_its_way and sent_ns < self._stopped_ns):
            raise BusyError(OVERTAKEN_MESSAGE)
