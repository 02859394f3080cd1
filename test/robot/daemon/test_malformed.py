# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whatever the daemon sends, the link and the API go on: the real daemon, its messages altered."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from harness.daemon import Daemon
from harness.driver import Driver
from harness.linked import Linked
from harness.processes import Processes, free_port
from harness.relay import Relay
from harness.waiting import Awaited, wait_for

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.robot.daemon.sound import SoundApi
from reachy_mini_ros.robot.motion.events import EventKind, SafetyEvent
from reachy_mini_ros.robot.motion.monitor import Monitor
from reachy_mini_ros.robot.state import RobotInfo, RobotState


@pytest.fixture(scope="module")
def io() -> Iterator[LoopThread]:
    with LoopThread() as io:
        yield io


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> Daemon:
    return Daemon.start(processes, free_port())


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def _relay(io: LoopThread, daemon: Daemon, port: int) -> Iterator[Relay]:
    relay = Relay(daemon.port)
    Awaited(io.submit(relay.start(port))).result(5)
    yield relay
    Awaited(io.submit(relay.stop())).result(5)


@pytest.fixture
def relay(_relay: Relay) -> Iterator[Relay]:
    """Return the module's relay, which passes everything on again after the test."""
    yield _relay
    _relay.alters = lambda message: message
    _relay.loses = lambda message: False
    _relay.answers.clear()


@pytest.fixture
def linked(relay: Relay, port: int) -> Iterator[Linked]:
    with Linked(port) as linked:
        linked.wait(Connection.CONNECTED)
        yield linked


def joints(value: object) -> str:
    """Return a state's joints, one of which is something else."""
    head: list[object] = [value, *[0.1] * 6]
    antennas = [0.1, 0.1]
    kind = "joint_positions"
    return json.dumps(
        {"type": kind, "head_joint_positions": head, "antennas_joint_positions": antennas}
    )


def pose(matrix: object) -> str:
    return json.dumps({"type": "head_pose", "head_pose": matrix})


