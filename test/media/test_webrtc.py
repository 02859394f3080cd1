# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The session with the media of a simulated robot: real signalling, ICE, DTLS, H264 and Opus."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Self

import av
import numpy as np
import pytest
from aiortc.mediastreams import AudioStreamTrack
from harness.processes import Processes, free_port
from harness.simulation import Simulation
from harness.waiting import Awaited, patience, wait_for

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.hosts import is_loopback
from reachy_mini_ros.media import opus
from reachy_mini_ros.media.frames import EncodedSound, Frame, PcmFrame
from reachy_mini_ros.media.webrtc import WebRtcSession
from reachy_mini_ros.simulation import overlay


class Watched:
    """A session with all that it reports."""

    def __init__(self, io: LoopThread, port: int, *, watch: bool = True) -> None:
        self.io = io
        self.frames: list[Frame] = []
        self.states: list[Connection] = []
        self.session = WebRtcSession("127.0.0.1", port, on_connection=self._on_connection)
        if watch:
            self.session.add_video(self.frames.append)
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._running = self.io.submit(self._run())
        return self

    def __exit__(self, *_: object) -> None:
        self._running.cancel()
        assert self._ended.wait(patience(10))
        with pytest.raises(CancelledError):
            self._running.result()

    async def _run(self) -> None:
        try:
            await self.session.run()
        finally:
            self._ended.set()

    def _on_connection(self, connection: Connection, reason: str) -> None:
        assert reason or connection is Connection.CONNECTED
        self.states.append(connection)

    def wait_for_frames(self, count: int, timeout_s: float = 10.0) -> None:
        """Wait until so many more pictures have come."""
        wanted = len(self.frames) + count
        wait_for(lambda: len(self.frames) >= wanted, timeout_s, f"frames, {self.session.reason}")

    def wait_for_state(self, connection: Connection, timeout_s: float = 10.0) -> None:
        wait_for(lambda: self.session.connection is connection, timeout_s, connection.value)


@pytest.fixture
def io() -> Iterator[LoopThread]:
    with LoopThread() as loop_thread:
        yield loop_thread


def counter(frame: Frame) -> int:
    read = overlay.read(frame.bgr)
    assert read is not None
    return read.frame


def late_ms(frames: list[Frame]) -> float:
    """Return how much later than drawn pictures count as captured.

    The median: a busy machine draws single ones later than their RTP time stamps say.
    """
    to_unix_ns = time.time_ns() - time.monotonic_ns()
    taken = [overlay.read(frame.bgr) for frame in frames]
    late = [
        (frame.captured_ns + to_unix_ns - one.time_ns) / 1e6
        for frame, one in zip(frames, taken, strict=True)
        if one is not None
    ]
    assert len(late) == len(frames)
    return float(np.median(late))


def test_pictures_arrive_in_order_with_a_true_capture_time(
    simulation: Simulation, io: LoopThread
) -> None:
    with Watched(io, simulation.signalling_port) as watched:
        watched.wait_for_frames(30)
        watched.wait_for_state(Connection.CONNECTED)
        frames = watched.frames[-20:]
        # The estimate gets better with each picture that is delayed less.
        wait_for(lambda: -30 < late_ms(watched.frames[-20:]) < 100, 10, "true capture times")
        wait_for(lambda: 15 < watched.session.input_rate_hz < 45)
    assert (frames[0].width, frames[0].height) == (640, 360)
    counters = [counter(frame) for frame in frames]
    assert counters == sorted(set(counters))
    assert all(frame.captured_ns <= frame.arrived_ns for frame in watched.frames)


def test_the_robot_may_be_away_at_the_start(processes: Processes, tmp_path: Path) -> None:
    port = free_port()
    with LoopThread() as io, Watched(io, port) as watched:
        wait_for(lambda: "nothing listens" in watched.session.reason)
        assert watched.session.connection is Connection.CONNECTING
        robot = Simulation.start(processes, tmp_path, signalling_port=port)
        watched.wait_for_frames(5, 5)
        robot.child.stop()


def test_pictures_are_back_after_the_robot_was_killed_and_none_is_stale(
    processes: Processes, tmp_path: Path, io: LoopThread
) -> None:
    robot = Simulation.start(processes, tmp_path)
    with Watched(io, robot.signalling_port) as watched:
        watched.wait_for_frames(10)
        robot.child.send_signal(signal.SIGKILL)
        watched.wait_for_state(Connection.LOST)
        before = len(watched.frames)
        # The daemon outlives a killed parent only until it notices.
        wait_for(lambda: not _answers(robot), 15, "the old daemon's end")
        assert len(watched.frames) == before
        again = Simulation.start(
            processes, tmp_path, port=robot.port, signalling_port=robot.signalling_port
        )
        watched.wait_for_frames(10, 5)
        # The counter began anew: nothing of the old stream is among the new pictures.
        assert counter(watched.frames[before]) < counter(watched.frames[before - 1]) + 300
        assert watched.states[-1] is Connection.CONNECTED
        assert watched.session.connections == 2
        again.child.stop()


def _answers(robot: Simulation) -> bool:
    try:
        robot.get("/api/daemon/status")
    except OSError:
        return False
    return True


def test_a_frozen_robot_is_stalled_then_lost_and_recovers(
    processes: Processes, tmp_path: Path, io: LoopThread
) -> None:
    robot = Simulation.start(processes, tmp_path)
    with Watched(io, robot.signalling_port) as watched:
        watched.wait_for_frames(10)
        robot.child.send_signal(signal.SIGSTOP)
        watched.wait_for_state(Connection.STALLED, 4)
        watched.wait_for_state(Connection.LOST, 6)
        robot.child.send_signal(signal.SIGCONT)
        watched.wait_for_frames(10, 5)
        watched.wait_for_state(Connection.CONNECTED)


