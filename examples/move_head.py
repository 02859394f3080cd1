#!/usr/bin/env python3
# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Turn the head: one goto, sent as any ROS 2 program would send it.

examples/move_head.py --yaw 30 --pitch -10      (degrees; yaw to the left, pitch down)
"""

import argparse
import math
import time

import rclpy
from geometry_msgs.msg import PoseStamped

NEUTRAL_HEIGHT_M = 0.177  # of the head above the robot's root frame


def main() -> None:
    """Publish one pose on goto/head_pose once the control node listens."""
    parser = argparse.ArgumentParser(description="Turn the head of Reachy Mini.")
    for axis in ("roll", "pitch", "yaw"):
        parser.add_argument(f"--{axis}", type=float, default=0.0, help="degrees")
    parser.add_argument("--namespace", default="reachy_mini")
    options = parser.parse_args()

    rclpy.init()
    node = rclpy.create_node("move_head", namespace=options.namespace)
    publisher = node.create_publisher(PoseStamped, "goto/head_pose", 1)
    deadline = time.monotonic() + 5.0
    while publisher.get_subscription_count() == 0:
        if time.monotonic() > deadline:
            raise SystemExit(f"nobody listens to {publisher.topic_name}: is the control node up?")
        rclpy.spin_once(node, timeout_sec=0.05)
    publisher.publish(
        head_pose(*(math.radians(getattr(options, a)) for a in ("roll", "pitch", "yaw")))
    )
    publisher.wait_for_all_acked()
    node.destroy_node()
    rclpy.shutdown()


def head_pose(roll: float, pitch: float, yaw: float) -> PoseStamped:
    """Return the pose of the head, not moved but turned by roll, pitch and yaw in radians."""
    message = PoseStamped()
    message.header.frame_id = "body_foot_3dprint"
    message.pose.position.z = NEUTRAL_HEIGHT_M
    (sr, cr), (sp, cp), (sy, cy) = ((math.sin(a / 2), math.cos(a / 2)) for a in (roll, pitch, yaw))
    message.pose.orientation.x = sr * cp * cy - cr * sp * sy
    message.pose.orientation.y = cr * sp * cy + sr * cp * sy
    message.pose.orientation.z = cr * cp * sy - sr * sp * cy
    message.pose.orientation.w = cr * cp * cy + sr * sp * sy
    return message


if __name__ == "__main__":
    main()
