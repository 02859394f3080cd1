#!/usr/bin/env python3
# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nod whenever the robot begins to hear something: audio/activity in, a stream of head poses out.

examples/nod_to_sound.py
"""

import argparse
import contextlib
import math

import rclpy
from geometry_msgs.msg import PoseStamped, Quaternion
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Bool

RATE_HZ = 50
NOD_S = 0.8
DEPTH_RAD = 0.25


class NodToSound(Node):
    """Streams a nod from where the head is; sound that begins meanwhile is not counted."""

    def __init__(self, namespace: str) -> None:
        super().__init__("nod_to_sound", namespace=namespace)
        self._pose: PoseStamped | None = None
        self._from = PoseStamped()
        self._step = 0  # of the nod; 0 while there is none
        self._target = self.create_publisher(PoseStamped, "set_target/head_pose", 1)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(Bool, "audio/activity", self._on_activity, latched)
        self.create_subscription(PoseStamped, "head_pose", self._on_pose, 1)
        self.create_timer(1 / RATE_HZ, self._on_timer)

    def _on_pose(self, message: PoseStamped) -> None:
        self._pose = message

    def _on_activity(self, message: Bool) -> None:
        if message.data and not self._step and self._pose is not None:
            self._from, self._step = self._pose, 1
            self.get_logger().info("heard something: nodding")

    def _on_timer(self) -> None:
        if not self._step:
            return
        part = self._step / (RATE_HZ * NOD_S)
        target = PoseStamped()
        target.header.frame_id = self._from.header.frame_id
        target.header.stamp = self.get_clock().now().to_msg()
        target.pose.position = self._from.pose.position
        angle = DEPTH_RAD * math.sin(math.pi * part) ** 2
        target.pose.orientation = pitched(self._from.pose.orientation, angle)
        self._target.publish(target)
        self._step = self._step + 1 if part < 1 else 0


def pitched(q: Quaternion, angle: float) -> Quaternion:
    """Return an orientation that looks further down by an angle, radians."""
    s, c = math.sin(angle / 2), math.cos(angle / 2)
    return Quaternion(
        x=c * q.x - s * q.z, y=c * q.y + s * q.w, z=c * q.z + s * q.x, w=c * q.w - s * q.y
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Nod to sound.")
    parser.add_argument("--namespace", default="reachy_mini")
    options = parser.parse_args()
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(NodToSound(options.namespace))
