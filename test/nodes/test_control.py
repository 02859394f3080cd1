# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node as a process of its own, seen and commanded over ROS."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from harness.processes import Child, Processes
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import wait_for
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from reachy_mini_ros.nodes.qos import latched

NS = "/control_test"
DEGREE = math.radians(1.0)
JOINTS = ["yaw_body", *(f"stewart_{n}" for n in range(1, 7)), "right_antenna", "left_antenna"]
COMMAND_TIMEOUT_S = 0.3


def pose(yaw: float = 0.0, z: float = 0.177, frame: str = "") -> PoseStamped:
    message = PoseStamped()
    message.header.frame_id = frame
    message.pose.position.z = z
    message.pose.orientation.z, message.pose.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    return message


def joints(**positions: float) -> JointState:
    return JointState(name=list(positions), position=list(positions.values()))


class Robot:
    """The topics and services of the node under test."""

    def __init__(self, ros: RosClient, node: Child, simulation: Simulation) -> None:
        self.ros, self.node, self.simulation = ros, node, simulation
        self.joint_states = ros.subscribe(JointState, f"{NS}/joint_states")
        self.head_poses = ros.subscribe(PoseStamped, f"{NS}/head_pose")
        self.diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")
        self.set_pose = ros.publisher(PoseStamped, f"{NS}/set_target/head_pose")
        self.set_joints = ros.publisher(JointState, f"{NS}/set_target/joints")
        self.goto_pose = ros.publisher(PoseStamped, f"{NS}/goto/head_pose")
        self.goto_joints = ros.publisher(JointState, f"{NS}/goto/joints")
        self.head_poses.wait_count(1)

    @property
    def yaw(self) -> float:
        orientation = self.head_poses.last.pose.orientation
        return 2.0 * math.atan2(orientation.z, orientation.w)

    @property
    def positions(self) -> dict[str, float]:
        return dict(zip(self.joint_states.last.name, self.joint_states.last.position, strict=True))

    def call(self, name: str) -> Trigger.Response:
        return self.ros.call(Trigger, f"{NS}/{name}")

    def set(self, **parameters: object) -> list[str]:
        """Set parameters and return the reasons of those refused."""
        request = SetParameters.Request(
            parameters=[
                Parameter(name.replace("__", "."), value=value).to_parameter_msg()
                for name, value in parameters.items()
            ]
        )
        answer = self.ros.call(SetParameters, f"{NS}/control/set_parameters", request)
        return [result.reason for result in answer.results if not result.successful]

    def diagnosed(self, key: str) -> str:
        values = self.diagnostics.last.status[0].values
        return str(next(value.value for value in values if value.key == key))


@pytest.fixture(scope="module")
def robot(processes: Processes, simulation: Simulation, ros: RosClient) -> Iterator[Robot]:
    node = processes.start_node(
        "control", namespace=NS, command_timeout=COMMAND_TIMEOUT_S, **simulation.parameters
    )
    yield Robot(ros, node, simulation)
    assert node.stop() == 0, node.output()
    assert "Traceback" not in node.output()


@pytest.fixture
def neutral(robot: Robot) -> Robot:
    """Return the robot in neutral, with nothing moving it and no stop in force."""
    assert robot.call("stop").success
    stopped_s = time.monotonic()
    robot.set(goto__duration=0.4)
    neutral = {"head_pose": {}, "antennas": [0.0, 0.0], "body_yaw": 0.0, "duration": 0.3}
    robot.simulation.post("/api/move/goto", neutral)
    wait_for(lambda: not robot.simulation.get("/api/move/running"), 5, "neutral")
    wait_for(lambda: abs(robot.yaw) < 0.001 and abs(robot.positions["yaw_body"]) < 0.001, 2)
    wait_for(lambda: time.monotonic() > stopped_s + COMMAND_TIMEOUT_S)
    return robot


