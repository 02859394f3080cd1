# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands against the real daemon: what moves, what ends, what is refused."""

import asyncio
import math
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import groupby

import numpy as np
import pytest
from harness.daemon import Daemon
from harness.driver import COMMAND_TIMEOUT_S, Driver, turned
from harness.processes import Processes, free_port
from harness.waiting import until, wait_for

from reachy_mini_ros.errors import BusyError, NotConnectedError, PreemptedError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.geometry import kinematics, limits, rotations
from reachy_mini_ros.robot.motion.arbitration import Owner
from reachy_mini_ros.robot.state import Interpolation, Target


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> Daemon:
    return Daemon.start(processes, free_port())


@pytest.fixture(scope="module")
def driver(daemon: Daemon) -> Iterator[Driver]:
    with Driver.connected(daemon.port) as driver:
        yield driver


@pytest.fixture(autouse=True)
def _neutral(driver: Driver) -> None:
    driver.neutral()


def test_a_goto_arrives_and_tells_when(driver: Driver, daemon: Daemon) -> None:
    began_s = time.monotonic()
    answer = driver.goto(0.5, head_pose=turned(0.4), antennas=np.array([0.5, -0.5])).result(5)
    assert "goto done" in answer
    assert time.monotonic() - began_s > 0.4
    wait_for(lambda: abs(driver.yaw - 0.4) < math.radians(1), 1)
    pose = daemon.get("/api/state/full")["head_pose"]
    assert pose["yaw"] == pytest.approx(0.4, abs=math.radians(1))
    np.testing.assert_allclose(driver.state.antennas, [0.5, -0.5], atol=0.01)


@pytest.mark.parametrize("body", [{}, {"body_yaw": 0.5}])
def test_a_linear_goto_arrives_too(driver: Driver, body: dict[str, float]) -> None:
    target = {"head_pose": turned(0.6), "antennas": np.array([1.0, -1.0]), **body}
    driver.goto(0.4, Interpolation.LINEAR, **target).result(5)
    wait_for(lambda: np.abs(driver.state.antennas - [1.0, -1.0]).max() < 1e-6, 1)
    wait_for(lambda: abs(driver.yaw - 0.6) < 2e-3, 1)
    wait_for(lambda: abs(driver.state.head_joints[0] - body.get("body_yaw", 0.0)) < 2e-3, 1)


def test_a_goto_without_body_yaw_leaves_the_body(driver: Driver) -> None:
    driver.goto(0.3, body_yaw=0.5).result(5)
    wait_for(lambda: abs(driver.state.head_joints[0] - 0.5) < 0.01, 1)
    driver.goto(0.3, head_pose=turned(0.2)).result(5)
    assert driver.state.head_joints[0] == pytest.approx(0.5, abs=0.01)


def test_a_body_that_turns_beyond_the_heads_reach_takes_it_along(driver: Driver) -> None:
    driver.goto(0.6, body_yaw=1.0).result(5)
    wait_for(lambda: abs(driver.state.head_joints[0] - 1.0) < 0.01, 1)
    assert driver.yaw == pytest.approx(0.0, abs=0.01)
    driver.goto(0.8, body_yaw=2.0).result(5)
    wait_for(lambda: abs(driver.state.head_joints[0] - 2.0) < 0.01, 1)
    wait_for(lambda: abs(driver.yaw - (2.0 - limits.DOCUMENTED.head_to_body_rad)) < 0.01, 1)
    for step in range(40):
        seen = len(driver.states)
        driver.stream(body_yaw=2.0 - 0.1 * step)
        wait_for(lambda seen=seen: len(driver.states) > seen, 2, "a state")
    wait_for(lambda: abs(driver.state.head_joints[0] + 1.9) < 0.02, 3)
    wait_for(lambda: abs(driver.yaw + 1.9 - limits.DOCUMENTED.head_to_body_rad) < 0.02, 1)


def test_a_goto_of_stewart_joints_ends_at_these_joints(driver: Driver) -> None:
    joints = kinematics.inverse(turned(0.3), 0.1, automatic_body_yaw=False)
    driver.goto(0.3, head_joints=joints).result(5)
    wait_for(lambda: np.abs(driver.state.head_joints - joints).max() < 0.01, 1)


