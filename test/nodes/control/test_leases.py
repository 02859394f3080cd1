# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Leases over ROS: the holder commands alone, by names of its own, while it is there."""

import math
import time
from collections.abc import Iterator

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.srv import AddDiagnostics
from harness.control import ControlledRobot, joints, values_of
from harness.daemon import Daemon
from harness.processes import Processes, free_port
from harness.ros import Collector, RosClient
from harness.waiting import wait_for
from rclpy.time import Time
from sensor_msgs.msg import JointState

from reachy_mini_ros.nodes.common.qos import latched

SPACE = "/leased"
EVES = "lease/eve/goto/joints"


@pytest.fixture(scope="module")
def robot(processes: Processes, ros: RosClient) -> Iterator[ControlledRobot]:
    daemon = Daemon.start(processes, free_port())
    with ControlledRobot.started(processes, ros, daemon, SPACE, goto__duration=0.3) as robot:
        yield robot


@pytest.fixture(scope="module")
def told(robot: ControlledRobot, ros: RosClient) -> Collector:
    return ros.subscribe(DiagnosticStatus, f"{SPACE}/control_lease", latched())


def ask(robot: ControlledRobot, name: str, text: str) -> tuple[bool, str]:
    request = AddDiagnostics.Request(load_namespace=text)
    answer = robot.ros.call(AddDiagnostics, f"{SPACE}/lease/{name}", request)
    return bool(answer.success), str(answer.message)


def send(robot: ControlledRobot, topic: str, angle: float) -> tuple[str, str]:
    """Publish a goto by a topic until it is taken; return its first receipt and the reason."""
    publisher = robot.publisher(JointState, topic)
    wait_for(publisher.get_subscription_count, 10, f"who listens on {topic}")
    message = joints(left_antenna=angle)
    message.header.stamp = Time(nanoseconds=time.time_ns()).to_msg()
    publisher.publish(message)
    stamp = f"{message.header.stamp.sec}.{message.header.stamp.nanosec:09d}"

    def receipts() -> list[dict[str, str]]:
        known = [values_of(one) for one in robot.receipts.messages]
        return [one for one in known if (one["id"], one["source"]) == (stamp, topic)]

    wait_for(receipts, 10, f"a receipt of {topic}")
    return receipts()[0]["kind"], receipts()[0]["reason"]


def test_the_holder_commands_alone_by_its_own_names(
    robot: ControlledRobot, told: Collector
) -> None:
    told.wait_count(1, 10)
    assert values_of(told.last)["holder"] == ""
    assert send(robot, "goto/joints", 0.1)[0] == "accepted"
    assert ask(robot, "acquire", "ann 60") == (
        True,
        "granted: ann commands the robot alone for 60 s",
    )
    wait_for(lambda: values_of(told.last)["holder"] == "ann", 5, "the holder")
    left_s = float(values_of(told.last)["expires"]) - time.time()
    assert 30 < left_s < 61
    for topic in ("goto/joints", "set_target/joints"):
        kind, reason = send(robot, topic, 0.2)
        assert kind == "refused"
        assert reason.startswith("ann commands the robot alone for ")
    for name, enable in (("enable_motors", False), ("goto_sleep", None)):
        done, reason = robot.call(name, enable)
        assert not done
        assert reason.startswith("ann commands the robot alone for ")
    assert send(robot, "lease/ann/goto/joints", 0.4)[0] == "accepted"
    robot.wait_position("left_antenna", 0.4, math.radians(1))
    assert robot.call("lease/ann/enable_motors", True)[0]
    assert robot.call("stop")[0]
    assert robot.call("lease/ann/stop")[0]
    assert not ask(robot, "acquire", "bob 60")[0]
    assert not ask(robot, "release", "bob")[0]


def test_a_person_can_take_it_and_it_ends_with_its_time(
    robot: ControlledRobot, told: Collector
) -> None:
    assert ask(robot, "acquire", "ann 60")[0]
    assert ask(robot, "acquire", "bob 1 take")[0]
    wait_for(lambda: values_of(told.last)["reason"] == "taken from ann", 5, "the new holder")
    wait_for(lambda: values_of(told.last)["holder"] == "", 10, "its end")
    assert values_of(told.last)["reason"] == "the time of bob is over"
    assert ask(robot, "acquire", "bob 9 renew") == (
        False,
        "bob holds no lease (any more): acquire one",
    )
    assert send(robot, "goto/joints", 0.0)[0] == "accepted"


def test_it_ends_when_its_holder_goes(robot: ControlledRobot, told: Collector) -> None:
    assert ask(robot, "acquire", "eve 600")[0]
    publisher = robot.ros.node.create_publisher(JointState, f"{SPACE}/{EVES}", 1)
    wait_for(publisher.get_subscription_count, 10, "the holder's own topic")
    publisher.publish(joints(left_antenna=0.1))
    robot.wait_told("accepted done", EVES)
    assert values_of(told.last)["holder"] == "eve"
    robot.ros.destroy(robot.ros.node.destroy_publisher, publisher)
    wait_for(lambda: values_of(told.last)["reason"] == "eve is gone", 15, "its end")
    wait_for(lambda: f"{SPACE}/{EVES}" not in topics(robot), 10, "the end of its names")


def topics(robot: ControlledRobot) -> list[str]:
    return [name for name, _ in robot.ros.node.get_topic_names_and_types()]


@pytest.mark.parametrize("text", ["", "ann", "ann x", "ann 5 steal", "ann 5 take now", "a/b 5"])
def test_what_asks_for_no_lease_is_told_so(robot: ControlledRobot, text: str) -> None:
    done, reason = ask(robot, "acquire", text)
    assert not done
    assert "write NAME SECONDS" in reason or "is no name for a lease" in reason
