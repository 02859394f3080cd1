# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The link against the real daemon, with every way in which a daemon goes away."""

import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest
from harness.daemon import Daemon
from harness.linked import Linked
from harness.processes import Processes, free_port
from harness.waiting import Awaited, wait_for

from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.state import Target

BACK_WITHIN_S = 2.0
SLACK_S = 1.0  # for the two busy cores of a test machine


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture
def linked(port: int, daemon: Daemon) -> Iterator[Linked]:
    with Linked(port) as linked:
        linked.wait(Connection.CONNECTED)
        yield linked


@pytest.fixture(scope="module")
def daemons() -> dict[int, Daemon]:
    return {}


@pytest.fixture
def daemon(processes: Processes, port: int, daemons: dict[int, Daemon]) -> Daemon:
    """Return the module's daemon; a new one on the same port if a test has killed it."""
    if port not in daemons or daemons[port].child.process.poll() is not None:
        daemons[port] = Daemon.start(processes, port)
    return daemons[port]


def test_a_robot_away_at_the_start_is_lost_and_connected_when_it_comes(
    processes: Processes, port: int, daemons: dict[int, Daemon]
) -> None:
    with Linked(port) as linked:
        assert linked.link.state is None
        assert "nothing listens" in linked.wait(Connection.LOST)
        daemons[port] = Daemon.start(processes, port)
        linked.wait(Connection.CONNECTED, BACK_WITHIN_S + SLACK_S)
        assert linked.link.state is not None
        assert [change for change, _ in linked.changes] == [Connection.LOST, Connection.CONNECTED]


def test_an_ipv6_address_gets_brackets() -> None:
    assert network_address("::1", 8000) == "[::1]:8000"


def test_state_comes_50_times_a_second_and_says_what_the_daemon_says(
    linked: Linked, daemon: Daemon
) -> None:
    def rate_hz() -> float:
        recent = linked.states[-50:]
        return (len(recent) - 1) / ((recent[-1].received_ns - recent[0].received_ns) / 1e9)

    wait_for(lambda: len(linked.states) > 100, 5)
    wait_for(lambda: rate_hz() == pytest.approx(50, rel=0.2), 5, "50 Hz")
    assert linked.link.intervals_ms.rate_hz() == pytest.approx(50, rel=0.3)
    assert linked.link.intervals_ms.percentile(50) == pytest.approx(20, rel=0.3)
    truth = daemon.get("/api/state/full?with_head_joints=true&use_pose_matrix=true")
    last = linked.states[-1]
    np.testing.assert_allclose(last.head_joints, truth["head_joints"], atol=1e-6)
    np.testing.assert_allclose(last.antennas, truth["antennas_position"], atol=1e-6)
    np.testing.assert_allclose(last.head_pose.ravel(), truth["head_pose"]["m"], atol=1e-6)


def test_the_daemon_describes_itself(linked: Linked) -> None:
    info = wait_for(lambda: linked.link.info, 5)
    assert (info.model, info.daemon_state, info.motor_mode) == ("mockup", "running", "enabled")
    assert info.daemon_version == sdk.version()


def test_a_killed_daemon_is_lost_at_once_and_back_within_two_seconds_of_its_return(
    linked: Linked, daemon: Daemon, processes: Processes, port: int, daemons: dict[int, Daemon]
) -> None:
    daemon.kill()
    linked.wait(Connection.LOST, 1.0)
    assert linked.link.state is None
    seen = len(linked.states)
    with pytest.raises(NotConnectedError, match="is not connected"):
        Awaited(linked.io.submit(linked.link.send(sdk.stop_message()))).result(1)
    daemons[port] = Daemon.start(processes, port)
    linked.wait(Connection.CONNECTED, BACK_WITHIN_S + SLACK_S)
    assert linked.states[seen].received_ns > linked.states[seen - 1].received_ns
    assert linked.link.reconnects == 1


def test_a_daemon_restarted_over_http_is_noticed_although_the_socket_stays_open(
    linked: Linked, daemon: Daemon
) -> None:
    daemon.post("/api/daemon/restart")
    assert "no state" in linked.wait(Connection.STALLED, 2.0)
    assert linked.link.state is None
    linked.wait(Connection.CONNECTED, BACK_WITHIN_S + SLACK_S)
    assert [change for change, _ in linked.changes] == [
        Connection.CONNECTED,
        Connection.STALLED,
        Connection.CONNECTED,
    ]


def test_a_frozen_daemon_is_stalled_and_nothing_stale_is_handed_out(
    linked: Linked, daemon: Daemon
) -> None:
    daemon.child.send_signal(signal.SIGSTOP)
    try:
        linked.wait(Connection.STALLED, 2.0)
        assert linked.link.state is None
        frozen_ns = time.monotonic_ns()
        seen = len(linked.states)
        # Longer than the link keeps a silent socket, so that it has tried to connect anew.
        with pytest.raises(AssertionError, match="not within"):
            wait_for(lambda: len(linked.states) > seen, 2.0)
        assert linked.link.state is None
    finally:
        daemon.child.send_signal(signal.SIGCONT)
    linked.wait(Connection.CONNECTED, BACK_WITHIN_S + SLACK_S)
    assert all(state.received_ns > frozen_ns for state in linked.states[seen:])


def test_numbers_that_are_not_finite_are_never_handed_out(linked: Linked, daemon: Daemon) -> None:
    # The daemon takes a bare NaN, and then reports null for the antennas.
    nan = '{"type": "set_antennas", "antennas": [NaN, 0.0]}'
    try:
        Awaited(linked.io.submit(linked.link.send(nan))).result(1)
        wait_for(lambda: "message dropped" in linked.link.last_error, 2)
        linked.wait(Connection.STALLED, 2.0)
        wait_for(lambda: "refused ('antennas_joint_positions' has null" in linked.link.reason, 2)
    finally:
        daemon.post("/api/move/set_target", {"target_antennas": [0.1, -0.1]})
    linked.wait(Connection.CONNECTED, 3.0)
    wait_for(lambda: linked.link.state and abs(linked.link.state.antennas[0] - 0.1) < 1e-3, 2)
    for state in linked.states:
        assert np.isfinite(state.antennas).all()


def test_targets_reach_the_robot(linked: Linked) -> None:
    for message in sdk.target_messages(Target(antennas=np.array([0.3, -0.4]))):
        Awaited(linked.io.submit(linked.link.send(message))).result(1)
    wait_for(lambda: np.allclose(linked.link.state.antennas, [0.3, -0.4]), 2)  # type: ignore[union-attr]


def test_the_link_ends_without_a_word_when_cancelled(port: int, daemon: Daemon) -> None:
    with Linked(port) as linked:
        linked.wait(Connection.CONNECTED)
        changes = list(linked.changes)
    assert linked.changes == changes
    assert linked.link.state is None
    assert linked.link.connection is Connection.LOST
