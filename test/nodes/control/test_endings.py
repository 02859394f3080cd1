# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How moves end before their time: by stop, by another command or client, with daemon or node."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.control import ControlledRobot, joints, pose, trajectory
from harness.daemon import Daemon
from harness.moves import cache, nod
from harness.processes import Processes, free_port, node_module
from harness.ros import RosClient
from harness.simulation import Robot
from harness.waiting import patience, wait_for
from std_msgs.msg import String
from websockets.sync.client import connect

NS = "/endings"
DATASET = "some-lab/its-moves"
LONG_S = 6.0
SOURCES = {
    "goto": "goto/joints",
    "trajectory": "joint_trajectory",
    "file": "play_move",
    "dataset": "play_move",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("robot")
    cache(home, DATASET, {"dataset": nod(LONG_S)})
    return home


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("recorded")
    (directory / "file.json").write_bytes(nod(LONG_S).to_json())
    return directory


@pytest.fixture(scope="module")
def started(
    processes: Processes, ros: RosClient, home: Path, directory: Path
) -> Iterator[ControlledRobot]:
    daemon = Daemon.start(processes, free_port(), HOME=str(home))
    with ControlledRobot.started(
        processes,
        ros,
        daemon,
        NS,
        command_timeout=0.3,
        move_directory=directory,
        move_dataset=DATASET,
        move_approach=0.0,
    ) as robot:
        yield robot


@pytest.fixture
def robot(started: ControlledRobot) -> ControlledRobot:
    started.neutral()
    return started


def owner_of(kind: str) -> str:
    return "move" if kind in ("file", "dataset") else kind


def begin(robot: ControlledRobot, kind: str) -> None:
    """Begin a long move of the left antenna, and wait until it moves."""
    if kind == "goto":
        robot.set(goto__duration=LONG_S)
        robot.goto_joints.publish(joints(left_antenna=0.6))
    elif kind == "trajectory":
        robot.trajectory.publish(trajectory(["left_antenna"], [(LONG_S, [0.6])]))
    else:
        robot.play.publish(String(data=kind))
    robot.wait_owner(owner_of(kind))
    at = robot.positions["left_antenna"]
    wait_for(lambda: abs(robot.positions["left_antenna"] - at) > 0.02, 5, "motion")


@pytest.mark.parametrize("kind", ["trajectory", "file", "dataset"])
def test_stop_ends_a_move_at_once_and_streamed_targets_wait_for_a_pause(
    robot: ControlledRobot, kind: str
) -> None:
    robot.set(command_timeout=5.0)
    begin(robot, kind)
    since = robot.events.count
    robot.set_pose.publish(pose(0.3))
    robot.wait_event("refused", "set_target/head_pose", "is running", since)
    success, message = robot.call("stop")
    assert (success, message) == (True, f"stopped: {owner_of(kind)}")
    robot.wait_owner("idle")
    robot.wait_event("preempted", SOURCES[kind], "was ended by stop", since)
    robot.wait_rest()
    assert robot.positions["left_antenna"] < 0.5
    assert robot.daemon.get("/api/move/running") == []
    robot.set_pose.publish(pose(0.3))
    robot.wait_event("refused", "set_target/head_pose", "was stopped: pause", since)
    robot.set(command_timeout=0.3)
    seen = robot.joint_states.count
    robot.joint_states.wait_count(seen + 25)
    robot.set_pose.publish(pose(0.3))
    wait_for(lambda: abs(robot.yaw - 0.3) < 0.01, 5, "a stream again")


@pytest.mark.parametrize("kind", ["file", "dataset"])
def test_a_new_command_ends_a_move(robot: ControlledRobot, kind: str) -> None:
    begin(robot, kind)
    since = robot.events.count
    robot.set(goto__duration=0.3)
    robot.goto_joints.publish(joints(left_antenna=-0.4))
    robot.wait_event("preempted", SOURCES[kind], "was ended by a new goto", since)
    robot.wait_position("left_antenna", -0.4)
    robot.wait_owner("idle")


@pytest.mark.parametrize("kind", ["file", "dataset"])
def test_another_client_s_stop_ends_a_move_and_is_told(robot: ControlledRobot, kind: str) -> None:
    begin(robot, kind)
    since = robot.events.count
    if kind == "dataset":  # which the daemon ends on the websocket too, without telling
        (move,) = robot.daemon.get("/api/move/running")
        robot.daemon.post("/api/move/stop", move)
    else:
        with connect(f"ws://127.0.0.1:{robot.daemon.port}/ws/sdk", proxy=None) as other:
            other.send(json.dumps({"type": "stop_move"}))
    robot.wait_event("preempted", SOURCES[kind], "by another client", since)
    robot.wait_owner("idle")
    robot.wait_rest()
    assert robot.positions["left_antenna"] < 0.5


def test_another_client_that_moves_the_robot_against_a_move_is_told(robot: ControlledRobot) -> None:
    begin(robot, "trajectory")
    since = robot.events.count
    robot.daemon.post("/api/move/goto", {"head_pose": {"yaw": 0.4}, "duration": 4.0})
    robot.wait_event("other_client", "robot", "over HTTP", since)
    assert robot.call("stop")[0]
    robot.wait_rest()
    assert robot.daemon.get("/api/move/running") == []


@pytest.mark.parametrize("kind", list(SOURCES))
def test_a_daemon_that_dies_in_the_middle_fails_the_move_and_the_next_one_works(
    started: ControlledRobot, processes: Processes, home: Path, kind: str
) -> None:
    robot = started
    assert isinstance(robot.daemon, Daemon)
    assert robot.call("record_move", True) == (True, "recording")
    begin(robot, kind)
    since = robot.events.count
    robot.daemon.kill()
    reason = "went away" if kind == "dataset" else "is not connected"
    robot.wait_event("failed", SOURCES[kind], reason, since)
    robot.wait_owner("idle")
    success, file = robot.call("record_move", False)
    assert success, "what was recorded before is saved"
    assert Path(file).is_file()
    robot.daemon = Daemon.start(processes, robot.daemon.port, HOME=str(home))
    wait_for(lambda: robot.modes.last.data == "enabled", 8, "the robot is back")
    robot.set(goto__duration=0.3)
    robot.goto_joints.publish(joints(left_antenna=-2.5))
    robot.wait_position("left_antenna", -2.5)
    robot.wait_owner("idle")


def left_antennas(daemon: Robot, count: int = 15) -> list[float]:
    """Return the left antenna's next positions, URDF sign, as the daemon itself tells them."""
    with connect(f"ws://127.0.0.1:{daemon.port}/ws/sdk", proxy=None) as client:
        seen: list[float] = []
        while len(seen) < count:
            message = json.loads(client.recv(patience(5)))
            if message["type"] == "joint_positions":
                seen.append(-message["antennas_joint_positions"][1])
    return seen


def start_second(
    processes: Processes, ros: RosClient, robot: ControlledRobot, program: str, directory: Path
) -> ControlledRobot:
    """Start another node, alone or beside the camera in one process, for the same robot."""
    namespace = f"{NS}/second_{robot.joint_states.count}"
    arguments = ["--nodes", "control", "camera"] if program == "bringup" else []
    parameters = {
        "robot_host": "127.0.0.1",
        "robot_port": robot.daemon.port,
        "signalling_port": free_port(),
        "move_directory": directory,
        "move_dataset": DATASET,
        "move_approach": 0.0,
    }
    for name, value in parameters.items():
        arguments += ["-p", f"{name}:={value}"]
    at = arguments.index("-p")
    arguments[at:at] = ["--ros-args", "-r", f"__ns:={namespace}"]
    node = processes.start_module(*node_module(program), *arguments)
    return ControlledRobot(ros, node, robot.daemon, namespace)


@pytest.mark.parametrize(
    ("program", "number", "kind"),
    [
        ("control", signal.SIGINT, "goto"),
        ("control", signal.SIGTERM, "dataset"),
        ("bringup", signal.SIGTERM, "trajectory"),
    ],
)
def test_a_node_that_ends_ends_its_move(
    robot: ControlledRobot,
    processes: Processes,
    ros: RosClient,
    directory: Path,
    program: str,
    number: signal.Signals,
    kind: str,
) -> None:
    second = start_second(processes, ros, robot, program, directory)
    begin(second, kind)
    second.node.stop_cleanly(number)
    positions = left_antennas(robot.daemon)
    assert max(positions) - min(positions) < 1e-3, "the robot moves on"
    assert positions[-1] < 0.5
    assert robot.daemon.get("/api/move/running") == []


def test_a_node_that_ends_leaves_another_client_s_move(
    robot: ControlledRobot, processes: Processes, ros: RosClient, directory: Path
) -> None:
    second = start_second(processes, ros, robot, "control", directory)
    robot.trajectory.publish(trajectory(["left_antenna"], [(2.0, [0.6])]))
    robot.wait_owner("trajectory")
    second.node.stop_cleanly()
    robot.wait_position("left_antenna", 0.6)
    robot.wait_owner("idle")