def test_state_is_published_at_50_hz_with_the_urdf_s_names(robot: Robot) -> None:
    robot.joint_states.wait_count(robot.joint_states.count + 100)
    recent = robot.joint_states.messages[-100:]
    stamps_s = [m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in recent]
    assert 99 / (stamps_s[-1] - stamps_s[0]) == pytest.approx(50, rel=0.2)
    assert all(np.diff(stamps_s) > 0)
    assert abs(stamps_s[-1] - time.time()) < 1.0
    assert list(recent[-1].name)[: len(JOINTS)] == JOINTS
    assert robot.head_poses.last.header.frame_id == "body_foot_3dprint"


def test_wake_up_is_answered_when_the_robot_is_awake(robot: Robot) -> None:
    answer = robot.call("wake_up")
    assert answer.success, answer.message
    wait_for(lambda: abs(robot.head_poses.last.pose.position.z - 0.177) < 0.003, 2)
    assert robot.simulation.get("/api/motors/status")["mode"] == "enabled"


def test_a_goto_arrives_at_the_daemon_and_is_seen_in_both_topics(neutral: Robot) -> None:
    neutral.goto_pose.publish(pose(yaw=0.5, frame="body_foot_3dprint"))
    wait_for(lambda: abs(neutral.yaw - 0.5) < DEGREE, 3)
    state = neutral.simulation.get("/api/state/full?with_head_joints=true")
    assert state["head_pose"]["yaw"] == pytest.approx(0.5, abs=DEGREE)
    published = [neutral.positions[name] for name in JOINTS[:7]]
    assert published == pytest.approx(state["head_joints"], abs=DEGREE)


def test_joints_are_commanded_with_the_urdf_s_signs(neutral: Robot) -> None:
    neutral.goto_joints.publish(joints(left_antenna=0.6, yaw_body=0.3))
    wait_for(lambda: abs(neutral.positions["left_antenna"] - 0.6) < DEGREE, 3)
    wait_for(lambda: abs(neutral.positions["yaw_body"] - 0.3) < DEGREE, 3)
    right, left = neutral.simulation.get("/api/state/full")["antennas_position"]
    assert (right, left) == pytest.approx((0.0, -0.6), abs=DEGREE)


def test_streamed_targets_are_followed(neutral: Robot) -> None:
    for step in range(20):
        neutral.set_pose.publish(pose(step * 0.01))
        neutral.set_joints.publish(joints(right_antenna=step * 0.01))
    wait_for(lambda: abs(neutral.yaw - 0.19) < DEGREE, 2)
    wait_for(lambda: abs(neutral.positions["right_antenna"] - 0.19) < DEGREE, 2)


def test_stop_ends_a_goto_and_refuses_the_stream_that_goes_on(neutral: Robot) -> None:
    neutral.set(goto__duration=4.0)
    neutral.goto_pose.publish(pose(1.0))
    wait_for(lambda: neutral.yaw > 0.05, 3)
    answer = neutral.call("stop")
    assert (answer.success, answer.message) == (True, "stopped: goto")
    stopped_at = neutral.yaw
    for _ in range(10):
        neutral.set_pose.publish(pose(-0.2))
        neutral.head_poses.next()
    assert neutral.yaw == pytest.approx(stopped_at, abs=DEGREE)
    assert stopped_at < 0.8
    assert "was stopped" in neutral.node.wait_for_output("was stopped")


def test_the_node_moves_the_robot_without_onnxruntime(neutral: Robot) -> None:
    # Which in one process with GStreamer's libunwind breaks the C++ exceptions of rclpy.
    neutral.goto_pose.publish(pose(0.2))
    wait_for(lambda: abs(neutral.yaw - 0.2) < DEGREE, 3)
    loaded = Path(f"/proc/{neutral.node.pid}/maps").read_text()
    assert "reachy_mini_rust_kinematics" in loaded
    assert "onnxruntime" not in loaded


BAD_COMMANDS = [
    (pose(z=0.0), "neutral head is at 0.177 m"),
    (pose(z=math.inf), "head pose: NaN or infinity"),
    (pose(z=0.227), "cannot reach"),
    (pose(yaw=math.nan), "NaN or infinity"),
    (pose(frame="map"), "not in 'map'"),
    (joints(yaw_body=math.nan), "yaw: NaN or infinity"),
    (joints(stewart_1=3.0), "stewart_1 = 3 rad is outside"),
    (joints(left_antenna=math.inf), "antennas: NaN or infinity"),
    (joints(yaw_body=3.0), "yaw_body = 3 rad is outside"),
    (joints(nose=0.0), "'nose' is not one of"),
    (JointState(name=["yaw_body"]), "1 names and 0 positions"),
    (JointState(), "empty"),
]


