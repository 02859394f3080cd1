# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A second control node in the namespace of the first: it waits, and takes over."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from harness.control import ControlledRobot, joints, values_of
from harness.daemon import Daemon
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.waiting import patience, wait_for
from rclpy.time import Time
from std_srvs.srv import Trigger

from reachy_mini_ros.nodes.common.qos import latched
from reachy_mini_ros.nodes.control.election import ALIVE_S

STANDS_BY = "does not command the robot: "
TAKES_OVER = "commands the robot now"


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> Daemon:
    return Daemon.start(processes, free_port())


def wake_up(robot: ControlledRobot) -> None:
    """Wake the robot up; the first node may still be busy with it when it is asked again."""
    answers: list[str] = []

    def awake() -> bool:
        done, answer = robot.call("wake_up")
        answers.append(answer)
        return done

    wait_for(awake, 30, lambda: f"the robot to be awake: {answers}")


def moves_once(robot: ControlledRobot, angle: float) -> None:
    """Check that a command is carried out, by one node.

    It is sent again until somebody has it: topics of a node that took over are found later.
    """
    sent: list[str] = []
    sent_s = 0.0

    def taken() -> list[str]:
        nonlocal sent_s
        if time.monotonic() > sent_s + 1.0:
            goto = joints(left_antenna=angle)
            goto.header.stamp = Time(nanoseconds=time.time_ns()).to_msg()
            stamp = goto.header.stamp
            sent.append(f"{stamp.sec}.{stamp.nanosec:09d}")
            robot.goto_joints.publish(goto)
            sent_s = time.monotonic()
        return [name for name in sent if robot.told("goto/joints", name)]

    wait_for(taken, 10, "a goto that is taken")
    robot.wait_told("accepted done", "goto/joints", sent[-1])
    robot.wait_position("left_antenna", angle)


class Two:
    """A control node that commands, and a second one that waits."""

    def __init__(
        self, processes: Processes, ros: RosClient, daemon: Daemon, namespace: str
    ) -> None:
        self.processes, self.ros, self.daemon, self.namespace = processes, ros, daemon, namespace
        self.first = self.start()
        self.roles = ros.subscribe(DiagnosticStatus, f"{namespace}/control_nodes", latched())
        self.robot = ControlledRobot(ros, self.first, daemon, namespace)
        self.second = self.start()
        self.second.wait_for_output(STANDS_BY)
        wake_up(self.robot)

    def start(self) -> Child:
        return self.processes.start_node(
            "control",
            namespace=self.namespace,
            robot_host="127.0.0.1",
            robot_port=self.daemon.port,
        )

    def role(self, node: Child) -> str:
        told = [values_of(message) for message in self.roles.messages]
        return [one["role"] for one in told if one["pid"] == str(node.pid)][-1]


@pytest.fixture
def two(
    processes: Processes, ros: RosClient, daemon: Daemon, request: pytest.FixtureRequest
) -> Iterator[Two]:
    names = {
        test_the_second_says_who_commands_and_how_to_get_it.__name__: "/second",
        test_it_takes_over_at_once_when_the_first_ends.__name__: "/after_end",
        test_it_takes_over_soon_when_the_first_is_killed.__name__: "/after_kill",
        test_one_that_comes_back_refuses_and_tells_who_commands.__name__: "/come_back",
    }
    both = Two(processes, ros, daemon, names[request.node.name])
    yield both
    for node in (both.first, both.second):
        if node.process.poll() is None:
            node.send_signal(signal.SIGCONT)
            node.stop_cleanly()