def test_a_new_goto_takes_the_place_of_a_running_one(driver: Driver) -> None:
    first = driver.goto(3.0, head_pose=turned(0.8))
    wait_for(lambda: driver.yaw > 0.1, 3)
    second = driver.goto(0.5, head_pose=turned(-0.3))
    with pytest.raises(PreemptedError, match="ended by a new goto"):
        first.result(3)
    second.result(3)
    wait_for(lambda: abs(driver.yaw + 0.3) < 0.01, 1)
    # There and back once: two gotos at once would interleave.
    steps = np.diff(driver.yaws(-120))
    directions = np.sign(steps[np.abs(steps) > 0.02])
    assert np.count_nonzero(np.diff(directions)) == 1


@pytest.mark.parametrize("running", [False, True])
def test_gotos_in_quick_succession_end_at_the_last(driver: Driver, running: bool) -> None:
    gotos = []
    if running:
        gotos = [driver.goto(3.0, head_pose=turned(0.8))]
        wait_for(lambda: driver.yaw > 0.1, 3)
    gotos += [driver.goto(0.4, head_pose=turned(yaw)) for yaw in (0.5, -0.5, 0.4, -0.4, 0.2)]
    gotos[-1].result(5)
    wait_for(lambda: abs(driver.yaw - 0.2) < 0.01, 1)
    for goto in gotos[:-1]:
        assert isinstance(goto.exception(1), PreemptedError)


def test_a_goto_ends_a_move_of_another_client(driver: Driver, daemon: Daemon) -> None:
    daemon.post("/api/move/goto", {"head_pose": {"yaw": 1.0}, "duration": 5.0})
    wait_for(lambda: driver.yaw > 0.03, 3)
    driver.goto(0.4, head_pose=turned(-0.2)).result(5)
    wait_for(lambda: abs(driver.yaw + 0.2) < 0.01, 1)
    assert daemon.get("/api/move/running") == []


@pytest.mark.parametrize("ticks", [0, 1, 3, 25])
def test_a_stop_ends_a_goto_whenever_it_comes(driver: Driver, ticks: int) -> None:
    async def goto_then_stop() -> tuple[BaseException, str]:
        goto = asyncio.create_task(
            driver.commander.goto(Target(head_pose=turned(0.9)), 2.0, Interpolation.LINEAR)
        )
        await asyncio.sleep(0)  # it begins
        begun = len(driver.states)
        await until(lambda: len(driver.states) >= begun + ticks)
        answer = await driver.commander.stop()
        (ended,) = await asyncio.gather(goto, return_exceptions=True)
        assert isinstance(ended, BaseException)
        return ended, answer

    ended, _ = driver.do(goto_then_stop())
    assert isinstance(ended, PreemptedError)
    seen = len(driver.states)
    wait_for(lambda: len(driver.states) > seen + 10, 2)
    assert not driver.moves()
    assert driver.yaw < 0.5


def test_a_goto_that_another_client_stops_is_not_reported_as_arrived(driver: Driver) -> None:
    goto = driver.goto(2.0, head_pose=turned(0.5))
    wait_for(lambda: driver.yaw > 0.02, 3)
    driver.do(driver.link.send(sdk.stop_message()))
    with pytest.raises(PreemptedError, match="by another client"):
        goto.result(3)


def test_a_stop_ends_a_move_of_another_client(driver: Driver, daemon: Daemon) -> None:
    daemon.post("/api/move/goto", {"head_pose": {"yaw": 1.0}, "duration": 5.0})
    wait_for(lambda: driver.yaw > 0.03, 3)
    assert driver.do(driver.commander.stop()) == "stopped"
    seen = len(driver.states)
    wait_for(lambda: len(driver.states) > seen + 10, 2)
    assert not driver.moves()
    assert daemon.get("/api/move/running") == []


def test_streamed_targets_move_the_robot_and_the_newest_wins(driver: Driver) -> None:
    for step in range(1, 31):
        driver.stream(head_pose=turned(step * 0.01))
        driver.stream(antennas=np.array([step * 0.01, 0.0]))
    wait_for(lambda: abs(driver.yaw - 0.3) < 0.01, 2)
    wait_for(lambda: abs(driver.state.antennas[0] - 0.3) < 0.01, 2)
    # Milliseconds: in another unit it would be far from these wide bounds.
    assert 0.0 < driver.commander.streamer.latencies_ms.percentile(50) < 10_000


