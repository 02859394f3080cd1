# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the control node publishes of the robot's state, held against the URDF and the daemon."""

import math
import time
from collections.abc import Iterator

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from harness.daemon import Daemon
from harness.processes import Child, Processes, free_port
from harness.relay import Relay
from harness.ros import Collector, RosClient
from harness.waiting import Awaited, patience, wait_for
from reachy_mini.io.protocol import (
    DaemonStatus,
    ImuDataMsg,
    MotorControlMode,
    RobotBackendStatus,
)
from sensor_msgs.msg import Imu, JointState, Temperature

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.control import conversions
from reachy_mini_ros.robot.geometry import kinematics, rotations
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.state import Matrix

NS = "/state_test"
READING = ImuDataMsg(
    accelerometer=[0.1, -0.2, 9.7],
    gyroscope=[0.01, 0.02, -0.03],
    quaternion=[0.5, -0.5, 0.5, -0.5],
    temperature=31.5,
)


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> Daemon:
    return Daemon.start(processes, free_port())


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def relay(daemon: Daemon, port: int) -> Iterator[Relay]:
    with LoopThread() as io:
        relay = Relay(daemon.port)
        Awaited(io.submit(relay.start(port))).result(5)
        yield relay
        Awaited(io.submit(relay.stop())).result(5)


@pytest.fixture(scope="module")
def node(processes: Processes, relay: Relay, port: int, ros: RosClient) -> Iterator[Child]:
    child = processes.start_node("control", namespace=NS, robot_host="127.0.0.1", robot_port=port)
    yield child
    child.stop_cleanly()


@pytest.fixture(scope="module")
def joint_states(ros: RosClient, node: Child) -> Collector:
    return ros.subscribe(JointState, f"{NS}/joint_states")


@pytest.fixture(scope="module")
def head_poses(ros: RosClient, node: Child) -> Collector:
    return ros.subscribe(PoseStamped, f"{NS}/head_pose")


def goto(daemon: Daemon, duration: float, **head: float) -> None:
    move = {"head_pose": head, "duration": duration, "body_yaw": 0.0}
    daemon.post("/api/move/goto", move)
    wait_for(lambda: not daemon.get("/api/move/running"), duration + 5, "the end of the move")


def turned(yaw: float) -> Matrix:
    pose = np.eye(4)
    pose[:3, :3] = rotations.from_quaternion((0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2)))
    return pose


def stamp_ns(message: JointState | PoseStamped) -> int:
    return int(message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec)


def matrix(message: PoseStamped) -> Matrix:
    position, q = message.pose.position, message.pose.orientation
    pose = np.eye(4)
    pose[:3, :3] = rotations.from_quaternion((q.x, q.y, q.z, q.w))
    pose[:3, 3] = (position.x, position.y, position.z)
    return pose


def test_joint_states_place_every_link_and_the_head_where_head_pose_says(
    daemon: Daemon, joint_states: Collector, head_poses: Collector
) -> None:
    """What robot_state_publisher does with them, done with the same URDF."""
    tree = robot_tree()
    head_poses.wait_count(1)
    joint_states.wait_count(1)
    goto(daemon, 0.8)
    goto(daemon, 0.5, yaw=0.6, pitch=0.3, roll=-0.2, z=0.01)
    heads = {stamp_ns(message): matrix(message) for message in head_poses.messages}
    compared = 0
    for message in joint_states.messages[-50:]:
        positions = dict(zip(message.name, message.position, strict=True))
        assert positions.keys() == set(tree.movable)
        for link in tree.links:
            assert np.isfinite(tree.pose(link, positions)).all()
        if (expected := heads.get(stamp_ns(message))) is not None:
            compared += 1
            error = tree.pose("head", positions) - expected
            # The daemon's own iteration lags by so much in motion.
            assert np.abs(error[:3, 3]).max() < 0.002
            assert np.abs(error[:3, :3]).max() < 0.02
    assert compared > 20
    rest = dict(zip(joint_states.next().name, joint_states.last.position, strict=True))
    error = tree.pose("head", rest) - matrix(head_poses.next())
    assert np.linalg.norm(error[:3, 3]) < 1e-4
    assert np.abs(error[:3, :3]).max() < math.radians(0.1)


