# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A control node and its robot, seen and commanded over ROS."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Self

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.task import Future
from rclpy.time import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from harness.processes import Child, Processes
from harness.ros import RosClient
from harness.simulation import Robot
from harness.waiting import patience, wait_for
from reachy_mini_ros.nodes.common.qos import latched, reliable

DEGREE = math.radians(1.0)
REST = 0.002
NEUTRAL = {
    "yaw_body": 0.0,
    **{f"stewart_{number}": 0.6265 * (-1) ** (number + 1) for number in range(1, 7)},
    "right_antenna": 0.0,
    "left_antenna": 0.0,
}


def pose(yaw: float = 0.0, z: float = 0.177, frame: str = "", pitch: float = 0.0) -> PoseStamped:
    """Return a head pose; one of the angles may be given."""
    message = PoseStamped()
    message.header.frame_id = frame
    message.pose.position.z = z
    orientation, half = message.pose.orientation, (yaw or pitch) / 2
    orientation.w = math.cos(half)
    setattr(orientation, "y" if pitch else "z", math.sin(half))
    return message


def joints(**positions: float) -> JointState:
    return JointState(name=list(positions), position=list(positions.values()))


def trajectory(
    names: list[str], points: list[tuple[float, list[float]]], stamp: Time | None = None
) -> JointTrajectory:
    message = JointTrajectory(joint_names=names)
    if stamp is not None:
        message.header.stamp = stamp.to_msg()
    for time_s, positions in points:
        point = JointTrajectoryPoint(positions=positions)
        point.time_from_start.sec = int(time_s)
        point.time_from_start.nanosec = round(time_s % 1.0 * 1e9)
        message.points.append(point)
    return message


