# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ends of moves, when messages between driver and daemon get lost or the driver leaves."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from harness.daemon import Daemon
from harness.driver import Driver, turned
from harness.processes import Processes, free_port
from harness.relay import Relay
from harness.waiting import Awaited, wait_for

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import PreemptedError, RobotError, TimedOutError
from reachy_mini_ros.robot.motion import runner
from reachy_mini_ros.robot.motion.arbitration import Owner
from reachy_mini_ros.robot.motion.trajectory import Point
from reachy_mini_ros.robot.state import Interpolation, Target


@dataclass
class Line:
    """What passes between driver and daemon, and how much of a kind gets lost."""

    kind: str = ""
    losses: int = 0
    seen: list[str] = field(default_factory=list)
    failure: str = ""
    """What the daemon reports of the ends of tasks."""
    failed_moves: int = 0
    """So many more moves that are completed are told as failed, by the same reason."""

    def lose(self, kind: str, losses: int = 1000) -> None:
        self.kind, self.losses = kind, losses
        self.seen.clear()

    def fails(self, message: str) -> str:
        if not self.failure:
            return message
        if '"task_progress"' in message:
            return json.dumps({**json.loads(message), "error": self.failure})
        if '"move_completed"' in message and self.failed_moves:
            self.failed_moves -= 1
            told = {"type": "move_failed", "details": self.failure}
            return json.dumps({**json.loads(message), **told})
        return message

    def loses(self, message: str) -> bool:
        if not self.kind or f'"type":"{self.kind}"' not in message.replace(" ", "")[:60]:
            return False
        self.seen.append(message)
        return len(self.seen) <= self.losses


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> Daemon:
    return Daemon.start(processes, free_port())


@pytest.fixture(scope="module")
def line() -> Line:
    return Line()


@pytest.fixture(scope="module")
def started(daemon: Daemon, line: Line) -> Iterator[Driver]:
    with LoopThread() as io:
        relay, port = Relay(daemon.port), free_port()
        relay.loses, relay.alters = line.loses, line.fails
        Awaited(io.submit(relay.start(port))).result(5)
        with Driver.connected(port) as driver:
            yield driver
        Awaited(io.submit(relay.stop())).result(5)


@pytest.fixture
def driver(started: Driver, line: Line) -> Driver:
    line.lose("")
    started.neutral()
    return started


@pytest.mark.parametrize("lost", [0, 2, runner.STOP_ATTEMPTS - 1])
def test_a_stop_is_sent_again_until_the_daemon_ends_the_move(
    driver: Driver, line: Line, lost: int
) -> None:
    goto = driver.goto(4.0, head_pose=turned(0.8))
    wait_for(lambda: driver.yaw > 0.03, 3)
    line.lose("stop_move", lost)
    assert driver.do(driver.commander.stop()) == "stopped: goto"
    # One for each attempt, and one for whatever else moves the robot.
    assert len(line.seen) >= lost + 2
    with pytest.raises(PreemptedError, match="goto was ended by stop"):
        goto.result(1)
    driver.holds()
    assert driver.yaw < 0.6


def test_a_stop_that_ends_nothing_says_so_and_no_new_goto_runs_against_the_old_one(
    driver: Driver, line: Line
) -> None:
    first = driver.goto(3.0, head_pose=turned(0.5))
    wait_for(lambda: driver.yaw > 0.03, 3)
    line.lose("stop_move")
    second = driver.goto(3.0, head_pose=turned(-0.5))
    with pytest.raises(TimedOutError, match=r"did not end goto in 0\.5 s: it may go on"):
        second.result(3)
    assert isinstance(first.exception(1), PreemptedError)
    wait_for(lambda: driver.yaw > 0.49, 5, "the old goto's end")
    third = driver.goto(3.0, head_pose=turned(0.0))
    wait_for(lambda: driver.yaw < 0.48, 3)
    with pytest.raises(TimedOutError, match="switch the motors off"):
        driver.do(driver.commander.stop())
    assert isinstance(third.exception(1), PreemptedError)
    assert driver.do(driver.commander.enable_motors(False)) == "motors disabled"
    line.lose("")
    driver.do(driver.commander.stop())
    driver.do(driver.commander.enable_motors(True))


