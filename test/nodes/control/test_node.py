# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node as a process of its own, seen and commanded over ROS."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from harness.control import DEGREE, ControlledRobot, joints, pose
from harness.processes import Processes
from harness.rates import next_of, rate_hz, stamps_s
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import patience, wait_for
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from reachy_mini_ros.nodes.common.qos import latched

NS = "/control_test"
JOINTS = ["yaw_body", *(f"stewart_{n}" for n in range(1, 7)), "right_antenna", "left_antenna"]
COMMAND_TIMEOUT_S = 0.3


@pytest.fixture(scope="module")
def robot(
    processes: Processes, simulation: Simulation, ros: RosClient
) -> Iterator[ControlledRobot]:
    with ControlledRobot.started(
        processes, ros, simulation, NS, command_timeout=COMMAND_TIMEOUT_S
    ) as robot:
        yield robot


@pytest.fixture
def neutral(robot: ControlledRobot) -> ControlledRobot:
    """Return the robot in neutral, with nothing moving it and no stop in force."""
    robot.neutral()
    stopped_s = time.monotonic()
    wait_for(lambda: time.monotonic() > stopped_s + COMMAND_TIMEOUT_S)
    return robot


def test_state_is_published_at_50_hz_with_the_urdf_s_names(robot: ControlledRobot) -> None:
    recent = next_of(robot.joint_states, 100)
    stamps = stamps_s(recent)
    assert all(np.diff(stamps) > 0)
    assert abs(stamps[-1] - time.time()) < patience(1.0)
    wait_for(lambda: rate_hz(robot.joint_states.messages[-100:]) == pytest.approx(50, rel=0.2))
    assert list(recent[-1].name)[: len(JOINTS)] == JOINTS
    assert robot.head_poses.last.header.frame_id == "body_foot_3dprint"


def test_wake_up_is_answered_when_the_robot_is_awake(robot: ControlledRobot) -> None:
    assert robot.call("goto_sleep")[0]
    success, message = robot.call("wake_up")
    assert success, message
    wait_for(lambda: abs(robot.head_poses.last.pose.position.z - 0.177) < 0.003, 2)
    assert robot.daemon.get("/api/motors/status")["mode"] == "enabled"


def test_a_goto_arrives_at_the_daemon_and_is_seen_in_both_topics(neutral: ControlledRobot) -> None:
    neutral.goto_pose.publish(pose(yaw=0.5, frame="body_foot_3dprint"))
    wait_for(lambda: abs(neutral.yaw - 0.5) < DEGREE, 3)
    state = neutral.daemon.get("/api/state/full?with_head_joints=true")
    assert state["head_pose"]["yaw"] == pytest.approx(0.5, abs=DEGREE)
    published = [neutral.positions[name] for name in JOINTS[:7]]
    assert published == pytest.approx(state["head_joints"], abs=DEGREE)


def test_joints_are_commanded_with_the_urdf_s_signs(neutral: ControlledRobot) -> None:
    neutral.goto_joints.publish(joints(left_antenna=0.6, yaw_body=0.3))
    wait_for(lambda: abs(neutral.positions["left_antenna"] - 0.6) < DEGREE, 3)
    wait_for(lambda: abs(neutral.positions["yaw_body"] - 0.3) < DEGREE, 3)
    right, left = neutral.daemon.get("/api/state/full")["antennas_position"]
    assert (right, left) == pytest.approx((0.0, -0.6), abs=DEGREE)


def test_streamed_targets_are_followed(neutral: ControlledRobot) -> None:
    for step in range(20):
        neutral.set_pose.publish(pose(step * 0.01))
        neutral.set_joints.publish(joints(right_antenna=step * 0.01))
    wait_for(lambda: abs(neutral.yaw - 0.19) < DEGREE, 2)
    wait_for(lambda: abs(neutral.positions["right_antenna"] - 0.19) < DEGREE, 2)


def test_stop_ends_a_goto_and_refuses_the_stream_that_goes_on(neutral: ControlledRobot) -> None:
    neutral.set(goto__duration=4.0)
    neutral.goto_pose.publish(pose(1.0))
    wait_for(lambda: neutral.yaw > 0.05, 3)
    assert neutral.call("stop") == (True, "stopped: goto")
    stopped_at = neutral.yaw
    for _ in range(10):
        neutral.set_pose.publish(pose(-0.2))
        neutral.head_poses.next()
    assert neutral.yaw == pytest.approx(stopped_at, abs=DEGREE)
    assert stopped_at < 0.8
    assert "was stopped" in neutral.node.wait_for_output("was stopped")


