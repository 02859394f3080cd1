# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The actions, seen from a client; where control_msgs is not installed, what is said instead."""

import math
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from harness.control import DEGREE, ControlledRobot, trajectory
from harness.daemon import Daemon
from harness.interfaces import needs
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.waiting import patience, wait_for
from rclpy.action import ActionClient
from rclpy.time import Time

NS = "/actions_test"
needs_control_msgs = needs("control_msgs")


def duration(time_s: float) -> Duration:
    return Duration(sec=int(time_s), nanosec=round(time_s % 1.0 * 1e9))


def follow_goal(names: list[str], *points: tuple[float, list[float]], **parts: Any) -> Any:
    from control_msgs.action import FollowJointTrajectory

    return FollowJointTrajectory.Goal(trajectory=trajectory(names, list(points)), **parts)


def tolerance(name: str, position: float) -> Any:
    from control_msgs.msg import JointTolerance

    return JointTolerance(name=name, position=position)


class Goal:
    """One goal on its way."""

    def __init__(self, client: ActionClient, goal: Any) -> None:
        self.feedback: list[tuple[float, Any]] = []
        sent = client.send_goal_async(goal, feedback_callback=self._on_feedback)
        wait_for(sent.done, 10, "the goal's answer")
        self.handle = sent.result()
        assert self.handle.accepted
        self._result = self.handle.get_result_async()

    def _on_feedback(self, message: Any) -> None:
        self.feedback.append((time.monotonic(), message.feedback))

    def result(self, timeout_s: float = 10.0) -> tuple[int, Any]:
        """Wait for the end, and return status and result."""
        wait_for(self._result.done, timeout_s, "the goal's result")
        return self._result.result().status, self._result.result().result

    def cancel(self) -> None:
        self.handle.cancel_goal_async()


class Robot(ControlledRobot):
    """The node under test with its actions."""

    @cached_property
    def _clients(self) -> dict[str, ActionClient]:
        from control_msgs.action import FollowJointTrajectory, PointHead

        kinds = {"follow_joint_trajectory": FollowJointTrajectory, "point_head": PointHead}
        clients = {
            name: ActionClient(self.ros.node, kind, f"{NS}/{name}") for name, kind in kinds.items()
        }
        for client in clients.values():
            assert client.wait_for_server(patience(20))
        return clients

    def send(self, name: str, goal: Any) -> Goal:
        return Goal(self._clients[name], goal)

    def follow(self, *arguments: Any, **parts: Any) -> Goal:
        return self.send("follow_joint_trajectory", follow_goal(*arguments, **parts))


@pytest.fixture(scope="module")
def robot(processes: Processes, ros: RosClient) -> Iterator[Robot]:
    daemon = Daemon.start(processes, free_port())
    # Else the messages' classes take names and values that they do not have.
    env = {"ROS_PYTHON_CHECK_FIELDS": "1"}
    with Robot.started(processes, ros, daemon, NS, env) as robot:
        yield robot


@pytest.fixture
def neutral(robot: Robot) -> Robot:
    robot.neutral()
    return robot


def test_one_line_says_what_brings_the_actions(processes: Processes) -> None:
    node = processes.start_node(
        "control", namespace="/no_actions", without="control_msgs", robot_host="127.0.0.1"
    )
    line = node.wait_for_output("control_msgs is not installed")
    assert "ros-$ROS_DISTRO-control-msgs" in line
    node.stop_cleanly()
    assert node.output().count("control_msgs") == 1