def test_what_was_streamed_before_a_stop_is_forgotten(driver: Driver, daemon: Daemon) -> None:
    driver.stream(head_pose=turned(1.0), antennas=np.array([0.3, 0.3]))
    wait_for(lambda: driver.yaw > 0.02, 3, "the head to be on its way")
    driver.do(driver.commander.stop())
    daemon.post("/api/move/goto", {"head_pose": {"yaw": 0.0}, "duration": 0.5})
    wait_for(lambda: abs(driver.yaw) < 0.001, 5, "another client's goto")
    wait_for(lambda: not daemon.get("/api/move/running"), 5, "its end")
    driver.stream(antennas=np.array([0.02, 0.02]))
    wait_for(lambda: abs(driver.state.antennas[0] - 0.02) < 0.005, 3)
    driver.holds()
    assert driver.yaw == pytest.approx(0.0, abs=0.01)


def test_streamed_stewart_joints_move_the_robot(driver: Driver) -> None:
    joints = kinematics.inverse(turned(0.1), 0.0, automatic_body_yaw=False)
    driver.stream(head_joints=joints, antennas=np.array([0.1, 0.2]))
    wait_for(lambda: np.abs(driver.state.head_joints - joints).max() < 0.01, 2)
    wait_for(lambda: np.abs(driver.state.antennas - [0.1, 0.2]).max() < 0.01, 2)


def test_a_streamed_body_yaw_alone_holds_the_head(driver: Driver) -> None:
    # The daemon itself would go back to its last target for the head's pose, which is neutral:
    # joints that are streamed do not change it.
    joints = kinematics.inverse(turned(0.3), 0.0, automatic_body_yaw=False)
    driver.stream(head_joints=joints)
    wait_for(lambda: abs(driver.yaw - 0.3) < 0.01, 2)
    seen = len(driver.states)
    for step in range(1, 21):
        driver.stream(body_yaw=step * 0.015)
        tick = len(driver.states)
        wait_for(lambda tick=tick: len(driver.states) > tick, 1)  # type: ignore[misc]
    wait_for(lambda: abs(driver.state.head_joints[0] - 0.3) < 0.01, 2)
    yaws = driver.yaws(seen)
    assert yaws == pytest.approx([0.3] * len(yaws), abs=0.03)


def test_a_part_of_a_stream_leaves_the_other_parts_where_they_were_streamed(
    driver: Driver, daemon: Daemon
) -> None:
    driver.stream(antennas=np.array([0.2, 0.4]))
    assert driver.commander.reference()[1] == pytest.approx([0.2, 0.4])
    wait_for(lambda: abs(driver.state.antennas[1] - 0.4) < 0.01, 2)
    # Once the stream is over, what others did since counts.
    over_s = time.monotonic() + COMMAND_TIMEOUT_S
    daemon.post("/api/move/set_target", {"target_antennas": [0.1, 0.1]})
    wait_for(lambda: time.monotonic() > over_s and abs(driver.state.antennas[1] - 0.1) < 0.01, 3)
    assert driver.commander.reference()[1] == pytest.approx([0.1, 0.1])


def test_streamed_targets_are_refused_during_a_goto_and_after_a_stop(driver: Driver) -> None:
    goto = driver.goto(2.0, head_pose=turned(0.5))
    wait_for(lambda: driver.yaw > 0.02, 3)
    with pytest.raises(BusyError, match="goto is running"):
        driver.stream(head_pose=np.eye(4))
    driver.do(driver.commander.stop())
    assert isinstance(goto.exception(2), PreemptedError)
    with pytest.raises(BusyError, match="was stopped"):
        driver.stream(head_pose=np.eye(4))
    pause_s = time.monotonic() + COMMAND_TIMEOUT_S
    wait_for(lambda: time.monotonic() > pause_s)
    driver.stream(head_pose=driver.state.head_pose)


