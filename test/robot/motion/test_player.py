# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Moves and trajectories against the real daemon: what arrives, what ends, what is refused."""

import json
import math
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from harness import moves
from harness.daemon import Daemon
from harness.driver import Driver, turned
from harness.processes import Processes, free_port
from harness.waiting import wait_for

from reachy_mini_ros.errors import (
    InvalidCommandError,
    NotConnectedError,
    PreemptedError,
    RobotError,
)
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.geometry import kinematics, rotations
from reachy_mini_ros.robot.motion import recorder
from reachy_mini_ros.robot.motion.following import Following, PathToleranceError, Tolerances
from reachy_mini_ros.robot.motion.moves import Move
from reachy_mini_ros.robot.motion.trajectory import Point

DEGREE = math.radians(1.0)
DATASET, LARGE = "some-lab/its-moves", "some-lab/all-its-moves"


def swing(count: int = 50, yaw: float = 0.3) -> Move:
    """Return a move of the head to the left and back, and of the antennas, of one second."""
    shares = np.sin(np.linspace(0.0, math.pi, count))
    return Move(
        np.linspace(0.0, 1.0, count),
        np.array([turned(yaw * share) for share in shares]),
        np.outer(shares, [0.5, -0.5]),
        np.zeros(count),
        "a swing",
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a HOME with a data set in its cache, as the daemon's downloads leave it."""
    home = tmp_path_factory.mktemp("robot")
    moves.cache(home, DATASET, dict.fromkeys(("swing", "again"), swing()))
    large = swing(1500)
    moves.cache(home, LARGE, {f"swing_{number}": large for number in range(80)})
    return home


@pytest.fixture(scope="module")
def daemon(processes: Processes, home: Path) -> Daemon:
    return Daemon.start(processes, free_port(), HOME=str(home))


@pytest.fixture(scope="module")
def driver(daemon: Daemon) -> Iterator[Driver]:
    with Driver.connected(daemon.port) as driver:
        yield driver


@pytest.fixture(autouse=True)
def _neutral(driver: Driver) -> None:
    driver.neutral()


def test_a_trajectory_passes_its_points_in_time_and_ends_at_the_last(driver: Driver) -> None:
    arms = kinematics.inverse(turned(0.2), 0.0, automatic_body_yaw=False)
    assert arms is not None
    names = ["left_antenna", "yaw_body", *(f"stewart_{n}" for n in range(1, 7))]
    points = [Point(0.6, [0.5, 0.3, *arms[1:]]), Point(1.2, [-0.5, -0.2, *arms[1:]])]
    began_s = time.monotonic()
    first = len(driver.states)
    assert "trajectory done" in driver.follow(names, points).result(10)
    assert 1.1 < time.monotonic() - began_s < 4.0
    driver.holds()
    bodies = np.array([state.head_joints[0] for state in driver.states[first:]])
    antennas = np.array([-state.antennas[1] for state in driver.states[first:]])
    assert bodies.max() == pytest.approx(0.3, abs=DEGREE)
    assert antennas.max() == pytest.approx(0.5, abs=2 * DEGREE)
    np.testing.assert_allclose(driver.state.head_joints, [-0.2, *arms[1:]], atol=1e-3)
    np.testing.assert_allclose(driver.state.antennas, [0.0, 0.5], atol=1e-4)


def test_a_refused_trajectory_leaves_a_running_goto_alone(driver: Driver, daemon: Daemon) -> None:
    goto = driver.goto(1.0, head_pose=turned(0.3))
    with pytest.raises(InvalidCommandError, match="'nose'"):
        driver.follow(["nose"], [Point(1.0, [0.0])]).result(5)
    assert "goto done" in goto.result(5)
    assert daemon.get("/api/daemon/status")["state"] == "running"


def test_a_trajectory_takes_over_from_a_goto_where_the_robot_is_by_then(driver: Driver) -> None:
    goto = driver.goto(2.0, head_pose=turned(0.8))
    wait_for(lambda: driver.yaw > 0.2, 3)
    first = len(driver.states)
    follow = driver.follow(["left_antenna"], [Point(0.5, [0.4])])
    with pytest.raises(PreemptedError, match="goto was ended by a new trajectory"):
        goto.result(5)
    follow.result(5)
    yaws = driver.yaws(first)
    assert np.abs(np.diff(yaws)).max() < 0.05


@pytest.mark.parametrize("ending", ["stop", "goto", "another client", "cancel"])
def test_what_ends_a_trajectory(driver: Driver, daemon: Daemon, ending: str) -> None:
    follow = driver.follow(["yaw_body"], [Point(3.0, [0.9])])
    wait_for(lambda: driver.state.head_joints[0] > 0.1, 4)
    if ending == "stop":
        assert driver.do(driver.commander.stop()) == "stopped: trajectory"
        reason = "trajectory was ended by stop"
    elif ending == "goto":
        driver.goto(0.2, antennas=np.zeros(2)).result(5)
        reason = "trajectory was ended by a new goto"
    elif ending == "another client":
        driver.do(driver.link.send(sdk.stop_message()))
        reason = "ended by another client"
    else:
        follow.cancel()
        reason = ""
    if reason:
        with pytest.raises(PreemptedError, match=reason):
            follow.result(2)
    driver.holds()
    assert 0.05 < driver.state.head_joints[0] < 0.8
    assert driver.commander.motion.owner == "idle"


def test_a_joint_that_strays_ends_the_trajectory(driver: Driver) -> None:
    tight = Tolerances(path={"yaw_body": 0.001}, goal={}, goal_time_s=1.0)
    following = Following(driver.commander.present, tight)
    with pytest.raises(PathToleranceError, match=r"0\.0010 rad are allowed"):
        driver.follow(["yaw_body"], [Point(2.0, [1.0])], following).result(5)
    driver.holds()
    assert driver.state.head_joints[0] < 0.5


def test_a_move_of_the_robot_s_cache_is_played(driver: Driver) -> None:
    assert driver.do(driver.player.names(DATASET)) == ["again", "swing"]
    driver.goto(0.2, body_yaw=0.3).result(5)
    first = len(driver.states)
    assert "move done" in driver.do(driver.player.play_dataset(DATASET, "swing", 0.3))
    yaws = driver.yaws(first)
    assert max(yaws) == pytest.approx(0.3, abs=DEGREE)
    assert np.abs(np.diff(yaws)).max() < 0.1
    assert driver.state.head_joints[0] == pytest.approx(0.0, abs=DEGREE)


def test_a_large_data_set_may_keep_the_daemon_busy(driver: Driver) -> None:
    driver.connections.clear()
    first = len(driver.states)
    assert "move done" in driver.do(driver.player.play_dataset(LARGE, "swing_7", 0.0), 60)
    gaps_ns = np.diff([state.received_ns for state in driver.states[first:]])
    print(f"the longest silence was {gaps_ns.max() / 1e9:.2f} s")
    assert driver.connections == []


def test_a_move_of_the_cache_is_ended_by_stop(driver: Driver) -> None:
    play = driver.start(driver.player.play_dataset(DATASET, "swing", 0.0))
    wait_for(lambda: driver.yaw > 0.1, 4)
    driver.do(driver.commander.stop())
    with pytest.raises(PreemptedError, match="move was ended by stop"):
        play.result(3)


def test_what_is_not_there_is_an_error_that_says_what_to_do(driver: Driver) -> None:
    with pytest.raises(RobotError, match="no data set 'some-lab/nothing' in its cache"):
        driver.do(driver.player.names("some-lab/nothing"))
    with pytest.raises(InvalidCommandError, match="no move 'fly' in some-lab/its-moves"):
        driver.do(driver.player.play_dataset(DATASET, "fly", 0.0))
    with pytest.raises(InvalidCommandError, match="write 'owner/dataset'"):
        driver.do(driver.player.names("../../etc"))


def test_what_was_recorded_is_played_again(driver: Driver, tmp_path: Path) -> None:
    driver.recorder.start()
    driver.goto(0.5, head_pose=turned(0.3)).result(5)

    for step in range(40):
        tick = len(driver.states)
        driver.stream(head_pose=turned(0.3 - 0.4 * step / 40), antennas=np.full(2, step / 100))
        wait_for(lambda tick=tick: len(driver.states) > tick, 1)  # type: ignore[misc]
    driver.holds()
    recorded = driver.recorder.stop()
    file = recorder.save(recorded, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    first = len(driver.states)
    assert "move done" in driver.do(driver.player.play_file(file, 0.3))
    driver.holds()
    played = driver.states[first:]
    for move_yaw, state in (
        (0.3, max(played, key=lambda s: s.head_pose[1, 0])),
        (-0.09, played[-1]),
    ):
        yaw = rotations.roll_pitch_yaw(state.head_pose)[2]
        assert yaw == pytest.approx(move_yaw, abs=DEGREE)
    np.testing.assert_allclose(played[-1].antennas, [0.39, 0.39], atol=DEGREE)
    # The SDK's own reader takes the file.
    document = json.loads(file.read_text())
    assert set(document) == {"description", "time", "set_target_data"}


def test_a_long_move_goes_up_in_chunks(driver: Driver, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.01, (2000, 2))
    times_s = np.linspace(0.0, 1.5, 2000)
    move = Move(times_s, np.tile(np.eye(4), (2000, 1, 1)), noise, np.zeros(2000))
    messages = sdk.upload_messages("x", move.to_json())
    assert len(messages) > 4
    assert max(map(len, messages)) < 17000
    (tmp_path / "long.json").write_bytes(move.to_json())
    assert "move done" in driver.do(driver.player.play_file(tmp_path / "long.json", 0.1))
    # Its last sample, and not one of a tick before.
    wait_for(lambda: np.abs(driver.state.antennas - noise[-1]).max() < 1e-3, 3)


def test_a_file_with_what_the_robot_cannot_reach_is_refused(driver: Driver, tmp_path: Path) -> None:
    heads = np.tile(np.eye(4), (2, 1, 1))
    move = Move(np.array([0.0, 1.0]), heads, np.zeros((2, 2)), np.array([0.0, 4.0]))
    (tmp_path / "far.json").write_bytes(move.to_json())
    with pytest.raises(InvalidCommandError, match="yaw"):
        driver.do(driver.player.play_file(tmp_path / "far.json", 0.1))
    driver.holds()


def test_the_robot_going_away_is_an_error(processes: Processes) -> None:
    daemon = Daemon.start(processes, free_port())
    with Driver.connected(daemon.port) as driver:
        follow = driver.follow(["left_antenna"], [Point(3.0, [-2.0])])
        wait_for(lambda: driver.commander.motion.owner == "trajectory", 3)
        wait_for(lambda: driver.state.antennas[1] > 0.3, 3)
        os.kill(daemon.child.pid, signal.SIGKILL)
        with pytest.raises(NotConnectedError, match="is not connected"):
            follow.result(5)