@pytest.mark.parametrize(
    ("kind", "message"), [("goto", "task_progress"), ("trajectory", "play_uploaded_move")]
)
def test_an_end_that_is_never_reported_is_a_timeout(
    driver: Driver, line: Line, kind: str, message: str
) -> None:
    if kind == "goto":
        move = driver.goto(0.5, head_pose=turned(0.2))
    else:
        move = driver.follow(["yaw_body"], [Point(0.5, [0.2])])
    wait_for(lambda: driver.link.awaits_end, 3, "the order is out")
    line.lose(message)
    with pytest.raises(TimedOutError, match=r"did not report the .* end 2\.0 s after it was due"):
        move.result(5)
    assert driver.commander.motion.owner is Owner.IDLE


def test_a_goto_whose_last_tick_came_too_late_has_arrived(driver: Driver, line: Line) -> None:
    line.failure = "time value is out of range [0,1]"
    try:
        assert "goto done" in driver.goto(0.3, head_pose=turned(0.2)).result(5)
        wait_for(lambda: abs(driver.yaw - 0.2) < 0.01, 3)
        line.failure = "the kinematics fail"
        with pytest.raises(RobotError, match="the kinematics fail"):
            driver.goto(0.3, head_pose=turned(0.0)).result(5)
    finally:
        line.failure = ""


@pytest.mark.parametrize(
    ("failure", "failed", "error"),
    [
        ("time value is out of range [0,1]", 2, ""),
        ("time value is out of range [0,1]", 3, "out of range"),
        ("the kinematics fail", 1, "the kinematics fail"),
    ],
)
def test_waking_up_begins_again_where_a_last_tick_came_too_late(
    driver: Driver, line: Line, failure: str, failed: int, error: str
) -> None:
    line.failure, line.failed_moves = failure, failed
    waking = driver.start(driver.commander.wake_up())
    try:
        if error:
            with pytest.raises(RobotError, match=error):
                waking.result(20)
        else:
            assert "wake_up done" in waking.result(20)
        assert line.failed_moves == 0
    finally:
        line.failure, line.failed_moves = "", 0


@pytest.mark.parametrize("kind", ["goto", "trajectory"])
def test_closing_ends_what_is_ours(driver: Driver, kind: str) -> None:
    if kind == "goto":
        move = driver.goto(4.0, body_yaw=0.8)
    else:
        move = driver.follow(["yaw_body"], [Point(4.0, [0.8])])
    wait_for(lambda: driver.state.head_joints[0] > 0.05, 5)
    driver.do(driver.commander.close())
    assert isinstance(move.exception(1), PreemptedError)
    driver.holds()
    assert driver.state.head_joints[0] < 0.6


def test_closing_leaves_what_is_not_ours_and_a_robot_that_falls_asleep(
    driver: Driver, daemon: Daemon
) -> None:
    daemon.post("/api/move/goto", {"head_pose": {"yaw": 0.4}, "duration": 1.5})
    wait_for(lambda: driver.yaw > 0.03, 3)
    driver.do(driver.commander.close())
    wait_for(lambda: abs(driver.yaw - 0.4) < 0.01, 5, "the other client's end")
    asleep = driver.start(driver.commander.goto_sleep())
    wait_for(driver.moves, 5)
    driver.do(driver.commander.close())
    assert "goto_sleep done" in asleep.result(15)
    driver.do(driver.commander.wake_up())


def test_closing_does_not_wait_for_a_daemon_that_does_not_answer(
    driver: Driver, line: Line
) -> None:
    move = driver.goto(2.0, head_pose=turned(0.4))
    wait_for(lambda: driver.yaw > 0.03, 3)
    line.lose("stop_move")
    driver.do(driver.commander.close(), runner.CLOSE_S + 1.0)
    assert isinstance(move.exception(1), PreemptedError)


def test_a_move_of_ours_is_ended_in_the_middle_of_its_approach(driver: Driver) -> None:
    async def work() -> None:
        await driver.commander.approach(Target(head_pose=turned(0.8)), 4.0)
        await asyncio.Event().wait()

    move = driver.start(driver.commander.run_move(Owner.MOVE, work))
    wait_for(lambda: driver.yaw > 0.03, 5)
    assert driver.do(driver.commander.stop()) == "stopped: move"
    assert isinstance(move.exception(1), PreemptedError)
    driver.holds()
    target = Target(antennas=np.full(2, 0.2))
    driver.do(driver.commander.goto(target, 0.2, Interpolation.LINEAR))