def test_each_change_of_who_moves_the_robot_is_told(driver: Driver) -> None:
    driver.motions.clear()
    driver.stream(head_pose=turned(0.05))
    driver.do(driver.commander.stop())
    driver.goto(0.3, head_pose=turned(0.1)).result(5)
    owners = [owner for owner, _ in groupby(status.owner for status in driver.motions)]
    assert owners == [Owner.STREAMING, Owner.IDLE, Owner.GOTO, Owner.IDLE]


def test_motors_that_another_client_switches_off_are_told(driver: Driver, daemon: Daemon) -> None:
    daemon.post("/api/motors/set_mode/disabled")
    driver.do(driver.robot.ask())
    assert driver.motions[-1].motor_mode == "disabled"
    assert driver.do(driver.commander.enable_motors(True)) == "motors enabled"


def test_goto_sleep_ends_asleep_with_motors_off_and_wake_up_switches_them_on(
    driver: Driver, daemon: Daemon
) -> None:
    assert "goto_sleep done" in driver.do(driver.commander.goto_sleep(), 15)
    assert daemon.get("/api/motors/status")["mode"] == "disabled"
    assert rotations.roll_pitch_yaw(driver.state.head_pose)[1] > math.radians(20)
    assert "wake_up done" in driver.do(driver.commander.wake_up(), 15)
    assert daemon.get("/api/motors/status")["mode"] == "enabled"
    wait_for(lambda: np.abs(driver.state.head_pose - np.eye(4)).max() < 0.02, 2)


@pytest.mark.parametrize("by", ["stop", "enable_motors"])
def test_goto_sleep_is_ended_by_a_stop_and_by_switching_the_motors_off(
    driver: Driver, daemon: Daemon, by: str
) -> None:
    asleep = driver.start(driver.commander.goto_sleep())
    wait_for(driver.moves, 5)
    with pytest.raises(BusyError, match="goto_sleep is running"):
        driver.goto(1.0, head_pose=turned(0.5)).result(2)
    enders: dict[str, Callable[[], Awaitable[str]]] = {
        "stop": driver.commander.stop,
        "enable_motors": lambda: driver.commander.enable_motors(False),
    }
    driver.do(enders[by]())
    assert isinstance(asleep.exception(2), PreemptedError)
    assert daemon.get("/api/move/running") == []
    seen = len(driver.states)
    wait_for(lambda: len(driver.states) > seen + 10, 2)
    assert not driver.moves()
    expected = "enabled" if by == "stop" else "disabled"
    assert daemon.get("/api/motors/status")["mode"] == expected
    if by == "stop":  # it does not count as asleep
        assert "goto done" in driver.goto(0.3, head_pose=turned(0.1)).result(5)
    assert driver.do(driver.commander.enable_motors(True)) == "motors enabled"
    assert daemon.get("/api/motors/status")["mode"] == "enabled"


def test_commands_fail_when_the_robot_goes_away_and_its_move_does_not_go_on_when_it_is_back(
    driver: Driver, daemon: Daemon
) -> None:
    goto = driver.goto(10.0, head_pose=turned(0.9))
    wait_for(lambda: driver.yaw > 0.01, 3)
    daemon.child.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(NotConnectedError, match="no state"):
            goto.result(3)
        for command in (driver.commander.stop, driver.commander.wake_up):
            with pytest.raises(NotConnectedError, match="is not connected"):
                driver.do(command(), 5)
    finally:
        daemon.child.send_signal(signal.SIGCONT)
    driver.wait_connected()
    wait_for(lambda: driver.link.state is not None and not driver.moves(), 3)
    assert driver.yaw < 0.8


def test_a_move_fails_soon_when_the_daemon_is_restarted(driver: Driver, daemon: Daemon) -> None:
    goto = driver.goto(10.0, antennas=np.array([0.5, 0.5]))
    wait_for(lambda: driver.state.antennas[0] > 0.0, 3)
    daemon.post("/api/daemon/restart")
    with pytest.raises(NotConnectedError, match="no state"):
        goto.result(3)
    driver.wait_connected()


def test_the_limits_of_the_urdf_hold_for_what_the_robot_reports(driver: Driver) -> None:
    for name, value in zip(limits.HEAD_JOINTS, driver.state.head_joints, strict=True):
        lower, upper = limits.joint_limits()[name]
        assert lower <= value <= upper
