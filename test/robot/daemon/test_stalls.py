# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Short stalls between the real daemon and the link: what was kept is not published as new.

The antenna turns at a known speed, so that each state says when it was made. Judged by stamps.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from uuid import uuid4

import numpy as np
import pytest
from harness.daemon import Daemon
from harness.linked import Linked
from harness.processes import Processes, free_port
from harness.relay import Relay
from harness.waiting import Awaited, wait_for
from reachy_mini.io.protocol import ImuDataMsg

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.motion.commander import Commander
from reachy_mini_ros.robot.motion.monitor import Monitor
from reachy_mini_ros.robot.state import Interpolation, RobotState, Target

SPEED_RADPS = 1.1
SWING_RAD = 3.0
FASTEST_RADPS = 5 * SPEED_RADPS
"""Two of the daemon's steps in half of its period make less; of what is kept, 100 times as much."""
OLDEST_S = 0.1
"""Less than anything kept by a stall, more than a busy machine's delays."""


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> Daemon:
    return Daemon.start(processes, free_port())


@pytest.fixture(scope="module")
def io() -> Iterator[LoopThread]:
    with LoopThread() as io:
        yield io


@pytest.fixture(scope="module")
def relay(io: LoopThread, daemon: Daemon) -> Iterator[Relay]:
    relay = Relay(daemon.port)
    Awaited(io.submit(relay.start(free_port()))).result(5)
    yield relay
    Awaited(io.submit(relay.stop())).result(5)


@pytest.fixture
def linked(relay: Relay) -> Iterator[Linked]:
    with Linked(relay.port) as linked:
        linked.wait(Connection.CONNECTED)
        yield linked
    relay.loses = lambda message: False


def swing(linked: Linked) -> None:
    """Begin to turn the right antenna at the known speed, and return when it turns."""
    Awaited(linked.io.submit(linked.link.send(sdk.stop_message()))).result(5)
    wait_for(lambda: still(linked.states[-10:]), 5, "the antenna to stand still")
    begin = -SWING_RAD / 2
    goto(linked, begin, 0.5).result(5)
    goto(linked, begin + SWING_RAD, SWING_RAD / SPEED_RADPS)
    wait_for(lambda: linked.states[-1].antennas[0] > begin + 0.2, 5, "the antenna to turn")
    linked.states.clear()


def goto(linked: Linked, angle: float, duration_s: float) -> Future[None]:
    uuid = uuid4()
    target = Target(antennas=np.array([angle, 0.0]))
    message = sdk.goto_message(uuid, target, duration_s, Interpolation.LINEAR)
    return linked.io.submit(linked.link.run_task(str(uuid), message))


def still(states: list[RobotState]) -> bool:
    return len(states) == 10 and float(np.ptp([state.antennas[0] for state in states])) < 1e-6


STALLS: dict[str, Callable[[Linked, Relay, Daemon, LoopThread, float], None]] = {}


def stall(function: Callable[[Linked, Relay, Daemon, LoopThread, float], None]) -> None:
    STALLS[function.__name__] = function


@stall
def relay_holds(linked: Linked, relay: Relay, daemon: Daemon, io: LoopThread, for_s: float) -> None:
    Awaited(io.submit(relay.hold(for_s))).result(5)


@stall
def daemon_stops(
    linked: Linked, relay: Relay, daemon: Daemon, io: LoopThread, for_s: float
) -> None:
    daemon.child.send_signal(signal.SIGSTOP)
    try:
        time.sleep(for_s)
    finally:
        daemon.child.send_signal(signal.SIGCONT)


@stall
def we_are_late(linked: Linked, relay: Relay, daemon: Daemon, io: LoopThread, for_s: float) -> None:
    awake = threading.Event()
    linked.io.call(time.sleep, for_s)
    linked.io.call(awake.set)
    wait_for(awake.is_set, 5, "the loop")


