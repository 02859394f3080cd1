# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who moves the robot, seen over ROS: owners, refusals, events, other clients, ramps, switches."""

import json
import math
import time
from collections.abc import Iterator

import numpy as np
import pytest
from harness.control import ControlledRobot, joints, pose, yaw_of
from harness.daemon import Daemon
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.waiting import patience, wait_for
from sensor_msgs.msg import JointState
from websockets.sync.client import connect

NS = "/arbitration"
COMMAND_TIMEOUT_S = 0.3


def antennas(position: float) -> JointState:
    return joints(right_antenna=position)


@pytest.fixture(scope="module")
def started(processes: Processes, ros: RosClient) -> Iterator[ControlledRobot]:
    daemon = Daemon.start(processes, free_port())
    with ControlledRobot.started(
        processes, ros, daemon, NS, command_timeout=COMMAND_TIMEOUT_S
    ) as robot:
        yield robot


@pytest.fixture
def robot(started: ControlledRobot) -> ControlledRobot:
    """Return the robot awake, neutral, idle, and no longer refusing streams."""
    assert started.set(out_of_reach="refuse") == []
    started.neutral()
    return started


def take(robot: ControlledRobot, owner: str) -> object:
    """Let something have the robot."""
    if owner == "streaming":
        robot.set_joints.publish(antennas(0.1))
    elif owner == "goto":
        robot.set(goto__duration=5.0)
        robot.goto_pose.publish(pose(0.8))
    elif owner == "sleeping":
        return robot.begin("goto_sleep")
    return None


@pytest.mark.parametrize("owner", ["idle", "streaming", "goto", "sleeping"])
def test_a_stop_wins_over_every_owner(robot: ControlledRobot, owner: str) -> None:
    take(robot, owner)
    robot.wait_owner(owner)
    answer = robot.call("stop")
    assert answer[0]
    assert answer[1].startswith("stopped")
    robot.wait_owner("idle")
    robot.wait_rest()
    assert robot.daemon.get("/api/move/running") == []


def test_a_stream_has_the_robot_until_its_timeout(robot: ControlledRobot) -> None:
    since = robot.events.count
    robot.set_joints.publish(antennas(0.2))
    robot.wait_owner("streaming")
    robot.wait_owner("idle", 2)
    wait_for(lambda: abs(robot.positions["right_antenna"] - 0.2) < 0.01, 2)
    assert robot.events.count == since, "a stream that ends normally is no event"


def test_a_stream_that_breaks_off_in_motion_is_an_event(robot: ControlledRobot) -> None:
    since = robot.events.count
    for step in range(25):
        robot.set_joints.publish(antennas(step * 0.1))
        robot.joint_states.next()
    robot.wait_event("timed_out", "set_target/joints", "broke off", since)


def test_a_goto_preempts_a_stream_and_refuses_its_targets(robot: ControlledRobot) -> None:
    since = robot.events.count
    take(robot, "streaming")
    robot.wait_owner("streaming")
    take(robot, "goto")
    robot.wait_owner("goto")
    robot.wait_event("preempted", "set_target/joints", "ended by goto", since)
    robot.set_joints.publish(antennas(0.5))
    robot.wait_event("refused", "set_target/joints", "goto is running", since)
    wait_for(lambda: robot.moving.last.data, 2)
    take(robot, "goto")
    robot.wait_event("preempted", "goto/head_pose", "ended by a new goto", since)


def test_asleep_or_without_motors_motion_is_refused_with_the_reason(robot: ControlledRobot) -> None:
    assert robot.call("goto_sleep")[0]
    robot.wait_owner("sleeping")
    wait_for(lambda: robot.modes.last.data == "disabled", 3)
    since = robot.events.count
    robot.set_pose.publish(pose())
    robot.wait_event("refused", "set_target/head_pose", "asleep: call wake_up", since)
    robot.goto_pose.publish(pose(0.3))
    robot.wait_event("refused", "goto/head_pose", "asleep: call wake_up", since)
    assert robot.call("goto_sleep") == (False, "the robot is asleep: call wake_up")
    assert robot.call("wake_up")[0]
    robot.wait_owner("idle")
    assert robot.modes.last.data == "enabled"

    assert robot.call("enable_motors", False)[0]
    robot.goto_pose.publish(pose(0.3))
    robot.wait_event("refused", "goto/head_pose", "the motors are off", since)
    assert robot.owner == "idle"
    assert robot.call("enable_motors", True)[0]
    robot.goto_pose.publish(pose(0.3))
    wait_for(lambda: abs(robot.yaw - 0.3) < 0.02, 3)


