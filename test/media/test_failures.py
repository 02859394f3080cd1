# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bug in one part of the media is told, and takes nothing from the others."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiortc.codecs.opus import OpusDecoder
from aiortc.mediastreams import AudioStreamTrack
from harness.loop import on_a_loop
from harness.media import Way, media_server
from harness.streaming import filming
from harness.waiting import Awaited, patience, until, wait_for

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.media.frames import Frame, PcmFrame
from reachy_mini_ros.media.newest import NewestFrame
from reachy_mini_ros.media.sessions import SharedSession
from reachy_mini_ros.media.sources import synthetic
from reachy_mini_ros.media.sources.synthetic import SyntheticSource
from reachy_mini_ros.media.streaming.destination import Destination, State
from reachy_mini_ros.media.streaming.encoder import Quality, StreamEncoder
from reachy_mini_ros.media.streaming.flv import Tag
from reachy_mini_ros.media.streaming.streamer import LiveStream
from reachy_mini_ros.media.streaming.target import folder
from reachy_mini_ros.media.webrtc import WebRtcSession


class Heard:
    """A supervisor, and what it says in the log."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.supervisor = Supervisor(self.log.append)

    @property
    def failures(self) -> tuple[str, ...]:
        return self.supervisor.failures


def frame(number: int) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), number, number)


def test_a_frame_that_cannot_be_handled_is_left_out_and_an_error_until_the_next() -> None:
    heard, handled = Heard(), queue.Queue[int]()

    def handle(given: Frame) -> None:
        if given.captured_ns == 2:
            raise ZeroDivisionError
        handled.put(given.captured_ns)

    worker = NewestFrame(handle, "pictures", heard.supervisor)
    try:
        worker.offer(frame(1))
        assert handled.get(timeout=patience(5)) == 1
        worker.offer(frame(2))
        wait_for(lambda: heard.failures, 5)
        assert heard.failures == ("pictures: ZeroDivisionError()",)
        assert "Traceback" in heard.log[0]
        worker.offer(frame(3))
        assert handled.get(timeout=patience(5)) == 3
        wait_for(lambda: not heard.failures, 5)
    finally:
        worker.close()
    assert len(heard.log) == 1


@asynccontextmanager
async def running(*works: Any) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Consumers:
    """One that fails with everything, and one that takes it."""

    def __init__(self) -> None:
        self.pictures: list[Frame] = []
        self.sound: list[PcmFrame] = []

    def fail(self, given: object) -> None:
        raise ZeroDivisionError


@on_a_loop
async def test_a_consumer_that_fails_takes_nothing_from_the_others() -> None:
    bad, good, consumers = Heard(), Heard(), Consumers()
    async with media_server() as port:
        camera = SharedSession("127.0.0.1", port, supervisor=bad.supervisor)
        audio = SharedSession("127.0.0.1", port, supervisor=good.supervisor)
        camera.add_video(consumers.fail)
        camera.add_audio(consumers.fail)
        camera.add_video(consumers.pictures.append)
        audio.add_video(consumers.pictures.append)
        audio.add_audio(consumers.sound.append)
        async with running(camera.run(), audio.run()):
            await until(lambda: len(consumers.pictures) > 20 and len(consumers.sound) > 20)
            assert bad.failures == ("Consumers.fail: ZeroDivisionError()",)
            assert len(bad.log) == 1, "once, not with each frame"
            assert not good.log
            assert camera.connections == audio.connections == 1
            assert camera.connection is audio.connection is Connection.CONNECTED


@on_a_loop
async def test_who_fails_to_hear_of_the_connection_ends_it_for_nobody() -> None:
    bad, told = Heard(), []

    def fail(connection: Connection, reason: str) -> None:
        raise ZeroDivisionError

    async with media_server() as port:
        camera = SharedSession("127.0.0.1", port, on_connection=fail, supervisor=bad.supervisor)
        audio = SharedSession("127.0.0.1", port, on_connection=lambda new, _: told.append(new))
        async with running(camera.run(), audio.run()):
            await until(lambda: camera.connection is audio.connection is Connection.CONNECTED)
    assert told == [Connection.CONNECTED]
    assert len(bad.log) == 1


@on_a_loop
async def test_both_who_hold_a_session_that_fails_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempt, failed = WebRtcSession._attempt, []

    async def fail_once(session: WebRtcSession) -> None:
        if not failed:
            await until(lambda: all(share._open for share in shares))
            failed.append(session)
            raise ZeroDivisionError
        await attempt(session)

    monkeypatch.setattr(WebRtcSession, "_attempt", fail_once)
    heard = Heard(), Heard()
    async with media_server() as port:
        shares = [SharedSession("127.0.0.1", port, supervisor=one.supervisor) for one in heard]
        works = [
            one.supervisor.keep("session", share.run)
            for one, share in zip(heard, shares, strict=True)
        ]
        async with running(*works):
            await until(lambda: all(share.connection == "connected" for share in shares))
    assert failed
    for one in heard:
        (line,) = one.log
        assert "session: ZeroDivisionError()" in line


@on_a_loop
async def test_what_cannot_be_made_of_the_decoded_ends_the_attempt_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reasons: list[str] = []
    async with media_server() as port, Way(port).open() as way:
        session = WebRtcSession("127.0.0.1", way.port, on_connection=lambda _, r: reasons.append(r))
        session.add_video(lambda given: None)
        holds = session.backlogs["video"].holds

        def fail(captured_ns: int, arrived_ns: int) -> bool:
            monkeypatch.setattr(session.backlogs["video"], "holds", holds)
            raise ZeroDivisionError

        monkeypatch.setattr(session.backlogs["video"], "holds", fail)
        async with running(session.run()):
            await until(lambda: way.clients == 2 and session.connection is Connection.CONNECTED)
    assert any("what was decoded of the video cannot be used: ZeroDiv" in r for r in reasons)


@on_a_loop
async def test_sound_whose_decoder_ended_is_back_with_a_new_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    decode, broken = OpusDecoder.decode, [True]

    def fail(decoder: OpusDecoder, encoded: Any) -> Any:
        if broken:
            raise ZeroDivisionError
        return decode(decoder, encoded)

    monkeypatch.setattr(OpusDecoder, "decode", fail)
    reasons: list[str] = []
    sound: list[PcmFrame] = []
    async with media_server() as port:
        session = WebRtcSession("127.0.0.1", port, on_connection=lambda _, r: reasons.append(r))
        session.add_audio(sound.append)
        async with running(session.run()):
            await until(lambda: "sound arrives but none can be decoded" in reasons)
            broken.clear()
            await until(lambda: sound)


class Broken(AudioStreamTrack):
    """Sound that ends in a bug after a moment, once."""

    left = 30

    async def recv(self) -> Any:
        frame = await super().recv()
        Broken.left -= 1
        if Broken.left == 0:
            raise ZeroDivisionError
        return frame


@on_a_loop
async def test_a_speaker_s_track_that_fails_is_sent_again_with_a_new_session() -> None:
    reasons: list[str] = []
    async with media_server() as port, Way(port).open() as way:
        session = WebRtcSession(
            "127.0.0.1",
            way.port,
            on_connection=lambda _, r: reasons.append(r),
            speaker=Broken,
        )
        async with running(session.run()):
            await until(lambda: way.clients == 2 and Broken.left < -30)
    assert any("to the robot's speaker any more: ZeroDivisionError()" in r for r in reasons)


def test_the_end_of_a_reader_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(room: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(synthetic._Room, "close", fail)
    heard = Heard()

    async def run() -> None:
        source = SyntheticSource(30.0, None, heard.supervisor)
        async with running(source.run()):
            await source.frame(patience(5))

    asyncio.run(run())
    assert heard.failures == ("the end of source synthetic: ZeroDivisionError()",)


def test_a_step_of_the_stream_s_encoder_that_fails_costs_one_picture() -> None:
    heard, tags = Heard(), queue.Queue[list[Tag]]()
    broken = [True]

    def take(given: list[Tag]) -> None:
        if broken:
            broken.clear()
            raise ZeroDivisionError
        tags.put(given)

    encoder = StreamEncoder(Quality(1500, 0.5), lambda _: None, take, heard.supervisor)
    try:
        with filming(encoder.add_picture, lambda _: None):
            assert tags.get(timeout=patience(10))
            wait_for(lambda: not heard.failures, 5)
        assert not encoder.failure
        (line,) = heard.log
        assert "stream encoder: ZeroDivisionError()" in line
    finally:
        encoder.close()


def test_a_destination_that_fails_is_told_and_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, failed = Destination._prepare, threading.Event()

    def fail_once(destination: Destination) -> None:
        if not failed.is_set():
            failed.set()
            raise ZeroDivisionError
        prepare(destination)

    monkeypatch.setattr(Destination, "_prepare", fail_once)
    heard = Heard()
    target = folder("hls", tmp_path, "http://here", 0.5)
    with LoopThread() as io:
        stream = LiveStream(io, [target], Quality(1500, 0.5), lambda: None, heard.supervisor)
        Awaited(io.submit(stream.start())).result(10)
        try:
            with filming(stream.add_picture, lambda _: None):
                wait_for(lambda: stream.statuses[0].state is State.ACTIVE, 20)
        finally:
            Awaited(io.submit(stream.stop())).result(10)
    (line,) = heard.log
    assert "stream to hls: ZeroDivisionError()" in line