@needs_control_msgs
def test_a_trajectory_succeeds_with_feedback(neutral: Robot) -> None:
    goal = neutral.follow(["left_antenna", "yaw_body"], (0.5, [0.5, 0.2]), (1.5, [-0.4, 0.5]))
    status, result = goal.result()
    assert (status, result.error_code) == (GoalStatus.STATUS_SUCCEEDED, 0), result.error_string
    assert "trajectory done" in result.error_string
    assert neutral.positions["left_antenna"] == pytest.approx(-0.4, abs=DEGREE)
    assert neutral.positions["yaw_body"] == pytest.approx(0.5, abs=DEGREE)
    times_s = [arrival for arrival, _ in goal.feedback]
    assert len(times_s) / (times_s[-1] - times_s[0]) > 10
    feedback = [message for _, message in goal.feedback]
    if hasattr(feedback[0], "index"):  # since control_msgs 6.3, so not on Jazzy
        assert [feedback[0].index, feedback[-1].index] == [0, 1]
    middle = feedback[len(feedback) // 2]
    assert list(middle.joint_names) == ["left_antenna", "yaw_body"]
    error = np.subtract(middle.desired.positions, middle.actual.positions)
    np.testing.assert_allclose(middle.error.positions, error)
    assert np.abs(error).max() < 0.2


@needs_control_msgs
def test_a_cancelled_goal_stops_the_robot(neutral: Robot) -> None:
    goal = neutral.follow(["yaw_body"], (4.0, [1.2]))
    wait_for(lambda: neutral.positions["yaw_body"] > 0.1, 5)
    cancelled_s = time.monotonic()
    goal.cancel()
    status, result = goal.result()
    assert time.monotonic() - cancelled_s < patience(1.0)
    assert (status, result.error_string) == (GoalStatus.STATUS_CANCELED, "canceled")
    stopped_at = neutral.positions["yaw_body"]
    neutral.joint_states.wait_count(neutral.joint_states.count + 20)
    # At most 0.56 rad/s for 50 ms, and the state's own delay.
    assert neutral.positions["yaw_body"] == pytest.approx(stopped_at, abs=0.07)


@needs_control_msgs
def test_a_goal_that_is_cancelled_at_once_does_not_move_the_robot(neutral: Robot) -> None:
    for _ in range(10):
        goal = neutral.follow(["yaw_body"], (4.0, [1.2]))
        goal.cancel()
        assert goal.result()[0] == GoalStatus.STATUS_CANCELED
    assert neutral.owner == "idle"
    assert neutral.positions["yaw_body"] == pytest.approx(0.0, abs=0.05)


@needs_control_msgs
def test_a_new_goal_aborts_the_old_one(neutral: Robot) -> None:
    first = neutral.follow(["yaw_body"], (4.0, [1.0]))
    wait_for(lambda: neutral.positions["yaw_body"] > 0.1, 5)
    second = neutral.follow(["yaw_body"], (0.5, [0.0]))
    status, result = first.result()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, -1)
    assert result.error_string == "trajectory was ended by a new trajectory"
    assert second.result()[0] == GoalStatus.STATUS_SUCCEEDED


@needs_control_msgs
def test_stop_aborts_a_goal(neutral: Robot) -> None:
    goal = neutral.follow(["yaw_body"], (4.0, [1.0]))
    wait_for(lambda: neutral.positions["yaw_body"] > 0.1, 5)
    assert neutral.call("stop")[0]
    status, result = goal.result()
    assert status == GoalStatus.STATUS_ABORTED
    assert result.error_string == "trajectory was ended by stop"


@needs_control_msgs
def test_refused_goals_have_code_and_reason_and_leave_the_running_one(neutral: Robot) -> None:
    running = neutral.follow(["left_antenna"], (4.0, [1.0]))
    for names, point, code, text in (
        (["nose"], (1.0, [0.0]), -2, "'nose' is not one of"),
        (["yaw_body"], (1.0, [3.0]), -1, "yaw_body = 3 rad is outside"),
        (["yaw_body"], (1.0, [math.nan]), -1, "point 0 holds NaN"),
    ):
        status, result = neutral.follow(names, point).result()
        assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, code)
        assert text in result.error_string
    late = follow_goal(["yaw_body"], (1.0, [0.1]))
    late.trajectory.header.stamp = Time(seconds=1000).to_msg()
    _, result = neutral.send("follow_joint_trajectory", late).result()
    assert result.error_code == -3
    unknown = follow_goal(["yaw_body"], (1.0, [0.1]), path_tolerance=[tolerance("nose", 0.1)])
    _, result = neutral.send("follow_joint_trajectory", unknown).result()
    assert (result.error_code, "'nose'" in result.error_string) == (-2, True)
    running.cancel()
    assert running.result()[0] == GoalStatus.STATUS_CANCELED


@needs_control_msgs
def test_a_violated_path_tolerance_aborts(neutral: Robot) -> None:
    goal = neutral.follow(["yaw_body"], (2.0, [1.5]), path_tolerance=[tolerance("yaw_body", 0.001)])
    status, result = goal.result()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, -4)
    assert "yaw_body is" in result.error_string
    assert neutral.positions["yaw_body"] < 1.0


@needs_control_msgs
def test_a_violated_goal_tolerance_aborts(neutral: Robot) -> None:
    goal = neutral.follow(["left_antenna"], (1.0, [0.5]), goal_time_tolerance=duration(0.3))
    wait_for(lambda: goal.feedback, 5)
    # Another client that goes on longer: the daemon lets both move the robot, tick by tick.
    neutral.daemon.post("/api/move/goto", {"antennas": [0.0, 1.0], "duration": 4.0})
    status, result = goal.result()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, -5), result.error_string
    assert "0.30 s after the end left_antenna is" in result.error_string