def test_motors_that_another_client_switches_count_within_two_seconds(
    robot: ControlledRobot,
) -> None:
    robot.daemon.post("/api/motors/set_mode/disabled")
    wait_for(lambda: robot.modes.last.data == "disabled", 3)
    since = robot.events.count
    robot.goto_pose.publish(pose(0.3))
    robot.wait_event("refused", "goto/head_pose", "the motors are off", since)
    robot.daemon.post("/api/motors/set_mode/enabled")
    wait_for(lambda: robot.modes.last.data == "enabled", 3)


def test_a_jump_of_60_degrees_is_ramped_and_the_head_pose_stays_right(
    robot: ControlledRobot,
) -> None:
    seen = robot.head_poses.count
    robot.set_pose.publish(pose(math.radians(60)))
    wait_for(lambda: abs(robot.yaw - math.radians(60)) < 0.01, 4, "60 degrees")
    recent = robot.head_poses.messages[seen - robot.head_poses.count - 1 :]
    yaws = [yaw_of(message) for message in recent]
    # 4 rad/s are 4.6 degrees in 20 ms; a late tick of the daemon may take several at once.
    assert np.abs(np.diff(yaws)).max() < math.radians(20)
    assert len([yaw for yaw in yaws if 0.05 < yaw < 1.0]) >= 5
    told = robot.daemon.get("/api/state/full")["head_pose"]
    assert told["yaw"] == pytest.approx(math.radians(60), abs=0.02)
    assert abs(told["z"]) < 0.003
    assert robot.diagnosed("head pose") == "right"


def test_of_200_targets_a_second_the_newest_counts(robot: ControlledRobot) -> None:
    began_s = time.monotonic()
    for step in range(200):
        wait_for(lambda step=step: time.monotonic() >= began_s + step * 0.005)  # type: ignore[misc]
        robot.set_joints.publish(antennas(0.4 * math.sin(step / 20)))
    wait_for(lambda: abs(robot.positions["right_antenna"] - 0.4 * math.sin(199 / 20)) < 0.005, 2)
    # That it is measured at all; how fast it is, the benchmarks tell.
    assert 0 < float(robot.diagnosed("command to socket p95 (ms)")) < 5000


def test_what_is_out_of_reach_is_clamped_if_that_is_wanted(robot: ControlledRobot) -> None:
    since = robot.events.count
    robot.set_pose.publish(pose(z=0.227))
    robot.wait_event("refused", "set_target/head_pose", "cannot reach", since)
    robot.set(out_of_reach="clamp")
    robot.set_pose.publish(pose(z=0.227))
    robot.wait_event("clamped", "set_target/head_pose", "cannot reach", since)
    wait_for(lambda: 0.197 < robot.head_poses.last.pose.position.z < 0.203, 3, "the highest")
    robot.goto_pose.publish(pose(z=0.117))
    robot.wait_event("clamped", "goto/head_pose", "cannot reach", since)
    wait_for(lambda: robot.head_poses.last.pose.position.z < 0.135, 3, "the lowest")


def test_another_client_s_move_over_http_is_reported(robot: ControlledRobot) -> None:
    since = robot.events.count
    robot.daemon.post("/api/move/goto", {"head_pose": {"yaw": 0.5}, "duration": 3.0})
    robot.wait_event("other_client", "robot", "over HTTP", since)
    wait_for(lambda: robot.moving.last.data, 2)
    assert robot.call("stop")[0]
    assert robot.daemon.get("/api/move/running") == []


def test_two_clients_that_stream_against_each_other_are_reported(robot: ControlledRobot) -> None:
    since = robot.events.count
    with connect(f"ws://127.0.0.1:{robot.daemon.port}/ws/sdk", proxy=None) as other:
        ended_s = time.monotonic() + patience(8.0)
        while robot.events.count == since:
            assert time.monotonic() < ended_s, "the other client is not noticed"
            position = 0.8 * math.sin(3.0 * time.monotonic())
            other.send(json.dumps({"type": "set_antennas", "antennas": [position, 0.0]}))
            other.recv()
        robot.wait_event("other_client", "robot", "nothing here moves it", since)
        fought = robot.events.count
        while robot.events.count == fought:
            assert time.monotonic() < ended_s + patience(8.0), "the fight is not noticed"
            robot.set_joints.publish(antennas(0.0))
            for _ in range(5):
                other.send(json.dumps({"type": "set_antennas", "antennas": [0.8, 0.0]}))
                other.recv()
        robot.wait_event("other_client", "robot", "is not followed", since)


def test_what_the_robot_cannot_do_is_answered_so(robot: ControlledRobot) -> None:
    for name in ("head_tracking", "wobbling"):
        success, message = robot.call(name, True)
        assert not success
        assert "unavailable" in message
        assert "--no-media" in message
        assert robot.call(name, False)[0]
    success, message = robot.call("media/acquire")
    assert not success
    assert "unavailable" in message