def test_the_second_says_who_commands_and_how_to_get_it(two: Two) -> None:
    (line,) = [line for line in two.second.output().splitlines() if STANDS_BY in line]
    assert f"{two.namespace}/control on {os.uname().nodename} (pid {two.first.pid}) does" in line
    assert "Stop that one and this one takes over" in line
    assert "-r __ns:=/NAME" in line
    assert (two.role(two.first), two.role(two.second)) == ("active", "standby")
    moves_once(two.robot, 0.5)
    # What the robot does is told by one node too.
    arrivals = two.robot.joint_states.arrivals_s
    recent = [arrival for arrival in arrivals if arrival > arrivals[-1] - 1.0]
    assert len(recent) < 65, "joint_states come twice"
    graph = two.ros.node
    for topic in ("connection", "robot_info", "motion_owner", "motor_mode", "moving"):
        name = f"{two.namespace}/{topic}"
        wait_for(lambda name=name: graph.count_publishers(name) == 1, 5, f"one {topic}")


def test_it_takes_over_at_once_when_the_first_ends(two: Two) -> None:
    moves_once(two.robot, 0.5)
    two.first.stop_cleanly()
    ended_s = time.monotonic()
    two.second.wait_for_output(TAKES_OVER)
    assert time.monotonic() - ended_s < patience(ALIVE_S)
    moves_once(two.robot, 0.0)


def test_it_takes_over_soon_when_the_first_is_killed(two: Two) -> None:
    moves_once(two.robot, 0.5)
    two.first.process.kill()
    two.second.wait_for_output(TAKES_OVER, 10)
    moves_once(two.robot, 0.0)


def test_one_that_comes_back_refuses_and_tells_who_commands(two: Two) -> None:
    two.first.send_signal(signal.SIGSTOP)
    two.second.wait_for_output(TAKES_OVER, 10)
    moves_once(two.robot, 0.5)
    two.first.send_signal(signal.SIGCONT)
    two.first.wait_for_output(STANDS_BY, 10)
    moves_once(two.robot, 0.0)
    # Both are asked, and the answer of the one that commands is heard.
    for _ in range(2):
        assert two.robot.call("goto_sleep")[0]
        assert two.robot.call("wake_up")[0]
    two.second.send_signal(signal.SIGSTOP)
    answer = two.ros.call(Trigger, f"{two.namespace}/goto_sleep")
    assert not answer.success
    assert answer.message == "this control node commands only since just now: ask again"
    two.first.wait_for_output(TAKES_OVER, 10)


def test_one_that_is_started_again_after_a_kill_commands_within_seconds(
    processes: Processes, ros: RosClient, daemon: Daemon
) -> None:
    def start() -> Child:
        return processes.start_node(
            "control", namespace="/again", robot_host="127.0.0.1", robot_port=daemon.port
        )

    killed = start()
    robot = ControlledRobot(ros, killed, daemon, "/again")
    assert robot.call("wake_up")[0]
    killed.process.kill()
    killed.process.wait()
    roles = ros.subscribe(DiagnosticStatus, "/again/control_nodes", latched())
    node = start()

    def active() -> bool:
        told = [values_of(message) for message in roles.messages]
        return any(one["pid"] == str(node.pid) and one["role"] == "active" for one in told)

    node.wait_for_output("connected")
    connected_s = time.monotonic()
    wait_for(active, 10, "the new one to command")
    assert time.monotonic() - connected_s < patience(ALIVE_S + 2.0)
    assert STANDS_BY not in node.output()
    moves_once(robot, 0.3)
    node.stop_cleanly()


def test_of_two_that_start_together_exactly_one_commands(
    processes: Processes, ros: RosClient, daemon: Daemon
) -> None:
    roles = ros.subscribe(DiagnosticStatus, "/together/control_nodes", latched())
    nodes = [
        processes.start_node(
            "control", namespace="/together", robot_host="127.0.0.1", robot_port=daemon.port
        )
        for _ in range(2)
    ]

    def settled() -> bool:
        newest = {}
        for message in roles.messages:
            values = values_of(message)
            newest[values["pid"]] = values["role"]
        return sorted(newest.values()) == ["active", "standby"]

    wait_for(settled, 20, "an active and a standby one")
    for node in nodes:
        node.stop_cleanly()