def test_bad_commands_are_refused_with_the_reason_and_the_robot_gets_nothing(
    neutral: Robot,
) -> None:
    neutral.diagnostics.next()
    before = neutral.simulation.get("/api/state/full?with_head_joints=true")
    refused = int(neutral.diagnosed("refused commands"))
    for message, text in BAD_COMMANDS:
        kind = "pose" if isinstance(message, PoseStamped) else "joints"
        getattr(neutral, f"set_{kind}").publish(message)
        getattr(neutral, f"goto_{kind}").publish(message)
        wait_for(lambda text=text: text in neutral.diagnosed("last refusal"), 3, text)  # type: ignore[misc]
    neutral.diagnostics.next()
    assert int(neutral.diagnosed("refused commands")) == refused + 2 * len(BAD_COMMANDS)
    assert "goto/head_pose: head pose z = 0.000 m" in neutral.node.output()
    after = neutral.simulation.get("/api/state/full?with_head_joints=true")
    assert after["head_joints"] == pytest.approx(before["head_joints"], abs=1e-3)
    assert after["antennas_position"] == pytest.approx(before["antennas_position"], abs=1e-3)
    assert neutral.simulation.get("/api/daemon/status")["state"] == "running"


def test_enable_motors_switches_them(neutral: Robot) -> None:
    for enable, mode in ((False, "disabled"), (True, "enabled")):
        answer = neutral.ros.call(SetBool, f"{NS}/enable_motors", SetBool.Request(data=enable))
        assert (answer.success, answer.message) == (True, f"motors {mode}")
        assert neutral.simulation.get("/api/motors/status")["mode"] == mode
        wait_for(lambda mode=mode: neutral.diagnosed("motor mode") == mode, 4)  # type: ignore[misc]


def test_stop_comes_through_while_another_service_is_awaited(neutral: Robot) -> None:
    client = neutral.ros.node.create_client(Trigger, f"{NS}/goto_sleep")
    assert client.wait_for_service(10)
    asleep = client.call_async(Trigger.Request())
    wait_for(lambda: neutral.head_poses.last.pose.position.z < 0.175, 5, "a moving head")
    assert neutral.call("stop").message == "stopped: goto_sleep"
    wait_for(asleep.done, 5)
    assert not asleep.result().success
    assert asleep.result().message == "goto_sleep was ended by stop"
    neutral.ros.destroy(neutral.ros.node.destroy_client, client)


def test_bad_parameters_are_refused_with_the_range(robot: Robot) -> None:
    assert "linear, minjerk, ease_in_out, cartoon" in robot.set(goto__method="hop")[0]
    assert robot.set(goto__duration=0.0)
    assert robot.set(robot_port=1)
    assert robot.set(goto__method="linear", goto__duration=0.4) == []


def test_who_comes_later_learns_of_the_connection_and_the_robot(robot: Robot) -> None:
    connection = robot.ros.subscribe(String, f"{NS}/connection", latched())
    info = robot.ros.subscribe(DiagnosticStatus, f"{NS}/robot_info", latched())
    connection.wait_count(1)
    assert connection.last.data == "connected"
    wait_for(lambda: info.count and info.last.values, 5)
    values = {value.key: value.value for value in info.last.values}
    assert info.last.level == DiagnosticStatus.OK
    assert values["model"] == "mockup"
    assert values["daemon_version"] == robot.simulation.get("/api/daemon/status")["version"]


def test_diagnostics_tell_rates_and_latencies(neutral: Robot) -> None:
    neutral.set_pose.publish(pose(0.0))
    wait_for(lambda: neutral.diagnosed("command to socket p95 (ms)") != "-", 5)
    assert float(neutral.diagnosed("command to socket p95 (ms)")) < 100
    assert float(neutral.diagnosed("state rate (Hz)")) == pytest.approx(50, rel=0.2)
    assert neutral.diagnosed("connection") == "connected"
