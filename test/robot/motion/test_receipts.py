# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Receipts: one first and one last for every command, by itself and against the real daemon."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import CancelledError

import hypothesis.strategies as st
import numpy as np
import pytest
from harness import moves
from harness.daemon import Daemon
from harness.driver import COMMAND_TIMEOUT_S, Driver, turned
from harness.processes import Processes, free_port
from harness.waiting import Awaited, wait_for
from hypothesis import given

from reachy_mini_ros.errors import (
    BusyError,
    NotConnectedError,
    PreemptedError,
    ReachyMiniRosError,
    RobotError,
    TimedOutError,
)
from reachy_mini_ros.robot.motion.arbitration import Owner
from reachy_mini_ros.robot.motion.commander import Limits
from reachy_mini_ros.robot.motion.receipts import Order, Receipt, ReceiptKind, StreamOrders
from reachy_mini_ros.robot.motion.trajectory import Point
from reachy_mini_ros.robot.state import Interpolation, Target

FIRST = {ReceiptKind.ACCEPTED, ReceiptKind.CLAMPED, ReceiptKind.REFUSED}
DATASET = "some-lab/its-moves"
ERRORS = (
    BusyError("not now"),
    PreemptedError("by another"),
    TimedOutError("late"),
    RobotError("cannot"),
    NotConnectedError("away"),
    asyncio.CancelledError(),
    ZeroDivisionError("a bug"),
)
STEPS: dict[str, Callable[[Order], None]] = {
    "accept": lambda order: order.accept(Owner.IDLE),
    "refuse": lambda order: order.refuse("no"),
    "finish": lambda order: order.finish("done"),
    "end": lambda order: order.end(ReceiptKind.TIMED_OUT, "late"),
    **{
        f"fail {type(error).__name__}": lambda order, error=error: order.fail(error)  # type: ignore[misc]
        for error in ERRORS
    },
}


@given(st.lists(st.sampled_from(list(STEPS)), max_size=6), st.booleans())
def test_whatever_happens_there_is_one_first_receipt_and_one_last(
    steps: list[str], clamped: bool
) -> None:
    told: list[Receipt] = []
    order = Order("goto/joints", "1.000000002", "a detail", tell=told.append)
    order.clamped = "out of reach" if clamped else ""
    for step in steps:
        STEPS[step](order)
    kinds = [receipt.kind for receipt in told]
    assert len(kinds) <= 2
    assert [kind in FIRST for kind in kinds] == [True, False][: len(kinds)]
    assert kinds != [ReceiptKind.REFUSED, *kinds[1:]] or len(kinds) == 1
    assert order.over is (kinds[:1] == [ReceiptKind.REFUSED] or len(kinds) == 2)
    if clamped and kinds:
        assert kinds[0] in (ReceiptKind.CLAMPED, ReceiptKind.REFUSED)
    for receipt in told:
        assert (receipt.source, receipt.id, receipt.detail) == (
            "goto/joints",
            "1.000000002",
            "a detail",
        )
        assert receipt.reason


@pytest.mark.parametrize(
    ("error", "kind"),
    list(
        zip(
            ERRORS,
            ("failed", "preempted", "timed_out", "failed", "failed", "preempted", "failed"),
            strict=True,
        )
    ),
)
def test_an_error_refuses_what_was_not_accepted_and_ends_what_was(
    error: BaseException, kind: str
) -> None:
    for accepted in (False, True):
        told: list[Receipt] = []
        order = Order("goto", tell=told.append)
        if accepted:
            order.accept()
        order.fail(error)
        assert [receipt.kind for receipt in told] == (
            ["accepted", kind] if accepted else ["refused"]
        )
        assert "\n" not in told[-1].reason