@pytest.mark.parametrize("for_s", [0.2, 0.45, 0.9])
@pytest.mark.parametrize("way", STALLS)
def test_after_a_stall_states_are_new_and_as_fast_as_the_robot(
    linked: Linked, relay: Relay, daemon: Daemon, io: LoopThread, way: str, for_s: float
) -> None:
    sent_ns: list[int] = []  # what has passed the relay, and when
    relay.loses = lambda message: '"head_pose"' in message and sent_ns.append(time.monotonic_ns())
    swing(linked)
    wait_for(lambda: len(linked.states) > 10, 5, "states before the stall")
    before, began_ns = linked.link.counts, time.monotonic_ns()
    STALLS[way](linked, relay, daemon, io, for_s)
    ended_ns = time.monotonic_ns()
    wait_for(lambda: linked.states[-1].received_ns - ended_ns > 0.5e9, 5, "states after it")

    stamps_s = np.array([state.received_ns for state in linked.states]) / 1e9
    angles = np.array([state.antennas[0] for state in linked.states])
    end = int(np.argmax(stamps_s > began_ns / 1e9 + 0.8 * for_s))  # the first after the stall
    intervals_s = np.diff(stamps_s)
    assert intervals_s[end - 1] > 0.5 * for_s
    assert (np.abs(np.diff(angles)) / intervals_s).max() < FASTEST_RADPS

    # When each was made, by where the antenna was: the newest of those before the stall was new.
    moving = np.abs(angles) < SWING_RAD / 2 - 0.05
    late_s = stamps_s - angles / SPEED_RADPS
    ages_s = late_s - late_s[:end].min()
    assert ages_s[moving].max() < OLDEST_S

    back_s = stamps_s[end] + 0.15
    passed = sum(back_s < sent / 1e9 < back_s + 0.3 for sent in sent_ns)
    assert ((stamps_s > back_s) & (stamps_s < back_s + 0.3)).sum() > 0.7 * passed
    counts = linked.link.counts
    assert counts.gaps > before.gaps
    assert counts.longest_gap_s > 0.8 * for_s
    assert counts.malformed == before.malformed
    if way != "daemon_stops":  # which has made none meanwhile
        assert counts.dropped_states - before.dropped_states > for_s / 0.02 / 2
        assert counts.bursts > before.bursts


def test_after_a_stall_samples_of_the_imu_are_new(
    linked: Linked, relay: Relay, io: LoopThread
) -> None:
    relay.imu = ImuDataMsg(
        accelerometer=[0.0, 0.0, 9.8], gyroscope=[0.0] * 3, quaternion=[1.0, 0.0, 0.0, 0.0],
        temperature=30.0,
    )  # fmt: skip
    try:
        wait_for(lambda: len(linked.samples) > 10, 5, "samples")
        Awaited(io.submit(relay.hold(0.45))).result(5)
        seen = len(linked.samples)
        wait_for(lambda: len(linked.samples) > seen + 25, 5, "samples after the stall")
    finally:
        relay.imu = None
    stamps_s = np.array([sample.received_ns for sample in linked.samples]) / 1e9
    assert np.diff(stamps_s).max() > 0.4
    assert np.diff(stamps_s).min() > 0.005
    assert linked.link.counts.dropped_samples > 10


def test_a_slow_motion_over_a_gap_is_no_motion() -> None:
    """What moves too slowly to count as moving does not count because a stall hid it."""
    link, api = RobotLink("127.0.0.1", 1), DaemonApi("127.0.0.1", 1)
    moving: list[bool] = []
    commander = Commander(link, api)
    monitor = Monitor(link, api, commander, moving.append, lambda event: None)
    for time_s in [*np.arange(0.0, 1.0, 0.02), *np.arange(1.45, 2.0, 0.02)]:
        yaw = 0.04 * time_s
        monitor.take(
            RobotState(np.eye(4), np.array([yaw, *[0.6] * 6]), np.zeros(2), int(time_s * 1e9))
        )
    assert moving == []
