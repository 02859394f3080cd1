# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the core's monotonic clock to ROS time; stamps as the ids of commands."""

import threading
import time

from builtin_interfaces.msg import Time
from rclpy.clock import Clock
from rclpy.duration import Duration
from rclpy.time import Time as RosTime


def to_stamp(clock: Clock, monotonic_ns: int) -> Time:
    """Return the ROS time of a moment on ``time.monotonic_ns()``, by its age."""
    age_ns = max(0, time.monotonic_ns() - monotonic_ns)
    return (clock.now() - Duration(nanoseconds=age_ns)).to_msg()


def command_id(stamp: Time) -> str:
    """Return the id of a command with this stamp in its header; empty if it has none."""
    return f"{stamp.sec}.{stamp.nanosec:09d}" if stamp.sec or stamp.nanosec else ""


def stamp_ns(stamp: Time) -> int:
    """Return a time in ns, whatever is in it: rclpy's own has none before 1970."""
    return int(stamp.sec * 10**9 + stamp.nanosec)


def stamp_s(stamp: Time) -> float | None:
    """Return a time in s; None for none."""
    return stamp.sec + stamp.nanosec / 1e9 or None


class CaptureStamps:
    """Gives what was captured at one moment one ROS time, however often it is asked for."""

    _KEPT = 64

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[int, Time] = {}

    def at(self, captured_ns: int, offset_s: float) -> Time:
        """Return the time of capture, on ``time.monotonic_ns()``, with an offset; any thread."""
        with self._lock:
            if captured_ns not in self._known:
                self._known[captured_ns] = to_stamp(self._clock, captured_ns)
                if len(self._known) > self._KEPT:
                    del self._known[next(iter(self._known))]
            stamp = self._known[captured_ns]
        moved = RosTime.from_msg(stamp) + Duration(nanoseconds=round(offset_s * 1e9))
        return moved.to_msg()