def test_what_nobody_wants_is_not_decoded_yet_supervised(
    simulation: Simulation, io: LoopThread
) -> None:
    with Watched(io, simulation.signalling_port, watch=False) as watched:
        watched.wait_for_state(Connection.CONNECTED)
        peer = watched.session._peer
        assert peer is not None
        wait_for(lambda: watched.session.input_rate_hz > 15)
        assert peer.decoded_ns["video"] == 0
        assert not any(gate.is_open for gate in peer.gates.values())
        asked_s = time.monotonic()
        frame = Awaited(io.submit(watched.session.frame())).result(5)
        assert time.monotonic() - asked_s < patience(2)
        assert overlay.read(frame.bgr) is not None


def test_without_a_robot_a_picture_is_refused_with_the_reason(io: LoopThread) -> None:
    with Watched(io, free_port()) as watched:
        wait_for(lambda: "nothing listens" in watched.session.reason)
        with pytest.raises(NotConnectedError, match="nothing listens"):
            Awaited(io.submit(watched.session.frame(timeout_s=0.1))).result(5)


def test_two_sessions_and_two_consumers_get_the_same_pictures(
    simulation: Simulation, io: LoopThread
) -> None:
    also: list[Frame] = []
    with (
        Watched(io, simulation.signalling_port) as first,
        Watched(io, simulation.signalling_port) as second,
    ):
        io.call(second.session.add_video, also.append)
        wait_for(lambda: min(map(len, (first.frames, second.frames, also))) > 20)
    ours, others = ({counter(f) for f in w.frames[-10:]} for w in (first, second))
    assert ours & others
    assert also[-1] in second.frames


def test_sound_arrives_without_gaps_once_wanted(simulation: Simulation, io: LoopThread) -> None:
    with Watched(io, simulation.signalling_port, watch=False) as watched:
        sound: list[PcmFrame] = []
        watched.wait_for_state(Connection.CONNECTED)
        io.call(watched.session.add_audio, sound.append)
        wait_for(lambda: len(sound) > 50)
    assert {frame.rate_hz for frame in sound} == {48000}
    assert {frame.samples.shape for frame in sound} == {(960, 2)}
    steps = set(np.diff([frame.position for frame in sound]))
    assert 960 in steps
    assert max(steps) < 48_000
    assert np.abs(np.concatenate([frame.samples for frame in sound])).max() > 100
    spacing_ms = np.diff([frame.captured_ns for frame in sound[10:]]) / 1e6
    assert spacing_ms.mean() == pytest.approx(20, abs=3)


def test_sound_is_handed_out_as_it_was_encoded_with_nothing_decoded(
    simulation: Simulation, io: LoopThread
) -> None:
    with Watched(io, simulation.signalling_port, watch=False) as watched:
        packets: list[EncodedSound] = []
        watched.wait_for_state(Connection.CONNECTED)
        io.call(watched.session.encoded_sounds.add, packets.append)
        wait_for(lambda: len(packets) > 75)
        peer = watched.session._peer
        assert peer is not None
        assert not peer.decoded_ns["audio"]
        io.call(watched.session.encoded_sounds.remove, packets.append)
    assert {opus.duration(packet.data) for packet in packets} == {960}
    steps_ms = np.diff([packet.captured_ns for packet in packets[10:]]) / 1e6
    assert steps_ms.mean() == pytest.approx(20, abs=1)
    assert all(packet.captured_ns < packet.arrived_ns for packet in packets)
    decoder = av.CodecContext.create("libopus", "r")
    sound = [
        frame.to_ndarray() for p in packets[:75] for frame in decoder.decode(av.Packet(p.data))
    ]
    assert sum(part.shape[1] for part in sound) == 75 * 960 * 2
    assert np.abs(np.concatenate(sound, axis=1)).max() > 100  # the tone, of half of each second


class Tone(AudioStreamTrack):
    """600 Hz, for the robot's speaker."""

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        times_s = (frame.pts + np.arange(frame.samples)) / frame.sample_rate
        sound = (8000 * np.sin(2 * np.pi * 600 * times_s)).astype(np.int16)
        frame.planes[0].update(sound.tobytes())
        return frame


def test_the_robot_hears_the_speaker_track(simulation: Simulation, io: LoopThread) -> None:
    session = WebRtcSession("127.0.0.1", simulation.signalling_port, speaker=Tone)
    ended = threading.Event()

    async def run() -> None:
        try:
            await session.run()
        finally:
            ended.set()

    running = io.submit(run())
    simulation.child.wait_for_output("speaker 600 Hz", 10)
    running.cancel()
    assert ended.wait(patience(10))


def test_the_end_leaves_no_thread_no_task_and_no_session(simulation: Simulation) -> None:
    threads = set(threading.enumerate())
    with LoopThread() as io:
        with Watched(io, simulation.signalling_port) as watched:
            watched.wait_for_frames(5)

        async def others() -> set[asyncio.Task[object]]:
            return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]

        wait_for(lambda: not io.submit(others()).result(), 2)
    assert set(threading.enumerate()) <= threads  # one of before may end meanwhile


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("192.168.1.7", False),
        ("reachy-mini.local", False),
    ],
)
def test_loopback_is_used_for_this_machine_only(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback
