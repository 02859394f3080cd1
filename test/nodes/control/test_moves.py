# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trajectories, recorded moves and recordings over ROS."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.control import DEGREE, ControlledRobot, joints, trajectory
from harness.daemon import Daemon
from harness.moves import cache, nod
from harness.processes import Processes, free_port
from harness.ros import RosClient
from rclpy.time import Time
from std_msgs.msg import String

from reachy_mini_ros.robot.motion.moves import Move

NS = "/moves_test"
DATASET = "some-lab/its-moves"


@pytest.fixture(scope="module")
def robot(
    processes: Processes, ros: RosClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlledRobot]:
    home = tmp_path_factory.mktemp("robot")
    cache(home, DATASET, {"nod": nod()})
    daemon = Daemon.start(processes, free_port(), HOME=str(home))
    with ControlledRobot.started(
        processes,
        ros,
        daemon,
        NS,
        command_timeout=0.2,
        move_directory=tmp_path_factory.mktemp("recorded"),
        move_dataset=DATASET,
        move_approach=0.3,
    ) as robot:
        yield robot


@pytest.fixture
def neutral(robot: ControlledRobot) -> ControlledRobot:
    robot.neutral()
    return robot


def test_a_trajectory_is_followed_with_the_urdf_s_names_and_signs(neutral: ControlledRobot) -> None:
    names = ["left_antenna", "yaw_body"]
    neutral.trajectory.publish(trajectory(names, [(0.5, [0.6, 0.2]), (1.0, [-0.3, 0.4])]))
    neutral.wait_position("yaw_body", 0.4)
    neutral.wait_position("left_antenna", -0.3)
    assert max(neutral.ways("left_antenna")) == pytest.approx(0.6, abs=2 * DEGREE)
    _, left = neutral.daemon.get("/api/state/full")["antennas_position"]
    assert left == pytest.approx(0.3, abs=DEGREE)


def test_a_stamp_in_the_past_shortens_the_trajectory(neutral: ControlledRobot) -> None:
    now = neutral.ros.node.get_clock().now()
    ago = Time(nanoseconds=now.nanoseconds - 10**10, clock_type=now.clock_type)
    before = neutral.joint_states.count
    neutral.trajectory.publish(trajectory(["yaw_body"], [(2.0, [0.5]), (10.6, [0.2])], ago))
    neutral.wait_position("yaw_body", 0.2)
    assert max(neutral.ways("yaw_body")[before - neutral.joint_states.count :]) < 0.3


BAD = [
    (trajectory(["nose"], [(1.0, [0.0])]), "'nose' is not one of"),
    (trajectory(["stewart_1"], [(1.0, [0.0])]), "'stewart_2' is missing"),
    (trajectory(["yaw_body"], [(1.0, [3.0])]), "yaw_body = 3 rad is outside"),
    (trajectory(["yaw_body"], [(1.0, [math.nan])]), "point 0 holds NaN"),
    (trajectory(["yaw_body"], [(1.0, [0.1]), (0.5, [0.2])]), "point 1 is due at 0.5 s"),
    (trajectory(["yaw_body"], [(0.01, [1.0])]), "at 100.0 rad/s"),
    (trajectory(["yaw_body"], [(1.0, [0.1])], Time(seconds=1000)), "its end is over"),
    (trajectory(["yaw_body"], []), "has no points"),
]


def test_bad_trajectories_are_refused_with_the_reason_and_nothing_moves(
    neutral: ControlledRobot,
) -> None:
    before = neutral.daemon.get("/api/state/full?with_head_joints=true")["head_joints"]
    for message, text in BAD:
        since = neutral.events.count
        neutral.trajectory.publish(message)
        neutral.wait_event("refused", "joint_trajectory", text, since)
    after = neutral.daemon.get("/api/state/full?with_head_joints=true")["head_joints"]
    assert after == pytest.approx(before, abs=0.01)
    assert neutral.daemon.get("/api/daemon/status")["state"] == "running"


def test_moves_are_listed_and_played_from_the_robot_s_cache(neutral: ControlledRobot) -> None:
    success, listed = neutral.call("list_moves")
    assert success, listed
    assert json.loads(listed)[DATASET] == ["nod"]
    for name in ("nod", f"{DATASET}/nod"):
        neutral.play.publish(String(data=name))
        neutral.wait_position("right_antenna", -0.6)
        neutral.goto_joints.publish(joints(right_antenna=0.0))
        neutral.wait_position("right_antenna", 0.0)


def test_what_is_not_there_is_refused_with_what_to_do(neutral: ControlledRobot) -> None:
    for name, kind, text in (
        ("fly", "refused", f"no move 'fly' in {DATASET}"),
        ("some-lab/nothing/nod", "failed", "no data set 'some-lab/nothing' in its cache"),
        ("../etc/passwd", "refused", "is not the name of a move"),
    ):
        since = neutral.events.count
        neutral.play.publish(String(data=name))
        neutral.wait_event(kind, "play_move", text, since)


def test_a_recording_is_saved_listed_and_played_again(neutral: ControlledRobot) -> None:
    neutral.set(goto__duration=0.6)
    assert neutral.call("record_move", True) == (True, "recording")
    assert "a recording runs already" in neutral.call("record_move", True)[1]
    neutral.goto_joints.publish(joints(left_antenna=0.7, yaw_body=0.3))
    neutral.wait_position("left_antenna", 0.7)
    neutral.wait_position("yaw_body", 0.3)
    success, saved = neutral.call("record_move", False)
    assert success, saved
    file = Path(saved)
    assert Move.from_json(file.read_bytes()).duration_s > 0.5
    assert "no recording runs" in neutral.call("record_move", False)[1]
    listed = json.loads(neutral.call("list_moves")[1])
    assert listed["recorded"] == [file.stem]
    neutral.set(move_dataset="some-lab/nothing")
    success, found = neutral.call("list_moves")
    assert success, found
    assert json.loads(found)["recorded"] == [file.stem]
    assert "some-lab/nothing" in json.loads(found)["unavailable"]
    neutral.set(move_dataset=DATASET)
    neutral.goto_joints.publish(joints(left_antenna=0.0, yaw_body=0.0))
    neutral.wait_position("left_antenna", 0.0)
    neutral.wait_position("yaw_body", 0.0)
    neutral.play.publish(String(data=file.stem))
    neutral.wait_position("left_antenna", 0.7)
    neutral.wait_position("yaw_body", 0.3)
