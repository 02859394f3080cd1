# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The antennas show that the camera is on, and never fight what moves the robot."""

from collections.abc import Iterator

import pytest
from harness.control import ControlledRobot, joints
from harness.daemon import Daemon
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.waiting import wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from reachy_mini_ros.nodes.camera.antenna_sign import SPREAD_RAD, TOPIC, USUAL_RAD

NS = "/sign"


@pytest.fixture(scope="module")
def robot(processes: Processes, ros: RosClient) -> Iterator[ControlledRobot]:
    daemon = Daemon.start(processes, free_port())
    with ControlledRobot.started(processes, ros, daemon, NS) as robot:
        yield robot


@pytest.fixture(scope="module")
def camera(processes: Processes, robot: ControlledRobot) -> Child:
    child = processes.start_node("camera", namespace=NS, source="synthetic")
    child.wait_for_output("pictures arrive")
    return child


def wait_angle(robot: ControlledRobot, angle: float) -> None:
    for name, sign in (("right_antenna", 1), ("left_antenna", -1)):
        wait_for(lambda name=name, sign=sign: abs(robot.positions[name] - sign * angle) < 0.03, 20)


def show(ros: RosClient, wanted: bool) -> None:
    parameter = Parameter("show_on_robot", value=wanted).to_parameter_msg()
    request = SetParameters.Request(parameters=[parameter])
    [result] = ros.call(SetParameters, f"{NS}/camera/set_parameters", request).results
    assert result.successful, result.reason


def change(ros: RosClient, transition: int) -> None:
    request = ChangeState.Request(transition=Transition(id=transition))
    assert ros.call(ChangeState, f"{NS}/camera/change_state", request).success


def test_it_waits_for_what_moves_the_robot_and_follows_the_camera(
    robot: ControlledRobot, camera: Child, ros: RosClient
) -> None:
    robot.neutral()
    assert not ros.node.count_subscribers(f"{NS}/command_events") - 1, "it costs nothing when off"
    robot.set(goto__duration=2.0)
    message = joints(yaw_body=0.5, right_antenna=-0.2, left_antenna=0.2)
    message.header.stamp = ros.node.get_clock().now().to_msg()
    id = f"{message.header.stamp.sec}.{message.header.stamp.nanosec:09d}"
    since = robot.events.count
    robot.goto_joints.publish(message)
    robot.wait_owner("goto")
    show(ros, True)
    robot.wait_told("accepted done", "goto/joints", id)
    wait_angle(robot, SPREAD_RAD)
    assert robot.events.count == since, "nothing was refused or preempted"
    change(ros, Transition.TRANSITION_DEACTIVATE)
    wait_angle(robot, USUAL_RAD)
    change(ros, Transition.TRANSITION_ACTIVATE)
    wait_angle(robot, SPREAD_RAD)


def test_it_is_shown_again_after_a_sleep_and_ends_with_the_node(
    robot: ControlledRobot, camera: Child, ros: RosClient
) -> None:
    assert robot.call("goto_sleep")[0]
    robot.wait_owner("sleeping")
    assert robot.call("wake_up")[0]
    wait_angle(robot, SPREAD_RAD)
    robot.wait_owner("idle")
    assert camera.stop() == 0
    wait_angle(robot, USUAL_RAD)
    told = [one.message for one in robot.events.messages if one.name.endswith(TOPIC)]
    assert not [message for message in told if message.startswith("refused")]
