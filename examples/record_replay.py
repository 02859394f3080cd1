#!/usr/bin/env python3
# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Record how the robot moves into a CSV file, and have it move that way again.

examples/record_replay.py record wave.csv --seconds 5
examples/record_replay.py replay wave.csv

The driver does the same by itself, in the SDK's format: services record_move and play_move.
"""

import argparse
import csv
import time
from pathlib import Path

import rclpy
from rclpy.node import Node
from sensor_msgs.msg import JointState

DRIVEN = ("yaw_body", *(f"stewart_{n}" for n in range(1, 7)), "right_antenna", "left_antenna")
NEAR_RAD, START_S = 0.05, 10.0  # how near the first row is near enough, and until when


class Joints(Node):
    """Knows the joints of the robot, and sets them."""

    def __init__(self, namespace: str) -> None:
        super().__init__("record_replay", namespace=namespace)
        self.rows: list[list[float]] = []  # time of the robot's state in s, and the driven joints
        self.create_subscription(JointState, "joint_states", self._on_state, 50)
        self._target = self.create_publisher(JointState, "set_target/joints", 1)

    def _on_state(self, message: JointState) -> None:
        known = dict(zip(message.name, message.position, strict=True))
        stamp = message.header.stamp
        self.rows.append([stamp.sec + stamp.nanosec / 1e9, *(known[name] for name in DRIVEN)])

    def next(self) -> list[float]:
        """Wait for the next state, and return its joints."""
        count = len(self.rows)
        while len(self.rows) == count:
            rclpy.spin_once(self)
        return self.rows[-1][1:]

    def set(self, positions: list[float]) -> None:
        """Send a target of all driven joints, radians."""
        message = JointState(name=DRIVEN, position=positions)
        message.header.stamp = self.get_clock().now().to_msg()
        self._target.publish(message)


def record(joints: Joints, path: Path, seconds: float) -> None:
    """Write the states of the next seconds."""
    joints.next()
    print("recording", flush=True)
    while joints.rows[-1][0] < joints.rows[0][0] + seconds:
        joints.next()
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("time", *DRIVEN), *joints.rows])


def replay(joints: Joints, path: Path) -> None:
    """Lead the robot to the first row, then stream the rows in their time."""
    with path.open(newline="") as file:
        rows = [list(map(float, row)) for row in list(csv.reader(file))[1:]]
    deadline_s = time.monotonic() + START_S
    while max(abs(a - b) for a, b in zip(joints.next(), rows[0][1:], strict=True)) > NEAR_RAD:
        if time.monotonic() > deadline_s:
            raise SystemExit("the robot does not go to the first row: is it awake?")
        joints.set(rows[0][1:])
    begin_s = time.monotonic() - rows[0][0]
    for stamp, *positions in rows:
        time.sleep(max(0.0, begin_s + stamp - time.monotonic()))
        joints.set(positions)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Record and replay the motion of Reachy Mini.")
    parser.add_argument("what", choices=("record", "replay"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--namespace", default="reachy_mini")
    options = parser.parse_args()
    rclpy.init()
    print("waiting for joint_states", flush=True)
    node = Joints(options.namespace)
    if options.what == "record":
        record(node, options.file, options.seconds)
    else:
        replay(node, options.file)
    node.destroy_node()
    rclpy.shutdown()