def point_goal(x: float, y: float, z: float, **parts: Any) -> Any:
    from control_msgs.action import PointHead

    goal = PointHead.Goal(**parts)
    goal.target.header.frame_id = "body_foot_3dprint"
    goal.target.point.x, goal.target.point.y, goal.target.point.z = x, y, z
    return goal


@needs_control_msgs
def test_the_head_is_pointed_with_feedback_of_the_error(neutral: Robot) -> None:
    goal = neutral.send("point_head", point_goal(1.0, 0.6, 0.2, min_duration=duration(1.0)))
    assert goal.result()[0] == GoalStatus.STATUS_SUCCEEDED
    errors = [message.pointing_angle_error for _, message in goal.feedback]
    assert len(errors) >= 10
    assert errors[0] == pytest.approx(math.atan2(0.6, 1.0), abs=0.1)
    assert errors[-1] < 0.1
    assert neutral.yaw == pytest.approx(0.54, abs=0.03)


@needs_control_msgs
def test_a_slow_head_takes_its_time_and_can_be_cancelled(neutral: Robot) -> None:
    goal = neutral.send("point_head", point_goal(1.0, 1.0, 0.2, max_velocity=0.3))
    wait_for(lambda: len(goal.feedback) > 20, 10)
    assert goal.feedback[-1][1].pointing_angle_error > 0.2
    goal.cancel()
    assert goal.result()[0] == GoalStatus.STATUS_CANCELED
    error = goal.feedback[-1][1].pointing_angle_error
    assert error > 0.2


@needs_control_msgs
def test_what_cannot_be_pointed_at_aborts_with_the_reason_in_an_event(neutral: Robot) -> None:
    since = neutral.events.count
    for goal, text in (
        (point_goal(0.01, 0.0, 0.2), "too near"),
        (point_goal(1.0, 0.0, 0.2, pointing_frame="left_antenna"), "only 'camera_optical'"),
    ):
        assert neutral.send("point_head", goal).result()[0] == GoalStatus.STATUS_ABORTED
        neutral.wait_event("refused", "point_head", text, since)


@needs_control_msgs
def test_a_goal_is_known_by_its_uuid_or_by_its_stamp_in_the_receipts(neutral: Robot) -> None:
    def uuid(goal: Goal) -> str:
        return str(UUID(bytes=bytes(goal.handle.goal_id.uuid)))

    source = "follow_joint_trajectory"
    goal = neutral.follow(["left_antenna"], (0.3, [0.1]))
    neutral.wait_told("accepted done", source, uuid(goal))
    refused = neutral.follow(["nose"], (0.3, [0.1]))
    neutral.wait_told("refused", source, uuid(refused))
    strays = follow_goal(["yaw_body"], (2.0, [1.5]), path_tolerance=[tolerance("nose", 0.1)])
    neutral.wait_told("refused", source, uuid(neutral.send(source, strays)))
    cancelled = neutral.follow(["yaw_body"], (4.0, [1.0]))
    wait_for(lambda: neutral.positions["yaw_body"] > 0.1, 5)
    cancelled.cancel()
    neutral.wait_told("accepted preempted", source, uuid(cancelled))
    neutral.neutral()
    at_once = neutral.follow(["yaw_body"], (4.0, [1.0]))
    at_once.cancel()
    assert at_once.result()[0] == GoalStatus.STATUS_CANCELED
    wait_for(lambda: neutral.told(source, uuid(at_once)), 5, "a receipt")
    kinds = [one["kind"] for one in neutral.told(source, uuid(at_once))]
    assert kinds in (["refused"], ["accepted", "preempted"])

    stamped = point_goal(1.0, 0.2, 0.2, min_duration=duration(0.3))
    stamped.target.header.stamp = Time(seconds=1000, nanoseconds=7).to_msg()
    neutral.send("point_head", stamped)
    neutral.wait_told("accepted done", "point_head", "1000.000000007")
    near = neutral.send("point_head", point_goal(0.01, 0.0, 0.2))
    neutral.wait_told("refused", "point_head", uuid(near))


@needs_control_msgs
def test_a_robot_that_goes_away_aborts_the_goal(neutral: Robot) -> None:
    goal = neutral.follow(["yaw_body"], (4.0, [1.0]))
    wait_for(lambda: neutral.positions["yaw_body"] > 0.1, 5)
    assert isinstance(neutral.daemon, Daemon)
    neutral.daemon.kill()
    status, result = goal.result()
    assert status == GoalStatus.STATUS_ABORTED
    assert "is not connected" in result.error_string
