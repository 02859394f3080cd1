# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""trajectory_msgs/JointTrajectory: judged by its size before it becomes Python objects.

rclpy makes an object of every point at once, and nothing else runs in the process meanwhile: for
100,000 points that takes seconds, in which no stop would be heard.
"""

import struct

from builtin_interfaces.msg import Time as Stamp
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from trajectory_msgs.msg import JointTrajectory

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.nodes.common.stamps import command_id, stamp_ns
from reachy_mini_ros.robot.motion import trajectory
from reachy_mini_ros.robot.motion.trajectory import MOST_POINTS, Point

LARGEST_BYTES = 2**20
"""Of a serialized message: room for :data:`MOST_POINTS` with all their fields."""


def decoded(raw: bytes) -> JointTrajectory:
    """Return a serialized message as an object.

    Raises InvalidCommandError if it is too large for that.
    """
    points = point_count(raw)
    if points > MOST_POINTS or len(raw) > LARGEST_BYTES:
        raise InvalidCommandError(
            f"the trajectory has {points} points in {len(raw) / 2**20:.1f} MiB, more than "
            f"{MOST_POINTS} points or {LARGEST_BYTES / 2**20:.0f} MiB: send fewer, it is "
            "interpolated between them"
        )
    message: JointTrajectory = deserialize_message(raw, JointTrajectory)
    return message


def point_count(raw: bytes) -> int:
    """Return the number of points in a serialized message (CDR, OMG DDS-RTPS 10.2).

    Raises InvalidCommandError if it ends before that.
    """
    order = "<" if raw[1:2] == b"\x01" else ">"

    def number(at: int) -> tuple[int, int]:
        """Return the 32-bit number at or after ``at``, where its alignment puts it, and its end."""
        begin = 4 + (at - 4 + 3) // 4 * 4  # counted from after the four bytes of encapsulation
        return struct.unpack_from(f"{order}I", raw, begin)[0], begin + 4

    try:
        length, at = number(12)  # header.stamp has eight bytes, header.frame_id is a string
        names, at = number(at + length)
        for _ in range(names):
            length, at = number(at)
            at += length
        return number(at)[0]
    except struct.error:
        raise InvalidCommandError("the message is no JointTrajectory") from None


def trajectory_id(raw: bytes) -> str:
    """Return the id of the command that a serialized message is; empty if it has none."""
    order = "<" if raw[1:2] == b"\x01" else ">"
    try:
        sec, nanosec = struct.unpack_from(f"{order}iI", raw, 4)
    except struct.error:
        return ""
    return command_id(Stamp(sec=sec, nanosec=nanosec))


def trajectory_of(message: JointTrajectory, node: Node) -> tuple[list[str], list[Point]]:
    """Return joints and points of a message, its points' times counted from now.

    Raises TooLateError if the trajectory is over by its stamp.
    """
    points = [
        Point(
            point.time_from_start.sec + point.time_from_start.nanosec * 1e-9,
            tuple(point.positions),
            tuple(point.velocities),
        )
        for point in message.points
    ]
    begin_ns = stamp_ns(message.header.stamp)
    offset_s = (begin_ns - node.get_clock().now().nanoseconds) / 1e9 if begin_ns else 0.0
    return list(message.joint_names), trajectory.shifted(points, offset_s)
