# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The control node when the robot is away, goes, and comes back; and its own end."""

import signal
from collections.abc import Iterator

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from harness.daemon import Daemon
from harness.processes import Child, Processes, free_port
from harness.ros import Collector, RosClient
from harness.waiting import wait_for
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from reachy_mini_ros.nodes.common.qos import latched

NS = "/control_faults"
# Two seconds are promised; the rest is for discovery and a busy machine.
BACK_WITHIN_S = 4.0


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def node(processes: Processes, port: int) -> Iterator[Child]:
    child = processes.start_node("control", namespace=NS, robot_host="127.0.0.1", robot_port=port)
    yield child
    child.stop_cleanly()


@pytest.fixture(scope="module")
def connection(ros: RosClient, node: Child) -> Collector:
    return ros.subscribe(String, f"{NS}/connection", latched())


@pytest.fixture(scope="module")
def joint_states(ros: RosClient, node: Child) -> Collector:
    return ros.subscribe(JointState, f"{NS}/joint_states")


def wait_for_connection(connection: Collector, value: str, timeout_s: float) -> None:
    wait_for(lambda: connection.count and connection.last.data == value, timeout_s, value)


def test_while_the_robot_is_away_commands_are_answered_and_nothing_is_published(
    ros: RosClient, node: Child, connection: Collector, joint_states: Collector
) -> None:
    wait_for_connection(connection, "lost", 10)
    for service in ("wake_up", "goto_sleep", "stop"):
        answer = ros.call(Trigger, f"{NS}/{service}")
        assert not answer.success
        assert "is not connected (nothing listens" in answer.message
    answer = ros.call(SetBool, f"{NS}/enable_motors", SetBool.Request(data=True))
    assert not answer.success
    target = ros.publisher(PoseStamped, f"{NS}/set_target/head_pose")
    message = PoseStamped()
    message.pose.position.z, message.pose.orientation.w = 0.177, 1.0
    target.publish(message)
    node.wait_for_output("is not connected")
    info = ros.subscribe(DiagnosticStatus, f"{NS}/robot_info", latched())
    info.wait_count(1)
    assert info.last.level == DiagnosticStatus.STALE
    assert joint_states.count == 0


def test_the_robot_s_coming_going_and_coming_back_is_followed(
    processes: Processes,
    port: int,
    ros: RosClient,
    connection: Collector,
    joint_states: Collector,
) -> None:
    daemon = Daemon.start(processes, port)
    wait_for(lambda: joint_states.count > 0, BACK_WITHIN_S)
    wait_for_connection(connection, "connected", 2)

    daemon.kill()
    wait_for_connection(connection, "lost", 3)
    seen = joint_states.count
    Daemon.start(processes, port)
    wait_for(lambda: joint_states.count > seen, BACK_WITHIN_S)
    gap_s = joint_states.arrivals_s[seen] - joint_states.arrivals_s[seen - 1]
    stamps = [message.header.stamp for message in joint_states.messages[seen - 1 : seen + 1]]
    stamped_gap_s = (stamps[1].sec - stamps[0].sec) + (stamps[1].nanosec - stamps[0].nanosec) / 1e9
    assert stamped_gap_s == pytest.approx(gap_s, abs=0.5)
    assert gap_s > 0.2


def test_a_restart_over_http_a_freeze_and_a_stop_over_http_are_followed(
    processes: Processes, ros: RosClient, connection: Collector, joint_states: Collector
) -> None:
    port = free_port()
    daemon = Daemon.start(processes, port)
    namespace = f"{NS}/second"
    node = processes.start_node(
        "control", namespace=namespace, robot_host="127.0.0.1", robot_port=port
    )
    connection = ros.subscribe(String, f"{namespace}/connection", latched())
    joint_states = ros.subscribe(JointState, f"{namespace}/joint_states")
    joint_states.wait_count(1, 10)

    daemon.post("/api/daemon/restart")
    wait_for_connection(connection, "stalled", 3)
    wait_for_connection(connection, "connected", BACK_WITHIN_S)

    daemon.child.send_signal(signal.SIGSTOP)
    try:
        wait_for_connection(connection, "stalled", 3)
        seen = joint_states.count
        answer = ros.call(Trigger, f"{namespace}/stop")
        assert not answer.success
        assert joint_states.count == seen
    finally:
        daemon.child.send_signal(signal.SIGCONT)
    wait_for(lambda: joint_states.count > seen, BACK_WITHIN_S)

    info = ros.subscribe(DiagnosticStatus, f"{namespace}/robot_info", latched())
    daemon.post("/api/daemon/stop?goto_sleep=false")
    node.wait_for_output("the daemon is 'stopped'")
    wait_for(
        lambda: {value.key: value.value for value in info.last.values}["daemon_state"] == "stopped",
        3,
    )
    assert info.last.level == DiagnosticStatus.STALE
    assert node.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("robot", ["away", "awaking"])
def test_a_signal_ends_the_node_cleanly(
    processes: Processes, ros: RosClient, port: int, node: Child, number: signal.Signals, robot: str
) -> None:
    namespace = f"{NS}/end_{number.name}_{robot}".lower()
    child = processes.start_node(
        "control",
        namespace=namespace,
        robot_host="127.0.0.1",
        robot_port=port if robot == "awaking" else free_port(),
    )
    connection = ros.subscribe(String, f"{namespace}/connection", latched())
    if robot == "awaking":
        wait_for_connection(connection, "connected", 10)
        client = ros.node.create_client(Trigger, f"{namespace}/goto_sleep")
        assert client.wait_for_service(10)
        client.call_async(Trigger.Request())
        wait_for(lambda: len(running_moves(port)) > 0, 5)
    else:
        wait_for_connection(connection, "lost", 10)
    child.stop_cleanly(number)
    if robot == "awaking":
        ros.destroy(ros.node.destroy_client, client)
        answer = ros.call(Trigger, f"{NS}/stop")
        assert answer.success, answer.message


def running_moves(port: int) -> list[object]:
    robot = Daemon(child=None, port=port)  # type: ignore[arg-type]
    return list(robot.get("/api/move/running"))