def test_the_node_moves_the_robot_without_onnxruntime(neutral: ControlledRobot) -> None:
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
    neutral: ControlledRobot,
) -> None:
    neutral.diagnostics.next()
    before = neutral.daemon.get("/api/state/full?with_head_joints=true")
    refused = int(neutral.diagnosed("refused commands"))
    publishers = {
        "set_target/head_pose": neutral.set_pose,
        "set_target/joints": neutral.set_joints,
        "goto/head_pose": neutral.goto_pose,
        "goto/joints": neutral.goto_joints,
    }
    for message, text in BAD_COMMANDS:
        kind = "head_pose" if isinstance(message, PoseStamped) else "joints"
        since = neutral.events.count
        for prefix in ("set_target", "goto"):
            publishers[f"{prefix}/{kind}"].publish(message)
            neutral.wait_event("refused", f"{prefix}/{kind}", text, since)
    neutral.diagnostics.next()
    assert int(neutral.diagnosed("refused commands")) == refused + 2 * len(BAD_COMMANDS)
    assert "goto/head_pose: head pose z = 0 m" in neutral.node.output()
    after = neutral.daemon.get("/api/state/full?with_head_joints=true")
    assert after["head_joints"] == pytest.approx(before["head_joints"], abs=1e-3)
    assert after["antennas_position"] == pytest.approx(before["antennas_position"], abs=1e-3)
    assert neutral.daemon.get("/api/daemon/status")["state"] == "running"


def test_enable_motors_switches_them(neutral: ControlledRobot) -> None:
    for enable, mode in ((False, "disabled"), (True, "enabled")):
        assert neutral.call("enable_motors", enable) == (True, f"motors {mode}")
        assert neutral.daemon.get("/api/motors/status")["mode"] == mode
        wait_for(lambda mode=mode: neutral.diagnosed("motor mode") == mode, 4)  # type: ignore[misc]


def test_stop_comes_through_while_another_service_is_awaited(neutral: ControlledRobot) -> None:
    asleep = neutral.begin("goto_sleep")
    wait_for(lambda: neutral.head_poses.last.pose.position.z < 0.175, 5, "a moving head")
    assert neutral.call("stop") == (True, "stopped: goto_sleep")
    wait_for(asleep.done, 5)
    assert not asleep.result().success
    assert asleep.result().message == "goto_sleep was ended by stop"


def test_bad_parameters_are_refused_with_the_range(robot: ControlledRobot) -> None:
    assert "linear, minjerk, ease_in_out, cartoon" in robot.set(goto__method="hop")[0]
    assert robot.set(goto__duration=0.0)
    assert robot.set(robot_port=1)
    assert robot.set(goto__method="linear", goto__duration=0.4) == []


def test_who_comes_later_learns_of_the_connection_and_the_robot(robot: ControlledRobot) -> None:
    connection = robot.ros.subscribe(String, f"{NS}/connection", latched())
    info = robot.ros.subscribe(DiagnosticStatus, f"{NS}/robot_info", latched())
    connection.wait_count(1)
    assert connection.last.data == "connected"
    wait_for(lambda: info.count and info.last.values, 5)
    values = {value.key: value.value for value in info.last.values}
    assert info.last.level == DiagnosticStatus.OK
    assert values["model"] == "mockup"
    assert values["daemon_version"] == robot.daemon.get("/api/daemon/status")["version"]


def test_diagnostics_tell_rates_and_latencies(neutral: ControlledRobot) -> None:
    neutral.set_pose.publish(pose(0.0))
    wait_for(lambda: neutral.diagnosed("command to socket p95 (ms)") != "-", 5)
    # That it is measured at all; how fast it is, the benchmarks tell.
    assert 0 < float(neutral.diagnosed("command to socket p95 (ms)")) < 5000
    wait_for(lambda: float(neutral.diagnosed("state rate (Hz)")) == pytest.approx(50, rel=0.2))
    assert neutral.diagnosed("connection") == "connected"
