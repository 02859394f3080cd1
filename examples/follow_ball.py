#!/usr/bin/env python3
# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Follow a ball of one colour: OpenCV finds it in the picture, the head turns there.

examples/follow_ball.py --hue 67      (as OpenCV counts: red 0 or 179, green 60, blue 120)
"""

import argparse
import contextlib

import cv2
import numpy as np
import rclpy
from geometry_msgs.msg import PointStamped
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

TOLERANCE, SATURATION, VALUE = 8, 150, 80
ROUND = 0.6  # of its smallest circle an outline must fill as much
CLOSE = 0.04  # of the picture's width from its middle: near enough
PAUSE_S = 0.3  # until a command that was sent shows in motion_owner


class FollowBall(Node):
    """Looks at the ball when the robot is idle and the ball not in the middle."""

    def __init__(self, hue: int, namespace: str) -> None:
        super().__init__("follow_ball", namespace=namespace)
        self._hue = hue
        self._owner = ""
        self._sent = self.get_clock().now()
        self._look_at_pixel = self.create_publisher(PointStamped, "look_at_pixel", 1)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(String, "motion_owner", self._on_owner, latched)
        pictures = "camera/image_raw/compressed"
        self.create_subscription(CompressedImage, pictures, self._on_picture, 1)

    def _on_owner(self, message: String) -> None:
        self._owner = message.data

    def _on_picture(self, message: CompressedImage) -> None:
        since_s = (self.get_clock().now() - self._sent).nanoseconds / 1e9
        if self._owner != "idle" or since_s < PAUSE_S:
            return
        picture = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
        middle = np.array([picture.shape[1], picture.shape[0]]) / 2
        balls = find_balls(picture, self._hue)
        ball = min(balls, key=lambda one: np.hypot(*(one - middle)), default=middle)
        if np.hypot(*(ball - middle)) < CLOSE * picture.shape[1]:
            return
        pixel = PointStamped(header=message.header)  # when the picture was taken counts, too
        pixel.point.x, pixel.point.y = map(float, ball)
        self._look_at_pixel.publish(pixel)
        self._sent = self.get_clock().now()


def find_balls(picture: np.ndarray, hue: int) -> list[np.ndarray]:
    """Return the pixels (x, y) of what is round and of that hue."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(np.int16)
    near = abs((hsv[..., 0] - hue + 90) % 180 - 90) <= TOLERANCE
    mask = (near & (hsv[..., 1] > SATURATION) & (hsv[..., 2] > VALUE)).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    circles = [(*cv2.minEnclosingCircle(one), cv2.contourArea(one)) for one in outlines]
    return [
        np.array(centre)
        for centre, radius, area in circles
        if radius > picture.shape[1] / 150 and area > ROUND * np.pi * radius**2
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Follow a ball with the head of Reachy Mini.")
    parser.add_argument("--hue", type=int, default=67, help="of the ball, 0 to 179")
    parser.add_argument("--namespace", default="reachy_mini")
    options = parser.parse_args()
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(FollowBall(options.hue, options.namespace))