BAD: dict[str, str | bytes] = {
    "an integer of 400 digits": joints(10**400 - 1),
    "an integer of 5000 digits": joints(7).replace("7", "7" * 5000, 1),
    "10,000 lists": "[" * 10_000 + "]" * 10_000,
    "7,000 objects": '{"type":' * 7_000,
    "true": joints(True),
    "a text": joints("0.1"),
    "null": joints(None),
    "NaN": joints(float("nan")),
    "1e308": joints(1e308),
    "turns": joints(100.0),
    "no joints": '{"type": "joint_positions"}',
    "joints of another type": '{"type": "joint_positions", "head_joint_positions": {}}',
    "truncated": joints(0.1)[:-20],
    "a list": "[]",
    "a number": "7",
    "nothing": "",
    "a binary frame": b"\xff\x00\x01",
    "no known type": '{"type": ["joint_positions"]}',
    "zeros": pose(np.zeros((4, 4)).tolist()),
    "a far head": pose((np.eye(4) + np.outer([1, 0, 0, 0], [0, 0, 0, 5])).tolist()),
    "a mirrored head": pose(np.diag([1.0, 1.0, -1.0, 1.0]).tolist()),
    "IMU": '{"type": "imu_data", "quaternion": [0, 0, 0, 0]}',
    "status": '{"type": "daemon_status", "state": 7}',
    "progress": '{"type": "task_progress", "uuid": 7, "finished": true}',
    "upload": '{"type": "play_uploaded_move", "upload_id": null}',
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_message_is_dropped_and_counted_and_the_state_goes_on(
    linked: Linked, relay: Relay, io: LoopThread, kind: str
) -> None:
    Awaited(io.submit(relay.inject(BAD[kind]))).result(5)
    wait_for(lambda: linked.link.counts.malformed == 1, 5, "the count")
    assert linked.link.last_error.startswith("message dropped: ")
    assert linked.link.last_error.isprintable()
    goes_on(linked)


def goes_on(linked: Linked) -> None:
    """Wait for more states, which are the robot's own, over a connection that was never lost."""
    seen = len(linked.states)
    wait_for(lambda: len(linked.states) > seen + 10, 5, "states")
    assert not linked.running.done()
    assert [connection for connection, _ in linked.changes] == [Connection.CONNECTED]
    assert linked.link.reconnects == 0
    for state in linked.states:
        assert np.abs(state.head_joints).max() < 3.0
        np.testing.assert_allclose(np.linalg.det(state.head_pose[:3, :3]), 1.0, atol=0.01)


def test_what_another_client_recorded_may_be_of_any_length(
    linked: Linked, relay: Relay, io: LoopThread
) -> None:
    io.submit(relay.inject(json.dumps({"type": "recorded_data", "data": "x" * 50_000_000})))
    wait_for(lambda: linked.link.counts.malformed == 1, 20, "the count")
    assert "bytes, of 65536 at most" in linked.link.last_error
    seen = len(linked.states)
    wait_for(lambda: len(linked.states) > seen + 10, 5, "states")
    assert Connection.LOST not in [connection for connection, _ in linked.changes]


def test_a_message_that_no_memory_should_hold_costs_the_connection_alone(
    linked: Linked, relay: Relay, io: LoopThread
) -> None:
    io.submit(relay.inject(b"x" * 70_000_000))
    wait_for(lambda: linked.link.counts.malformed == 1, 20, "the count")
    wait_for(lambda: linked.link.reconnects == 1, 5, "the next connection")
    assert any("exceeds limit" in reason for _, reason in linked.changes)
    linked.wait(Connection.CONNECTED)


def test_joints_and_pose_of_different_moments_make_no_state(linked: Linked, relay: Relay) -> None:
    relay.alters = lambda message: "{}" if "joint_positions" in message else message
    wait_for(lambda: linked.link.counts.malformed > 5, 5)
    seen = len(linked.states)
    wait_for(lambda: linked.link.counts.malformed > 15, 5)
    assert len(linked.states) == seen
    assert "refused ('type' is null" in linked.wait(Connection.STALLED)
    relay.alters = lambda message: message
    linked.wait(Connection.CONNECTED)


def test_a_bug_in_a_callback_is_told_and_costs_nothing_else(relay: Relay, port: int) -> None:
    broken, seen = [True], []

    def take(state: RobotState) -> None:
        seen.append(state)
        if broken:
            raise KeyError("a bug")

    log: list[str] = []
    supervisor = Supervisor(log.append)
    with Linked(port, on_state=take, supervisor=supervisor) as linked:
        wait_for(lambda: len(seen) > 20, 5, "states")
        assert supervisor.failures == ("what takes states: KeyError('a bug')",)
        assert len(log) == 1
        assert "in take" in log[0]
        assert linked.link.counts.malformed == 0
        assert linked.link.last_error == ""
        broken.clear()
        wait_for(lambda: not supervisor.failures, 5, "the end of the failure")
        assert [connection for connection, _ in linked.changes] == [Connection.CONNECTED]


def test_a_bug_in_the_link_itself_is_told_and_the_link_begins_anew(relay: Relay, port: int) -> None:
    async def ask() -> RobotInfo:
        raise ZeroDivisionError

    log: list[str] = []
    supervisor = Supervisor(log.append)
    linked = Linked(port, ask_info=ask)
    with linked.io as io:
        io.submit(supervisor.keep("link", linked.link.run))
        linked.wait(Connection.CONNECTED)
        relay.loses = lambda message: True
        wait_for(lambda: supervisor.failures == ("link: ZeroDivisionError()",), 5, "the failure")
        reason = linked.wait(Connection.LOST)
        assert "failed: see the log" in reason
        assert linked.changes[-1] == (Connection.LOST, reason)
        relay.loses = lambda message: False
        linked.wait(Connection.CONNECTED)


DEEP = "[" * 10_000 + "]" * 10_000
ANSWERS = ["null", "[7]", '"text"', "7", "{}", "", "<html>503</html>", DEEP, "9" * 5000]
CALLS: dict[str, tuple[str, Callable[[SoundApi], Any]]] = {
    "info": ("/api/daemon/status", SoundApi.info),
    "media": ("/api/media/status", SoundApi.media_problem),
    "running": ("/api/move/running", SoundApi.foreign_moves),
    "stop": ("/api/move/running", SoundApi.stop_moves),
    "lock": ("/api/daemon/robot-app-lock-status", SoundApi.app_lock),
    "tracking": ("/api/media/tracking/enable", lambda api: api.set_head_tracking(True)),
    "moves": ("/api/move/recorded-move-datasets/list/a/b", lambda api: api.recorded_moves("a/b")),
    "play": ("/api/move/play/wake_up", lambda api: api.play("wake_up")),
    "sounds": ("/api/media/sounds", SoundApi.uploaded),
}


@pytest.fixture
def api(io: LoopThread, port: int) -> Iterator[SoundApi]:
    api = SoundApi("127.0.0.1", port)
    yield api
    Awaited(io.submit(api.close())).result(5)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer[:8])
