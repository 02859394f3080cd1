# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node beside a node that does it the usual way, on the robot's daemon.

Usual way: the SDK's client in an rclpy node, asked 50 times a second for 9 joints and the head
pose, and told each target as it comes. Both get their targets from the same stream, and all that
reaches the daemon passes a relay that notes the time.

- CPU of the process while one subscriber takes joint_states (30 joints, 9 the usual way) and
  head_pose, and nothing is commanded;
- from publishing a target to the daemon's end of the socket, at 200 Hz;
- bursts whose last value did not arrive ("newest lost");
- the passive joints, per call, beside the same closed form leg by leg.

    python benchmarks/control.py [--seconds 60]
"""

import argparse
import json
import math
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]
if sys.argv[1:2] != ["usual"]:
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import numpy as np  # noqa: E402
import rclpy  # noqa: E402
from figures import keep  # noqa: E402
from geometry_msgs.msg import PoseStamped  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.processes import Child, Processes, free_port  # noqa: E402
from harness.relay import Relay  # noqa: E402
from harness.ros import RosClient  # noqa: E402
from harness.waiting import wait_for  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402

from reachy_mini_ros.aio import LoopThread  # noqa: E402
from reachy_mini_ros.nodes.control import conversions  # noqa: E402
from reachy_mini_ros.robot.geometry import kinematics  # noqa: E402
from reachy_mini_ros.robot.geometry.frames import robot_tree  # noqa: E402
from reachy_mini_ros.robot.geometry.passive_joints import platform  # noqa: E402
from reachy_mini_ros.robot.state import RobotState  # noqa: E402

RATE_HZ = 200.0
BURST_S = 1.0
STEP_M = 1e-7
"""Each target has an x of its own, which says which one it is."""


class Arrivals:
    """When each target came to the daemon, by its number."""

    def __init__(self) -> None:
        self.ns: dict[int, int] = {}

    def note(self, message: str) -> None:
        """Take note of a message to the daemon."""
        if message.startswith('{"type":"set_full_target"'):
            number = round(json.loads(message)["head"][3] / STEP_M)
            self.ns.setdefault(number, time.monotonic_ns())


def usual(port: int) -> None:
    """Run the usual node."""
    from reachy_mini import ReachyMini

    rclpy.init()
    node = rclpy.create_node("usual", namespace="usual")
    mini = ReachyMini(host="127.0.0.1", port=port, media_backend="no_media")
    joint_states = node.create_publisher(JointState, "joint_states", 10)
    head_pose = node.create_publisher(PoseStamped, "head_pose", 10)

    def publish() -> None:
        joints, antennas = mini.get_current_joint_positions()
        state = RobotState(mini.get_current_head_pose(), np.array(joints), np.array(antennas), 0)
        stamp = node.get_clock().now().to_msg()
        joint_states.publish(conversions.joint_state_message(state, stamp))
        head_pose.publish(conversions.pose_message(state.head_pose, "body_foot_3dprint", stamp))

    def take(message: PoseStamped) -> None:
        mini.set_target(head=conversions.head_target(message, "").head_pose)

    node.create_timer(0.02, publish)
    node.create_subscription(PoseStamped, "set_target/head_pose", take, 1)
    rclpy.spin(node)


def measure(
    ros: RosClient, node: Child, name: str, arrivals: dict[int, int], seconds: float
) -> list[str]:
    """Return the figures of one node, as text."""
    subscriptions = [
        ros.subscribe(JointState, f"/{name}/joint_states"),
        ros.subscribe(PoseStamped, f"/{name}/head_pose"),
    ]
    targets = ros.publisher(PoseStamped, f"/{name}/set_target/head_pose", 1, 30)
    subscriptions[0].wait_count(1, 30)
    time.sleep(2.0)  # what a start costs is over
    before, count, began = cpu_s(node), subscriptions[0].count, time.monotonic()
    time.sleep(min(seconds, 20.0))
    took = time.monotonic() - began
    cpu = (cpu_s(node) - before) / took * 100
    rate = (subscriptions[0].count - count) / took

    sent_ns, lasts, before, began = {}, [], cpu_s(node), time.monotonic()
    number = 0
    while time.monotonic() - began < seconds:
        next_s = time.monotonic()
        for _ in range(round(BURST_S * RATE_HZ)):
            number += 1
            message = PoseStamped()
            message.pose.position.x, message.pose.position.z = number * STEP_M, 0.177
            message.pose.orientation.w = 1.0
            sent_ns[number] = time.monotonic_ns()
            targets.publish(message)
            next_s += 1.0 / RATE_HZ
            time.sleep(max(0.0, next_s - time.monotonic()))
        lasts.append(number)
        time.sleep(0.05)
    stream_cpu = (cpu_s(node) - before) / (time.monotonic() - began) * 100
    time.sleep(0.5)
    latencies = [(arrivals[n] - sent_ns[n]) / 1e6 for n in sent_ns if n in arrivals]
    lost = sum(last not in arrivals for last in lasts)
    p50, p95 = (float(np.percentile(latencies, p)) for p in (50, 95)) if latencies else (0, 0)
    for subscription in subscriptions:
        ros.unsubscribe(subscription)
    return [
        f"{rate:.1f}",
        f"{cpu:.1f}",
        f"{stream_cpu:.1f}",
        f"{p50:.2f}",
        f"{p95:.2f}",
        f"{100 * len(latencies) / len(sent_ns):.1f}",
        f"{lost} of {len(lasts)}",
    ]


LABELS = (
    "joint_states, Hz",
    "CPU, state only, %",
    "CPU, 200 Hz of targets, %",
    "topic to socket p50, ms",
    "topic to socket p95, ms",
    "targets that arrived, %",
    "newest lost, of bursts",
)


def cpu_s(node: Child) -> float:
    """Return the processor time used so far."""
    fields = Path(f"/proc/{node.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def passive_joints_ms() -> tuple[float, float]:
    """Return the time of one call, of ours and leg by leg."""
    joints = kinematics.inverse(np.eye(4), 0.3, automatic_body_yaw=False)
    assert joints is not None
    chain = robot_tree().joints
    positions = dict(zip(("yaw_body", *(f"stewart_{n}" for n in range(1, 7))), joints, strict=True))
    rods = [np.array([0.085, 0.0, 0.0])] * 6
    balls = np.random.default_rng(0).uniform(-0.03, 0.03, (6, 3))

    def leg_by_leg() -> None:
        for leg in range(6):
            arm = chain[f"stewart_{leg + 1}"].origin.copy()
            angle = positions[f"stewart_{leg + 1}"]
            turn = np.eye(4)
            turn[:2, :2] = [
                [math.cos(angle), -math.sin(angle)],
                [math.sin(angle), math.cos(angle)],
            ]
            socket = arm @ turn @ chain[f"passive_{leg + 1}_x"].origin
            span = np.linalg.inv(socket) @ np.append(balls[leg], 1.0)
            to = span[:3] / np.linalg.norm(span[:3])
            rod = rods[leg] / np.linalg.norm(rods[leg])
            axis = np.cross(rod, to)
            cross = np.cross(np.eye(3), axis)
            rotation = np.eye(3) - cross + cross @ cross / (1.0 + rod @ to)
            np.arctan2(rotation[0], rotation[2])

    solve = platform().solve
    return (
        per_call_ms(lambda: solve(np.eye(4), joints)),
        per_call_ms(leg_by_leg),
    )


def per_call_ms(work: Any, calls: int = 2000) -> float:
    """Return the best of five runs: what is slower is other programs' doing."""

    def run() -> float:
        began = time.perf_counter()
        for _ in range(calls):
            work()
        return (time.perf_counter() - began) / calls * 1e3

    return min(run() for _ in range(5))


