# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the core's monotonic clock to ROS time; stamps as the ids of commands."""

import time

from builtin_interfaces.msg import Time
from rclpy.clock import Clock
from rclpy.duration import Duration


def to_stamp(clock: Clock, monotonic_ns: int) -> Time:
    """Return the ROS time of a moment on ``time.monotonic_ns()``, by its age."""
    age_ns = max(0, time.monotonic_ns() - monotonic_ns)
    return (clock.now() - Duration(nanoseconds=age_ns)).to_msg()


def command_id(stamp: Time) -> str:
    """Return the id of a command with this stamp in its header; empty if it has none."""
    return f"{stamp.sec}.{stamp.nanosec:09d}" if stamp.sec or stamp.nanosec else ""