@pytest.mark.parametrize("call", CALLS)
def test_a_bad_answer_is_an_error_that_says_so(
    relay: Relay, api: SoundApi, io: LoopThread, call: str, answer: str
) -> None:
    path, function = CALLS[call]
    relay.answers[path] = answer
    with pytest.raises(MalformedError) as refused:
        Awaited(io.submit(function(api))).result(10)
    assert f"the daemon's answer to {path} is not understood: " in str(refused.value)
    assert str(refused.value).isprintable()
    assert (api.malformed, api.last_error) == (1, str(refused.value))


def test_an_answer_of_any_length_is_read_as_far_as_it_may_be(
    relay: Relay, api: SoundApi, io: LoopThread
) -> None:
    relay.answers["/api/move/running"] = json.dumps(["x" * 10_000_000])
    with pytest.raises(MalformedError, match=r"bytes, of 1048576 at most"):
        Awaited(io.submit(api.foreign_moves())).result(10)
    relay.answers.clear()
    assert Awaited(io.submit(api.foreign_moves())).result(10) == set()


def test_a_bad_update_of_a_move_is_dropped_and_the_move_goes_on(
    relay: Relay, api: SoundApi, io: LoopThread
) -> None:
    begun = threading.Event()
    playing = io.submit(api.play("wake_up", begun.set))
    wait_for(begun.is_set, 5, "the move")
    for bad in ("null", "[]", DEEP, '{"uuid": 7}', "{"):
        Awaited(io.submit(relay.inject(bad))).result(5)
    Awaited(playing).result(15)
    assert api.malformed == 5
    assert "update of a move dropped" in api.last_error


def test_moves_of_others_that_cannot_be_seen_are_told_of(
    relay: Relay, daemon: Daemon, port: int
) -> None:
    events: list[SafetyEvent] = []
    with Driver.connected(port) as driver:
        monitor = Monitor(
            driver.link, driver.api, driver.commander, lambda moving: None, events.append
        )
        relay.answers["/api/move/running"] = "null"
        watching = driver.start(monitor.run())
        wait_for(lambda: driver.api.malformed >= 2, 10, "two questions")
        assert "cannot be seen: the daemon's answer to /api/move/running" in monitor.problem
        assert [event.kind for event in events] == [EventKind.WRONG_STATE]
        assert monitor.problem == events[0].reason

        relay.answers.clear()
        wait_for(lambda: monitor.problem == "", 5, "the problem's end")
        daemon.post("/api/move/goto", {"antennas": [0.5, -0.5], "duration": 3.0})
        wait_for(lambda: EventKind.OTHER_CLIENT in [event.kind for event in events], 5)
        assert not watching.done()