class Insides:
    """What a real robot's daemon tells once a second, as its own model writes it."""

    def __init__(self) -> None:
        self.alive, self.errors = True, 0
        self._answered = time.time()

    def alter(self, message: str) -> str:
        if '"daemon_status"' not in message:
            return message
        if self.alive:
            self._answered = time.time()
        stats = {
            "mean_control_loop_frequency": 49.8,
            "max_control_loop_interval": 0.031,
            "nb_error": self.errors,
            "motor_controller": "ControlLoopStats(period=20.1ms)",
        }
        backend = RobotBackendStatus(
            ready=True,
            motor_control_mode=MotorControlMode.Enabled,
            last_alive=self._answered,
            control_loop_stats=stats,
        )
        status = DaemonStatus.model_validate_json(message)
        return status.model_copy(update={"backend_status": backend}).model_dump_json()


def test_dead_motors_behind_enabled_are_an_error_in_diagnostics(
    ros: RosClient, relay: Relay, joint_states: Collector
) -> None:
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")

    def status() -> DiagnosticStatus:
        (found,) = [one for one in diagnostics.next().status if one.name.endswith(": daemon")]
        assert found.name == f"{NS}/control: daemon"
        return found

    def told() -> dict[str, str]:
        return {value.key: value.value for value in status().values}

    def becomes(level: bytes, text: str) -> None:
        def so() -> bool:
            found = status()
            return found.level == level and text in found.message

        wait_for(so, 10, lambda: f"{text}, at last {diagnostics.last.status}")

    joint_states.next()
    becomes(DiagnosticStatus.OK, "works")  # a simulated robot tells nothing of motors
    assert told()["control loop rate (Hz)"] == "-"
    assert told()["media"] == "off"
    insides = Insides()
    relay.alters = insides.alter
    try:
        wait_for(lambda: told()["control loop rate (Hz)"] == "49.80", 10, "the statistics")
        values = told()
        assert values["control loop longest interval (s)"] == "0.03"
        assert values["control loop errors (1/s)"] == "0"
        assert values["motor controller"] == "ControlLoopStats(period=20.1ms)"
        assert values["motor mode"] == "enabled"
        assert (values["IMU temperature (C)"] == "-") is (relay.imu is None)
        becomes(DiagnosticStatus.OK, "works")
        insides.errors = 3
        becomes(DiagnosticStatus.WARN, "3 reads of the motors failed")
        insides.errors, insides.alive = 0, False
        becomes(DiagnosticStatus.ERROR, "although the motor mode is 'enabled'")
        assert "the motors have not answered for" in diagnostics.last.status[1].message
        insides.alive = True
        becomes(DiagnosticStatus.OK, "works")
    finally:
        relay.alters = lambda message: message


def test_the_imu_s_topics_are_there_only_when_the_robot_has_one(
    ros: RosClient, relay: Relay, joint_states: Collector
) -> None:
    def topics() -> set[str]:
        return {name for name, _ in ros.node.get_topic_names_and_types()}

    joint_states.next()
    assert f"{NS}/joint_states" in topics()
    assert f"{NS}/imu/data" not in topics()
    assert f"{NS}/imu/temperature" not in topics()
    relay.imu = READING
    wait_for(lambda: {f"{NS}/imu/data", f"{NS}/imu/temperature"} <= topics(), 10, "an IMU")
    imu = ros.subscribe(Imu, f"{NS}/imu/data")
    temperature = ros.subscribe(Temperature, f"{NS}/imu/temperature")
    imu.wait_count(30)
    temperature.wait_count(1)
    message = imu.last
    assert message.header.frame_id == "imu_link"
    assert abs(stamp_ns(message) / 1e9 - time.time()) < patience(1.0)
    q = message.orientation
    assert (q.w, q.x, q.y, q.z) == (0.5, -0.5, 0.5, -0.5)
    assert message.angular_velocity.z == -0.03
    assert message.linear_acceleration.z == 9.7
    assert message.orientation_covariance[0] == pytest.approx(0.05**2)
    assert message.angular_velocity_covariance[4] == pytest.approx(0.005**2)
    assert message.linear_acceleration_covariance[8] == pytest.approx(0.05**2)
    assert temperature.last.temperature == 31.5
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")
    values = {value.key: value.value for value in diagnostics.next().status[1].values}
    assert values["IMU temperature (C)"] == "31.50"
    # A reading that is none costs itself only.
    relay.imu = ImuDataMsg(
        accelerometer=[0.0] * 3, gyroscope=[0.0] * 3, quaternion=[0.0] * 4, temperature=0.0
    )
    # What was on its way is through when joint states have come.
    joint_states.wait_count(joint_states.count + 10)
    seen = imu.count
    joint_states.wait_count(joint_states.count + 20)
    assert imu.count == seen
    relay.imu = READING
    imu.next()