class ControlledRobot:
    """The topics and services of one control node in ``namespace``; ``daemon`` is its robot."""

    def __init__(self, ros: RosClient, node: Child, daemon: Robot, namespace: str) -> None:
        self.ros, self.node, self.daemon, self.namespace = ros, node, daemon, namespace
        self.owners = ros.subscribe(String, f"{namespace}/motion_owner", latched())
        self.moving = ros.subscribe(Bool, f"{namespace}/moving", latched())
        self.modes = ros.subscribe(String, f"{namespace}/motor_mode", latched())
        self.events = ros.subscribe(DiagnosticStatus, f"{namespace}/safety_events", reliable(50))
        self.receipts = ros.subscribe(DiagnosticStatus, f"{namespace}/command_events", reliable(50))
        self.head_poses = ros.subscribe(PoseStamped, f"{namespace}/head_pose", reliable(50))
        self.joint_states = ros.subscribe(JointState, f"{namespace}/joint_states", reliable(50))
        self.diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")
        self.joint_states.wait_count(1, 20)
        wait_for(lambda: self.modes.count and self.modes.last.data, 5, "a motor mode")

    @classmethod
    @contextmanager
    def started(
        cls,
        processes: Processes,
        ros: RosClient,
        daemon: Robot,
        namespace: str,
        env: dict[str, str] | None = None,
        **parameters: object,
    ) -> Iterator[Self]:
        """Run a control node of its own for a robot, and wake the robot up.

        Slowly out of the sleeping pose: a fast way makes the daemon's own head pose wrong.
        """
        node = processes.start_node(
            "control",
            namespace=namespace,
            env=env,
            robot_host="127.0.0.1",
            robot_port=daemon.port,
            **parameters,
        )
        robot = cls(ros, node, daemon, namespace)
        success, message = robot.call("wake_up")
        assert success, message
        yield robot
        node.stop_cleanly()

    @cached_property
    def set_pose(self) -> Publisher:
        return self.publisher(PoseStamped, "set_target/head_pose")

    @cached_property
    def set_joints(self) -> Publisher:
        return self.publisher(JointState, "set_target/joints")

    @cached_property
    def goto_pose(self) -> Publisher:
        return self.publisher(PoseStamped, "goto/head_pose")

    @cached_property
    def goto_joints(self) -> Publisher:
        return self.publisher(JointState, "goto/joints")

    @cached_property
    def trajectory(self) -> Publisher:
        return self.publisher(JointTrajectory, "joint_trajectory")

    @cached_property
    def play(self) -> Publisher:
        return self.publisher(String, "play_move")

    def publisher(self, kind: type, topic: str) -> Publisher:
        return self.ros.publisher(kind, f"{self.namespace}/{topic}")

    @property
    def owner(self) -> str:
        return str(self.owners.last.data)

    @property
    def yaw(self) -> float:
        return yaw_of(self.head_poses.last)

    @property
    def positions(self) -> dict[str, float]:
        """Return the joints' positions by name."""
        return dict(zip(self.joint_states.last.name, self.joint_states.last.position, strict=True))

    def ways(self, name: str) -> list[float]:
        """Return all positions of a joint that are kept."""
        messages = self.joint_states.messages
        return [message.position[list(message.name).index(name)] for message in messages]

    def call(self, name: str, enable: bool | None = None) -> tuple[bool, str]:
        kind = Trigger if enable is None else SetBool
        request = None if enable is None else SetBool.Request(data=enable)
        answer = self.ros.call(kind, f"{self.namespace}/{name}", request, 20.0)
        return bool(answer.success), str(answer.message)

    def begin(self, name: str) -> Future[Any]:
        """Call a service and return its future."""
        client = self.ros.node.create_client(Trigger, f"{self.namespace}/{name}")
        assert client.wait_for_service(patience(10))
        future = client.call_async(Trigger.Request())
        return future

    def set(self, **parameters: object) -> list[str]:
        """Set parameters and return the reasons of those refused."""
        request = SetParameters.Request(
            parameters=[
                Parameter(name.replace("__", "."), value=value).to_parameter_msg()
                for name, value in parameters.items()
            ]
        )
        answer = self.ros.call(SetParameters, f"{self.namespace}/control/set_parameters", request)
        return [result.reason for result in answer.results if not result.successful]

    def neutral(self) -> None:
        """Bring the robot to neutral, awake, idle and at rest; gotos take 0.3 s afterwards.

        Whatever a test that failed left it in: a daemon killed, or with a wrong head pose.
        """
        try:
            self._go_to_neutral()
        except AssertionError as error:
            print(f"the robot's daemon begins anew: {error}")
            if not self.daemon.revive():
                assert self.call("daemon/restart")[0]
            self.joint_states.wait_count(self.joint_states.count + 10, 20)
            assert self.call("wake_up")[0]
            self._go_to_neutral()

    def _go_to_neutral(self) -> None:
        assert self.call("stop")[0]
        if self.modes.last.data != "enabled":
            assert self.call("enable_motors", True)[0]
        assert self.set(goto__duration=0.3, goto__method="minjerk") == []
        since = self.owners.count
        self.goto_joints.publish(joints(**NEUTRAL))

        def done() -> bool:
            owners = [one.data for one in self.owners.messages[since:]]
            return "goto" in owners and owners[-1] == "idle"

        wait_for(done, 5, "neutral")
        for name in ("yaw_body", "left_antenna", "right_antenna"):
            self.wait_position(name, 0.0, REST)
        wait_for(lambda: abs(self.yaw) < REST and not self.moving.last.data, 5, "rest")

    def wait_position(self, name: str, value: float, within: float = DEGREE) -> None:
        wait_for(lambda: abs(self.positions[name] - value) < within, 5, f"{name} at {value}")

    def wait_owner(self, owner: str, timeout_s: float = 5.0) -> None:
        wait_for(lambda: self.owner == owner, timeout_s, f"owner {owner}, is {self.owner}")

    def wait_rest(self) -> None:
        """Wait until nothing moves any more."""
        wait_for(lambda: not self.moving.last.data, 3, "rest")

    def wait_event(self, kind: str, source: str, reason: str | tuple[str, ...], since: int) -> None:
        """Wait for a safety event, later than the first ``since`` ones; for any of its reasons."""
        reasons = (reason,) if isinstance(reason, str) else reason

        def found() -> bool:
            recent = self.events.messages[-max(0, self.events.count - since) :]
            told = [{value.key: value.value for value in event.values} for event in recent]
            return any(
                event["kind"] == kind
                and event["source"] == source
                and any(reason in event["reason"] for reason in reasons)
                for event in told
            )

        wait_for(lambda: self.events.count > since and found(), 5, f"{kind} of {source}: {reason}")

    def told(self, source: str, id: str = "", detail: str = "") -> list[dict[str, str]]:
        """Return the receipts of a command, as their values."""
        known = [values_of(message) for message in self.receipts.messages]
        wanted = (source, id, detail)
        return [one for one in known if (one["source"], one["id"], one.get("detail", "")) == wanted]

    def wait_told(self, kinds: str, source: str, id: str = "", detail: str = "") -> None:
        """Wait until the receipts of a command are of these kinds, written with blanks."""

        def found() -> bool:
            return " ".join(one["kind"] for one in self.told(source, id, detail)) == kinds

        def missing() -> str:
            return f"{kinds} of {source} {id}: {self.told(source, id, detail)}"

        wait_for(found, 8, missing)

    def wait_over(self, source: str, id: str) -> None:
        """Wait until a command has the last of its receipts."""

        def over() -> bool:
            told = self.told(source, id)
            return bool(told) and told[-1]["kind"] not in ("accepted", "clamped")

        wait_for(over, 8, lambda: f"the end of {source} {id}: {self.told(source, id)}")

    def diagnosed(self, key: str) -> str:
        """Return a value of the node's newest diagnostics, of itself."""
        (status,) = [
            status
            for message in self.diagnostics.messages[-5:]
            for status in message.status
            if status.name == f"{self.namespace}/control: status"
        ][-1:]
        return str(next(value.value for value in status.values if value.key == key))


def yaw_of(message: PoseStamped) -> float:
    return 2.0 * math.atan2(message.pose.orientation.z, message.pose.orientation.w)


def values_of(message: DiagnosticStatus) -> dict[str, str]:
    return {entry.key: entry.value for entry in message.values}
