# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the call of `stop` to the last motion, as the daemon itself tells of its joints."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import numpy as np
from rclpy.serialization import serialize_message
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from harness.control import ControlledRobot, joints, trajectory
from harness.waiting import wait_for

MOVED_RAD = 1e-5
QUIET_S = 0.4
"""Without motion for so long, the robot stands."""
GOTO_S = 20.0
_FLOOD = """
import sys, time
import rclpy
from sensor_msgs.msg import JointState

rclpy.init()
node = rclpy.create_node("flood")
publisher = node.create_publisher(JointState, sys.argv[1], 1)
message = JointState(name=["right_antenna"], position=[0.1])
print("flows", flush=True)
due_s = time.monotonic()
while time.monotonic() < due_s + 60.0:
    publisher.publish(message)
    due_s += 0.001
    time.sleep(max(0.0, due_s - time.monotonic()))
"""


class MotionWatch:
    """When the daemon last told of joints that had moved; reads its websocket in a thread."""

    def __init__(self, port: int) -> None:
        self._socket = connect(f"ws://127.0.0.1:{port}/ws/sdk", max_size=None)
        self._thread = threading.Thread(target=self._read)
        self.moved_s = -math.inf

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._thread.join()

    def _read(self) -> None:
        last: np.ndarray | None = None
        try:
            for text in self._socket:
                if '"joint_positions"' not in text:
                    continue
                message = json.loads(text)
                now = np.array(
                    message["head_joint_positions"] + message["antennas_joint_positions"]
                )
                if last is not None and np.abs(now - last).max() > MOVED_RAD:
                    self.moved_s = time.monotonic()
                last = now
        except ConnectionClosed:
            pass


def move(robot: ControlledRobot) -> None:
    """Let the robot's left antenna go on its way, for a long time."""
    robot.set(goto__duration=GOTO_S)
    robot.goto_joints.publish(joints(left_antenna=2.5))
    robot.wait_owner("goto")


def stop_ms(
    robot: ControlledRobot, watch: MotionWatch, before: Callable[[], object] = lambda: None
) -> float:
    """Return the time from the call of `stop`, right after ``before()``, to the last motion, ms.

    The robot moves already.
    """
    client = robot.ros.node.create_client(Trigger, f"{robot.namespace}/stop")
    assert client.wait_for_service(20.0)
    wait_for(lambda: time.monotonic() - watch.moved_s < 0.1, 20, "motion")
    before()
    called_s = time.monotonic()
    answer = client.call_async(Trigger.Request())
    wait_for(answer.done, 30, "an answer from stop")
    assert answer.result().success, answer.result().message
    wait_for(lambda: time.monotonic() - watch.moved_s > QUIET_S, 30, "rest")
    robot.ros.destroy(robot.ros.node.destroy_client, client)
    return (watch.moved_s - called_s) * 1e3


def large_trajectory(points: int) -> bytes:
    """Return a serialized trajectory of the body with so many points."""
    message = JointTrajectory(joint_names=["yaw_body"])
    for number in range(points):
        point = JointTrajectoryPoint(positions=[0.3], velocities=[0.0])
        due_ns = (number + 1) * 5_000_000
        point.time_from_start.sec, point.time_from_start.nanosec = divmod(due_ns, 10**9)
        message.points.append(point)
    return bytes(serialize_message(message))


def long_trajectory(duration_s: float) -> JointTrajectory:
    """Return a trajectory that takes long to check and to upload."""
    points = [(1.0 + second, [0.2 * (second % 2)]) for second in range(int(duration_s))]
    return trajectory(["yaw_body"], points)


@contextmanager
def flood(robot: ControlledRobot) -> Iterator[None]:
    """Publish streamed targets at 1 kHz from another process."""
    topic = f"{robot.namespace}/set_target/joints"
    known = robot.ros.node.count_publishers(topic)
    process = subprocess.Popen([sys.executable, "-c", _FLOOD, topic], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        wait_for(lambda: robot.ros.node.count_publishers(topic) > known, 20, "the flood")
        yield
    finally:
        process.kill()
        process.communicate()
