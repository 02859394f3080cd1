# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trajectories, recorded moves and recordings over ROS."""

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from harness.daemon import Daemon
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.waiting import wait_for
from rclpy.time import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from reachy_mini_ros.robot.moves import Move

NS = "/moves_test"
DEGREE = math.radians(1.0)
DATASET = "some-lab/its-moves"


def trajectory(
    names: list[str], points: list[tuple[float, list[float]]], stamp: Time | None = None
) -> JointTrajectory:
    message = JointTrajectory(joint_names=names)
    if stamp is not None:
        message.header.stamp = stamp.to_msg()
    for time_s, positions in points:
        point = JointTrajectoryPoint(positions=positions)
        point.time_from_start.sec = int(time_s)
        point.time_from_start.nanosec = round(time_s % 1.0 * 1e9)
        message.points.append(point)
    return message


def nod() -> Move:
    """Return a move of the antennas of half a second."""
    return Move(
        np.linspace(0.0, 0.5, 20),
        np.tile(np.eye(4), (20, 1, 1)),
        np.outer(np.linspace(0.0, 0.6, 20), [1.0, -1.0]),
        np.zeros(20),
        "a greeting",
    )


class Robot:
    """The topics and services of the node under test."""

    def __init__(self, ros: RosClient, node: Child, daemon: Daemon, directory: Path) -> None:
        self.ros, self.node, self.daemon, self.directory = ros, node, daemon, directory
        self.states = ros.subscribe(JointState, f"{NS}/joint_states")
        self.trajectory = ros.publisher(JointTrajectory, f"{NS}/joint_trajectory")
        self.play = ros.publisher(String, f"{NS}/play_move")
        self.goto = ros.publisher(JointState, f"{NS}/goto/joints")
        self.diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")
        self.diagnostics.wait_count(1)
        self.states.wait_count(1)

    def position(self, name: str) -> float:
        return float(self.states.last.position[list(self.states.last.name).index(name)])

    def ways(self, name: str) -> list[float]:
        return [
            message.position[list(message.name).index(name)] for message in self.states.messages
        ]

    def refusal(self) -> str:
        """Return the newest refusal."""
        values = self.diagnostics.last.status[0].values
        return str(next(value.value for value in values if value.key == "last refusal"))

    def record(self, on: bool) -> SetBool.Response:
        return self.ros.call(SetBool, f"{NS}/record_move", SetBool.Request(data=on))

    def wait_position(self, name: str, value: float, timeout_s: float = 5.0) -> None:
        wait_for(lambda: abs(self.position(name) - value) < DEGREE, timeout_s, f"{name} at {value}")


@pytest.fixture(scope="module")
def robot(
    processes: Processes, ros: RosClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Robot]:
    home = tmp_path_factory.mktemp("robot")
    owner, name = DATASET.split("/")
    cache = home / ".cache" / "huggingface" / "hub" / f"datasets--{owner}--{name}"
    snapshot = cache / "snapshots" / ("0123456789" * 4)
    snapshot.mkdir(parents=True)
    (snapshot / "nod.json").write_bytes(nod().to_json())
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(snapshot.name)
    daemon = Daemon.start(processes, free_port(), HOME=str(home))
    directory = tmp_path_factory.mktemp("recorded")
    node = processes.start_node(
        "control",
        namespace=NS,
        robot_host="127.0.0.1",
        robot_port=daemon.port,
        command_timeout=0.2,
        move_directory=directory,
        move_dataset=DATASET,
        move_approach=0.3,
    )
    yield Robot(ros, node, daemon, directory)
    assert node.stop() == 0, node.output()
    assert "Traceback" not in node.output()


@pytest.fixture
def neutral(robot: Robot) -> Robot:
    """Return the robot in neutral, with nothing moving it."""
    assert robot.ros.call(Trigger, f"{NS}/stop").success
    neutral = {"head_pose": {}, "antennas": [0.0, 0.0], "body_yaw": 0.0, "duration": 0.3}
    robot.daemon.post("/api/move/goto", neutral)
    wait_for(lambda: not robot.daemon.get("/api/move/running"), 5)
    robot.wait_position("yaw_body", 0.0)
    robot.wait_position("left_antenna", 0.0)
    return robot