def test_gravity_compensation_ends_motion_and_takes_no_targets(robot: ControlledRobot) -> None:
    # The daemon without motors takes the mode without Placo too.
    take(robot, "goto")
    robot.wait_owner("goto")
    since = robot.events.count
    assert robot.call("gravity_compensation", True) == (True, "gravity compensation on")
    robot.wait_told("accepted done", "gravity_compensation")
    robot.wait_owner("idle")
    assert robot.modes.last.data == "gravity_compensation"
    robot.set_pose.publish(pose())
    robot.wait_event("refused", "set_target/head_pose", "gravity compensation is on", since)
    assert robot.call("gravity_compensation", False)[0]
    assert robot.daemon.get("/api/motors/status")["mode"] == "enabled"
    # Motion of others too.
    robot.daemon.post("/api/move/goto", {"head_pose": {"yaw": 0.3}, "duration": 20.0})
    wait_for(lambda: robot.daemon.get("/api/move/running"), 5, "the other client's move")
    assert robot.call("gravity_compensation", True)[0]
    assert robot.daemon.get("/api/move/running") == []
    assert robot.call("gravity_compensation", False)[0]


def test_automatic_body_yaw_is_switched_in_the_daemon(robot: ControlledRobot) -> None:
    assert robot.call("automatic_body_yaw", False)[0]
    robot.set(goto__duration=0.6)
    robot.goto_pose.publish(pose(math.radians(80)))
    wait_for(lambda: abs(robot.yaw - math.radians(80)) < 0.02, 4)
    assert abs(robot.positions["yaw_body"]) < 0.02
    assert robot.call("automatic_body_yaw", True)[0]
    robot.goto_pose.publish(pose(math.radians(81)))
    far = math.radians(14)
    wait_for(lambda: robot.positions["yaw_body"] > far, 4, "a body that turns along")


def test_the_daemon_is_restarted_but_in_simulation_not_stopped(robot: ControlledRobot) -> None:
    take(robot, "goto")
    robot.wait_owner("goto")
    since = robot.events.count
    success, message = robot.call("daemon/restart")
    assert success, message
    # It was away meanwhile.
    assert float(message.removesuffix(" s").split()[-1]) > 0.3, message
    robot.wait_owner("idle")
    robot.wait_event("failed", "goto/head_pose", "not connected", since)
    seen = robot.head_poses.count
    robot.head_poses.wait_count(seen + 10)
    assert robot.call("daemon/start") == (True, "the daemon runs already")
    success, message = robot.call("daemon/stop")
    assert not success
    assert "cannot be started again" in message
    wait_for(lambda: robot.modes.last.data == "enabled", 5)


def test_diagnostics_tell_owner_mode_lock_and_the_last_event(robot: ControlledRobot) -> None:
    wait_for(lambda: robot.diagnosed("app lock") == "free", 8)
    # Reports come once a second: one may be of the goto before this test.
    wait_for(lambda: robot.diagnosed("motion owner") == "idle", 4)
    assert robot.diagnosed("motor mode") == "enabled"
    assert robot.diagnosed("daemon state") == "running"
    robot.set_pose.publish(pose(z=0.0))
    wait_for(lambda: "neutral head is at" in robot.diagnosed("last safety event"), 4)


def test_a_daemon_that_dies_in_a_stream_ends_it(robot: ControlledRobot) -> None:
    since = robot.events.count
    robot.set_pose.publish(pose(1.0))
    robot.wait_owner("streaming")
    robot.daemon.kill()
    robot.wait_owner("idle", 3)
    wait_for(lambda: robot.modes.last.data == "", 3)
    robot.wait_event("preempted", "set_target/head_pose", "lost connection", since)
    assert not robot.moving.last.data
    success, message = robot.call("gravity_compensation", True)
    assert not success
    assert "not connected" in message


def test_a_stopped_daemon_in_simulation_is_not_started(
    started: ControlledRobot, processes: Processes
) -> None:
    daemon = Daemon.start(processes, started.daemon.port)
    wait_for(lambda: started.modes.last.data == "enabled", 8)
    daemon.post("/api/daemon/stop?goto_sleep=false")
    wait_for(lambda: daemon.get("/api/daemon/status")["state"] == "stopped", 5)
    for name, reason in (("start", "look for real motors"), ("restart", "is stopped")):
        success, message = started.call(f"daemon/{name}")
        assert not success
        assert reason in message
    assert daemon.get("/api/daemon/status")["state"] == "stopped"