def test_each_source_of_a_stream_has_its_receipts_and_each_stretch_of_clamped_targets_one() -> None:
    told: list[Receipt] = []
    stream = StreamOrders()

    def take(source: str, number: int, clamped: str = "") -> None:
        order = Order(source, str(number), tell=told.append)
        order.clamped = clamped
        stream.take(order, Owner.IDLE)

    for number, clamped in enumerate(["", "", "far", "far", "", "far"]):
        take("pose", number, clamped)
    take("joints", 6, "far")
    take("joints", 7)
    stream.end(ReceiptKind.DONE, "over")
    stream.end(ReceiptKind.PREEMPTED, "not told: there is none")
    take("pose", 8)
    assert [(receipt.source, receipt.id, receipt.kind) for receipt in told] == [
        ("pose", "0", "accepted"),
        ("pose", "2", "clamped"),
        ("pose", "5", "clamped"),
        ("joints", "6", "clamped"),
        ("pose", "0", "done"),
        ("joints", "6", "done"),
        ("pose", "8", "accepted"),
    ]


@pytest.fixture(scope="module")
def daemon(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    home = tmp_path_factory.mktemp("robot")
    moves.cache(home, DATASET, {"nod": moves.nod(1.0)})
    return Daemon.start(processes, free_port(), HOME=str(home))


@pytest.fixture(scope="module")
def started(daemon: Daemon) -> Iterator[Driver]:
    with Driver.connected(daemon.port) as driver:
        yield driver


@pytest.fixture
def driver(started: Driver) -> Driver:
    started.neutral()
    started.receipts.clear()
    started.events.clear()
    return started


def ordered(driver: Driver, name: str, command: Callable[[Order], Awaitable[str]]) -> Awaited[str]:
    """Give a command with its name as its id."""

    async def obey() -> str:
        order = driver.robot.order(name, name)
        return await driver.robot.obey(order, command(order))

    return driver.start(obey())


def goto(driver: Driver, name: str, duration_s: float, **parts: object) -> Awaited[str]:
    target = Target(**parts)  # type: ignore[arg-type]
    linear = Interpolation.LINEAR
    return ordered(
        driver, name, lambda order: driver.commander.goto(target, duration_s, linear, order)
    )


def told(driver: Driver, name: str) -> list[str]:
    """Return the kinds of the receipts of a command, with who had the robot before and after."""
    return [
        f"{receipt.kind}: {receipt.owner_before} -> {receipt.owner_after}"
        for receipt in driver.receipts
        if receipt.id == name
    ]


def reason(driver: Driver, name: str) -> str:
    return next(one for one in reversed(driver.receipts) if one.id == name).reason


def test_a_goto_is_accepted_and_done(driver: Driver) -> None:
    goto(driver, "goto", 0.3, body_yaw=0.2).result(5)
    assert told(driver, "goto") == ["accepted: idle -> goto", "done: goto -> idle"]
    assert "goto done in" in reason(driver, "goto")
    assert driver.events == []


def test_what_is_refused_has_one_receipt_and_the_safety_event_as_ever(driver: Driver) -> None:
    with pytest.raises(ReachyMiniRosError):
        goto(driver, "far", 0.3, body_yaw=9.0).result(5)
    assert told(driver, "far") == ["refused: idle -> idle"]
    assert [event.kind for event in driver.events] == ["refused"]
    assert driver.events[0].reason == reason(driver, "far")


def test_a_new_command_and_a_stop_preempt(driver: Driver) -> None:
    first = goto(driver, "first", 4.0, body_yaw=0.8)
    wait_for(lambda: driver.state.head_joints[0] > 0.05, 5)
    second = goto(driver, "second", 4.0, body_yaw=0.0)
    assert isinstance(first.exception(3), PreemptedError)
    assert reason(driver, "second") == "preempts goto"
    wait_for(lambda: driver.state.head_joints[0] < 0.75, 5)
    stopped = ordered(driver, "stop", driver.commander.stop)
    assert stopped.result(3) == "stopped: goto"
    assert isinstance(second.exception(3), PreemptedError)
    assert told(driver, "first") == ["accepted: idle -> goto", "preempted: goto -> goto"]
    assert told(driver, "second") == ["accepted: goto -> goto", "preempted: goto -> idle"]
    assert told(driver, "stop") == ["accepted: goto -> idle", "done: idle -> idle"]
    assert [event.kind for event in driver.events] == ["preempted", "preempted"]


@pytest.mark.parametrize("count", [2, 6])
def test_gotos_in_quick_succession_have_their_receipts_each(driver: Driver, count: int) -> None:
    names = [f"goto {number}" for number in range(count)]
    gotos = [goto(driver, name, 0.3, body_yaw=0.1 * at) for at, name in enumerate(names)]
    gotos[-1].result(5)
    for name, ended in zip(names[:-1], gotos, strict=False):
        assert isinstance(ended.exception(3), PreemptedError)
        kinds = [line.partition(":")[0] for line in told(driver, name)]
        assert kinds == ["accepted", "preempted"]
    assert told(driver, names[-1])[-1] == "done: goto -> idle"


def test_one_who_cancels_is_told_as_preempted_and_the_robot_stops(driver: Driver) -> None:
    cancelled = goto(driver, "goto", 4.0, body_yaw=0.8)
    wait_for(lambda: driver.state.head_joints[0] > 0.05, 5)
    cancelled.cancel()
    with pytest.raises(CancelledError):
        cancelled.result(3)
    wait_for(lambda: len(told(driver, "goto")) == 2, 3)
    assert told(driver, "goto")[-1] == "preempted: goto -> idle"
    driver.holds()
    assert driver.state.head_joints[0] < 0.7


def test_trajectories_and_moves_are_accepted_after_they_were_judged(driver: Driver) -> None:
    async def follow(order: Order, names: list[str]) -> str:
        points = [Point(0.3, [0.2])]
        planned = await driver.player.plan(names, points)
        return await driver.player.play_trajectory(planned, points, None, order)

    ordered(driver, "nose", lambda order: follow(order, ["nose"])).exception(5)
    assert told(driver, "nose") == ["refused: idle -> idle"]
    ordered(driver, "body", lambda order: follow(order, ["yaw_body"])).result(5)
    assert told(driver, "body") == ["accepted: idle -> trajectory", "done: trajectory -> idle"]

    def play(name: str) -> Awaited[str]:
        return ordered(driver, name, lambda order: driver.robot.play_move(name, order))

    play(f"{DATASET}/fly").exception(5)
    assert told(driver, f"{DATASET}/fly") == ["refused: idle -> idle"]
    play("some-lab/nothing/nod").exception(5)
    assert told(driver, "some-lab/nothing/nod") == ["refused: idle -> idle"]
    assert driver.events[-1].kind == "failed"
    play(f"{DATASET}/nod").result(8)
    assert told(driver, f"{DATASET}/nod") == ["accepted: idle -> move", "done: move -> idle"]


def test_sleep_and_wake_up(driver: Driver) -> None:
    assert "done" in ordered(driver, "sleep", driver.commander.goto_sleep).result(15)
    assert told(driver, "sleep") == ["accepted: idle -> sleeping", "done: sleeping -> sleeping"]
    goto(driver, "asleep", 0.3, body_yaw=0.1).exception(3)
    assert told(driver, "asleep") == ["refused: sleeping -> sleeping"]
    ordered(driver, "wake", driver.commander.wake_up).result(15)
    assert told(driver, "wake") == ["accepted: sleeping -> sleeping", "done: sleeping -> idle"]


def stream(driver: Driver, name: str, **parts: object) -> None:
    async def one() -> None:
        order = driver.robot.order("stream", name)
        try:
            driver.commander.stream(Target(**parts), 0, order)  # type: ignore[arg-type]
        except ReachyMiniRosError as error:
            driver.robot.fail(order, error)

    driver.do(one())


def test_a_stream_is_one_command_from_its_begin_to_its_end(driver: Driver) -> None:
    for step in range(8):
        stream(driver, "stream", antennas=np.full(2, 0.3 + step * 0.001))
    wait_for(lambda: len(told(driver, "stream")) == 2, 5)
    assert told(driver, "stream") == ["accepted: idle -> streaming", "done: streaming -> idle"]


def test_a_stream_is_preempted_by_a_goto_and_refused_meanwhile(driver: Driver) -> None:
    stream(driver, "stream", antennas=np.zeros(2))
    running = goto(driver, "goto", 1.0, body_yaw=0.1)
    wait_for(lambda: told(driver, "goto"), 3)
    stream(driver, "late", antennas=np.zeros(2))
    running.result(5)
    assert told(driver, "stream") == ["accepted: idle -> streaming", "preempted: streaming -> goto"]
    assert told(driver, "late") == ["refused: goto -> goto"]
    assert [event.kind for event in driver.events] == ["preempted", "refused"]


def test_a_stream_is_preempted_by_a_stop(driver: Driver) -> None:
    stream(driver, "stream", antennas=np.zeros(2))
    driver.do(driver.robot.stop())
    assert told(driver, "stream")[-1] == "preempted: streaming -> idle"


@pytest.mark.parametrize("part", ["antennas", "head_pose", "body_yaw"])
def test_a_stream_that_breaks_off_in_motion_is_timed_out(driver: Driver, part: str) -> None:
    targets = {
        "antennas": lambda step: np.full(2, step * 0.1),
        "head_pose": lambda step: turned(step * 0.02),
        "body_yaw": lambda step: step * 0.02,
    }
    for step in range(25):
        stream(driver, "stream", **{part: targets[part](step)})
        seen = len(driver.states)
        wait_for(lambda seen=seen: len(driver.states) > seen, 3)  # type: ignore[misc]
    wait_for(lambda: len(told(driver, "stream")) == 2, 5)
    assert told(driver, "stream")[-1] == "timed_out: streaming -> idle"


def test_clamped_targets_are_told_once_for_each_stretch(driver: Driver) -> None:
    timeout = Limits(command_timeout_s=COMMAND_TIMEOUT_S)
    driver.do(_apply(driver, Limits(command_timeout_s=COMMAND_TIMEOUT_S, clamp=True)))
    try:
        for number, yaw in enumerate((4.0, 4.0, 0.0, 4.0)):
            stream(driver, f"stream {number}", body_yaw=yaw)
        goto(driver, "far", 0.5, body_yaw=5.0).result(8)
    finally:
        driver.do(_apply(driver, timeout))
    kinds = [(one.kind.value, one.id) for one in driver.receipts]
    assert kinds == [
        ("clamped", "stream 0"),
        ("clamped", "stream 3"),
        ("preempted", "stream 0"),
        ("clamped", "far"),
        ("done", "far"),
    ]
    clamped = [event for event in driver.events if event.kind == "clamped"]
    assert len(clamped) == 4, "the safety events are one for each target"


async def _apply(driver: Driver, limits: Limits) -> None:
    driver.commander.apply(limits)


def test_a_lost_robot_fails_what_runs_and_refuses_what_comes(
    driver: Driver, daemon: Daemon
) -> None:
    running = goto(driver, "running", 10.0, head_pose=turned(0.9))
    wait_for(lambda: driver.yaw > 0.01, 3)
    daemon.child.send_signal(signal.SIGSTOP)
    try:
        assert isinstance(running.exception(5), NotConnectedError)
        assert told(driver, "running") == ["accepted: idle -> goto", "failed: goto -> idle"]
        goto(driver, "away", 1.0, body_yaw=0.1).exception(3)
        assert told(driver, "away") == ["refused: idle -> idle"]
        ordered(driver, "stop", driver.commander.stop).exception(3)
        assert told(driver, "stop") == ["accepted: idle -> idle", "failed: idle -> idle"]
    finally:
        daemon.child.send_signal(signal.SIGCONT)
    driver.wait_connected()


def test_a_stream_ends_with_the_connection(driver: Driver, daemon: Daemon) -> None:
    daemon.child.send_signal(signal.SIGSTOP)
    try:
        while driver.link.state is not None:
            stream(driver, "stream", antennas=np.zeros(2))
        wait_for(lambda: len(told(driver, "stream")) >= 2, 3)
    finally:
        daemon.child.send_signal(signal.SIGCONT)
    kinds = [line.partition(":")[0] for line in told(driver, "stream")]
    assert kinds[:2] == ["accepted", "preempted"]
    assert "preempted" in [event.kind for event in driver.events]
    driver.wait_connected()