def test_a_trajectory_is_followed_with_the_urdf_s_names_and_signs(neutral: Robot) -> None:
    names = ["left_antenna", "yaw_body"]
    neutral.trajectory.publish(trajectory(names, [(0.5, [0.6, 0.2]), (1.0, [-0.3, 0.4])]))
    neutral.wait_position("yaw_body", 0.4)
    neutral.wait_position("left_antenna", -0.3)
    assert max(neutral.ways("left_antenna")) == pytest.approx(0.6, abs=2 * DEGREE)
    _, left = neutral.daemon.get("/api/state/full")["antennas_position"]
    assert left == pytest.approx(0.3, abs=DEGREE)


def test_a_stamp_in_the_past_shortens_the_trajectory(neutral: Robot) -> None:
    now = neutral.ros.node.get_clock().now()
    ago = Time(nanoseconds=now.nanoseconds - 10**10, clock_type=now.clock_type)
    before = neutral.states.count
    neutral.trajectory.publish(trajectory(["yaw_body"], [(2.0, [0.5]), (10.6, [0.2])], ago))
    neutral.wait_position("yaw_body", 0.2)
    assert max(neutral.ways("yaw_body")[before - neutral.states.count :]) < 0.3


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


def test_bad_trajectories_are_refused_with_the_reason_and_nothing_moves(neutral: Robot) -> None:
    before = neutral.daemon.get("/api/state/full?with_head_joints=true")["head_joints"]
    for message, text in BAD:
        neutral.trajectory.publish(message)
        wait_for(lambda text=text: text in neutral.refusal(), 5, text)  # type: ignore[misc]
    after = neutral.daemon.get("/api/state/full?with_head_joints=true")["head_joints"]
    assert after == pytest.approx(before, abs=0.01)
    assert neutral.daemon.get("/api/daemon/status")["state"] == "running"


def test_moves_are_listed_and_played_from_the_robot_s_cache(neutral: Robot) -> None:
    answer = neutral.ros.call(Trigger, f"{NS}/list_moves")
    assert answer.success, answer.message
    assert json.loads(answer.message)[DATASET] == ["nod"]
    for name in ("nod", f"{DATASET}/nod"):
        neutral.play.publish(String(data=name))
        neutral.wait_position("right_antenna", -0.6)
        neutral.goto.publish(JointState(name=["right_antenna"], position=[0.0]))
        neutral.wait_position("right_antenna", 0.0)


def test_what_is_not_there_is_refused_with_what_to_do(neutral: Robot) -> None:
    for name, text in (
        ("fly", f"no move 'fly' in {DATASET}"),
        ("some-lab/nothing/nod", "no data set 'some-lab/nothing' in its cache"),
        ("../etc/passwd", "is not the name of a move"),
    ):
        neutral.play.publish(String(data=name))
        wait_for(lambda text=text: text in neutral.refusal(), 5, text)  # type: ignore[misc]


def test_a_recording_is_saved_listed_and_played_again(neutral: Robot) -> None:
    assert neutral.record(True).message == "recording"
    assert "a recording runs already" in neutral.record(True).message
    neutral.goto.publish(JointState(name=["left_antenna", "yaw_body"], position=[0.7, 0.3]))
    neutral.wait_position("left_antenna", 0.7)
    neutral.wait_position("yaw_body", 0.3)
    answer = neutral.record(False)
    assert answer.success, answer.message
    file = Path(answer.message)
    assert file.parent == neutral.directory
    assert Move.from_json(file.read_bytes()).duration_s > 0.5
    assert "no recording runs" in neutral.record(False).message
    listed = json.loads(neutral.ros.call(Trigger, f"{NS}/list_moves").message)
    assert listed["recorded"] == [file.stem]
    neutral.goto.publish(JointState(name=["left_antenna", "yaw_body"], position=[0.0, 0.0]))
    neutral.wait_position("left_antenna", 0.0)
    neutral.wait_position("yaw_body", 0.0)
    neutral.play.publish(String(data=file.stem))
    neutral.wait_position("left_antenna", 0.7)
    neutral.wait_position("yaw_body", 0.3)


def test_stop_ends_a_trajectory(neutral: Robot) -> None:
    neutral.trajectory.publish(trajectory(["yaw_body"], [(4.0, [1.2])]))
    wait_for(lambda: neutral.position("yaw_body") > 0.1, 5)
    stopped_s = time.monotonic()
    assert neutral.ros.call(Trigger, f"{NS}/stop").message == "stopped: trajectory"
    assert time.monotonic() - stopped_s < 2.0
    assert neutral.position("yaw_body") < 0.9