def main() -> None:
    """Measure both nodes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of the stream of targets")
    seconds = parser.parse_args().seconds
    ours, one_by_one = passive_joints_ms()
    results = {}
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        daemon = Daemon.start(processes, free_port())
        daemon.post("/api/motors/set_mode/enabled")
        daemon.post("/api/move/goto", {"head_pose": {}, "antennas": [0, 0], "duration": 1.0})
        wait_for(lambda: not daemon.get("/api/move/running"), 5)
        with LoopThread() as io:
            for name in ("control", "usual"):
                arrivals, port = Arrivals(), free_port()
                relay = Relay(daemon.port, arrivals.note)
                io.submit(relay.start(port)).result(5)
                if name == "usual":
                    node = processes.start(sys.executable, __file__, name, str(port))
                else:
                    parameters = {"robot_host": "127.0.0.1", "robot_port": port}
                    node = processes.start_node(name, namespace=f"/{name}", **parameters)
                with RosClient() as ros:
                    results[name] = measure(ros, node, name, arrivals.ns, seconds)
                node.process.kill()  # the SDK's client does not end on a signal
                io.submit(relay.stop()).result(5)
    print(f"{'':28} control  usual  ratio")
    for label, one, other in zip(LABELS, results["control"], results["usual"], strict=True):
        if "of" not in one:
            what, _, unit = label.rpartition(", ")
            keep(f"control, {what}", float(one), unit, float(other))
        ratio = "" if "of" in one else f"{float(one) / max(float(other), 1e-9):.2f}"
        print(f"{label:28} {one:>7}  {other:>5}  {ratio}")
    ratio = f"{ours / one_by_one:.2f}"
    keep("control, passive joints, a call", ours, "ms", one_by_one)
    print(f"{'passive joints, ms a call':28} {ours:7.3f}  {one_by_one:5.3f}  {ratio}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["usual"]:
        usual(int(sys.argv[2]))
    else:
        main()
