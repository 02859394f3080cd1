# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One session with the robot for all in this process, open while anybody wants it."""

import os
from collections.abc import Iterator
from concurrent.futures import Future

import numpy as np
import pytest
from harness.processes import free_port
from harness.simulation import Simulation
from harness.sockets import connections
from harness.waiting import wait_for

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.media.frames import Frame, PcmFrame
from reachy_mini_ros.media.sessions import SharedSession


class Share:
    """One consumer."""

    def __init__(self, io: LoopThread, port: int) -> None:
        self.io = io
        self.states: list[Connection] = []
        self.session = SharedSession(
            "127.0.0.1", port, on_connection=lambda connection, _: self.states.append(connection)
        )
        self._running: Future[None] | None = None

    def open(self) -> None:
        self._running = self.io.submit(self.session.run())

    def close(self) -> None:
        assert self._running is not None
        self._running.cancel()

    def wait_until_connected(self) -> None:
        wait_for(lambda: self.session.connection is Connection.CONNECTED, 10)


@pytest.fixture
def io() -> Iterator[LoopThread]:
    with LoopThread() as loop_thread:
        yield loop_thread


def test_two_consumers_have_one_session_which_the_last_one_closes(
    simulation: Simulation, io: LoopThread
) -> None:
    port = simulation.signalling_port
    camera, audio = Share(io, port), Share(io, port)
    pictures: list[Frame] = []
    sound: list[PcmFrame] = []
    io.call(camera.session.add_video, pictures.append)
    io.call(audio.session.add_audio, sound.append)
    camera.open()
    camera.wait_until_connected()
    wait_for(lambda: len(pictures) > 3)
    assert audio.session.connection is Connection.CONNECTING
    assert not sound, "a share that is not open gets nothing"
    audio.open()
    wait_for(lambda: len(sound) > 3, 5)
    assert audio.states[-1] is Connection.CONNECTED
    assert connections(os.getpid(), port) == 1

    camera.close()
    wait_for(lambda: camera.session.reason == "closed", 2)
    seen, heard = len(pictures), len(sound)
    wait_for(lambda: len(sound) > heard + 10, 5)
    assert len(pictures) == seen
    assert connections(os.getpid(), port) == 1
    assert camera.session.connection is Connection.CONNECTING

    audio.close()
    wait_for(lambda: connections(os.getpid(), port) == 0, 5)
    assert audio.session.connection is Connection.CONNECTING


def test_it_can_be_closed_and_opened_again_at_once(simulation: Simulation, io: LoopThread) -> None:
    share = Share(io, simulation.signalling_port)
    sound: list[PcmFrame] = []
    io.call(share.session.add_audio, sound.append)
    for _ in range(3):
        share.open()
        heard = len(sound)
        wait_for(lambda heard=heard: len(sound) > heard + 20, 5)
        share.close()
    share.open()
    heard = len(sound)
    wait_for(lambda: len(sound) > heard + 20, 5)
    assert connections(os.getpid(), simulation.signalling_port) == 1
    share.close()
    wait_for(lambda: connections(os.getpid(), simulation.signalling_port) == 0, 5)


def test_the_robot_plays_what_one_consumer_sends_while_another_has_the_session(
    simulation: Simulation, io: LoopThread
) -> None:
    camera, audio = (Share(io, simulation.signalling_port) for _ in range(2))
    camera.open()
    camera.wait_until_connected()
    audio.open()
    audio.wait_until_connected()
    times_s = np.arange(32000) / 16000
    tone = (8000 * np.sin(2 * np.pi * 900 * times_s)).astype(np.int16)[:, None]
    assert audio.session.speaker.play(tone, 16000) == 0
    line = simulation.child.wait_for_output("speaker 900 Hz", 10)
    assert float(line.split()[3]) == pytest.approx(-15.3, abs=1)
    camera.close()
    audio.close()
    wait_for(lambda: connections(os.getpid(), simulation.signalling_port) == 0, 5)


def test_who_comes_later_is_told_why_there_is_nothing_too(io: LoopThread) -> None:
    port = free_port()
    first, later = Share(io, port), Share(io, port)
    for share in (first, later):
        share.open()
        wait_for(lambda share=share: "nothing listens" in share.session.reason, 10)
        assert share.states == [Connection.CONNECTING]
    first.close()
    later.close()


def test_shares_of_different_robots_are_apart(io: LoopThread) -> None:
    first, second = Share(io, 1), Share(io, 2)
    assert first.session.speaker is not second.session.speaker
