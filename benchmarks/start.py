# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time from the start of a node's process to its first message, with the robot already there.

Prints minimum, median and maximum over some starts, beside a bare rclpy node that publishes the
same kind of message at once: what Python, rclpy and discovery take by themselves.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]
os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

from figures import keep  # noqa: E402
from geometry_msgs.msg import PoseStamped  # noqa: E402
from harness.processes import Child, Processes, free_port  # noqa: E402
from harness.ros import RosClient  # noqa: E402
from harness.simulation import Simulation  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402

BASELINE = "bare rclpy node, first pose"
BARE = """
import rclpy
from geometry_msgs.msg import PoseStamped
rclpy.init()
node = rclpy.create_node("bare", namespace="bare")
publisher = node.create_publisher(PoseStamped, "pose", 10)
node.create_timer(0.02, lambda: publisher.publish(PoseStamped()))
rclpy.spin(node)
"""


def main() -> None:
    """Start each node several times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    starts = parser.parse_args().starts
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        robot = Simulation.start(processes, Path(folder) / "robot")

        def bare(namespace: str) -> Child:
            return processes.start(sys.executable, "-c", BARE.replace('"bare"', f'"{namespace}"'))

        def node(name: str):
            return lambda namespace: processes.start_node(
                name, namespace=f"/{namespace}", **robot.parameters
            )

        def everything(namespace: str) -> Child:
            return processes.start_node(
                "bringup", namespace=f"/{namespace}", port=free_port(), **robot.parameters
            )

        print(f"seconds over {starts} starts            min  median  max")
        bare_s = 0.0
        for label, start, kind, topic in (
            (BASELINE, bare, PoseStamped, "pose"),
            ("control, first head_pose", node("control"), PoseStamped, "head_pose"),
            ("camera, first JPEG", node("camera"), CompressedImage, "camera/image_raw/compressed"),
            ("camera, first raw image", node("camera"), Image, "camera/image_raw"),
            ("bringup, first head_pose", everything, PoseStamped, "head_pose"),
        ):
            times = [first_message(start, kind, topic) for _ in range(starts)]
            row = (min(times), statistics.median(times), max(times))
            bare_s = bare_s or row[1]
            if label != BASELINE:
                keep(f"start, {label}", row[1], "s", bare_s)
            print(f"{label:36}", "  ".join(f"{value:5.2f}" for value in row), flush=True)


def first_message(start, kind: type, topic: str) -> float:
    """Return the seconds from starting a process until a subscriber has its first message."""
    with RosClient() as ros:
        namespace = f"start_{time.monotonic_ns()}"
        received = ros.subscribe(kind, f"/{namespace}/{topic}")
        began = time.monotonic()
        child = start(namespace)
        received.wait_count(1, 30)
        child.stop()
        return received.arrivals_s[0] - began


if __name__ == "__main__":
    main()