def test_what_is_commanded_is_published_while_it_is(
    ros: RosClient, daemon: Daemon, head_poses: Collector
) -> None:
    goto(daemon, 0.5)
    targets = ros.subscribe(PoseStamped, f"{NS}/target_head_pose")
    command = ros.publisher(PoseStamped, f"{NS}/goto/head_pose")
    wait_for(lambda: ros.node.count_publishers(f"{NS}/target_head_pose"), 10)
    message = PoseStamped()
    message.pose.position.z = 0.18
    message.pose.orientation.z, message.pose.orientation.w = math.sin(0.2), math.cos(0.2)
    command.publish(message)
    targets.wait_count(10)
    assert targets.last.header.frame_id == "body_foot_3dprint"
    np.testing.assert_allclose(matrix(targets.last), matrix(message), atol=1e-9)
    wait_for(lambda: np.abs(matrix(head_poses.last) - matrix(message)).max() < 1e-2, 5)

    stream = ros.publisher(JointState, f"{NS}/set_target/joints")

    def streamed_again() -> bool:
        stream.publish(JointState(name=["stewart_1", "stewart_4"], position=[0.7, -0.7]))
        head_poses.next()
        return bool(np.abs(matrix(targets.last) - matrix(message)).max() > 1e-3)

    wait_for(streamed_again, 5, "the target of joints that are streamed")
    wait_for(
        lambda: np.abs(matrix(targets.last) - matrix(head_poses.last)).max() < 2e-3, 5, "arrival"
    )

    # And no longer: the stream has ended.
    def quiet() -> bool:
        seen = targets.count
        for _ in range(5):
            head_poses.next()
        return targets.count == seen

    wait_for(quiet, 5, "silence after the stream")


def test_a_mirrored_head_pose_is_reported_and_not_published(
    ros: RosClient, daemon: Daemon, node: Child, joint_states: Collector, head_poses: Collector
) -> None:
    """The daemon gets a step of 60 degrees in one tick from another client."""
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")

    def diagnosed(key: str) -> str:
        values = diagnostics.next().status[0].values
        return str(next(value.value for value in values if value.key == key))

    events = ros.subscribe(DiagnosticStatus, f"{NS}/safety_events", 20)
    goto(daemon, 0.5)
    assert diagnosed("head pose") == "right"
    target = {"target_head_pose": {"yaw": 1.05}, "target_body_yaw": 0.0}
    assert daemon.post("/api/move/set_target", target)["status"] == "ok"
    node.wait_for_output("head pose is wrong")
    assert diagnosed("head pose") == "wrong"
    seen = head_poses.count
    joint_states.wait_count(joint_states.count + 20)
    assert head_poses.count <= seen + 1
    assert len(joint_states.last.name) == 9
    assert node.output().count("head pose is wrong") == 1

    kinds = [event.message.split(":")[0] for event in events.messages]
    assert kinds.count("wrong_state") == 1

    # The daemon would begin a goto at the wrong pose; a stream begins where the joints are.
    goal = conversions.pose_message(turned(0.8), "", head_poses.last.header.stamp)
    ros.publisher(PoseStamped, f"{NS}/goto/head_pose").publish(goal)
    node.wait_for_output("its gotos would begin there")
    held = kinematics.inverse(turned(1.05), 0.9, automatic_body_yaw=False)
    assert held is not None
    stream = ros.publisher(JointState, f"{NS}/set_target/joints")

    def body_turned_under_the_head() -> bool:
        stream.publish(JointState(name=["yaw_body"], position=[0.9]))
        return bool(np.abs(np.array(joint_states.next().position[:7]) - held).max() < 0.01)

    wait_for(body_turned_under_the_head, 5, "the body turned, the head where it was")

    daemon.post("/api/daemon/restart")
    wait_for(lambda: head_poses.count > seen + 10, 10, "right head poses after the restart")
    wait_for(lambda: len(joint_states.last.name) == 30, 5, "passive joints")
    wait_for(lambda: diagnosed("head pose") == "right", 5)
