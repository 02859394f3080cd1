# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The recorder with real WebRTC: what costs nothing, what was before, and what goes wrong."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from harness.loop import on_a_loop
from harness.media import media_server
from harness.video import counter
from harness.waiting import until

from reachy_mini_ros.aio import Supervisor, Tasks
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError, RobotError
from reachy_mini_ros.media import clips, recording
from reachy_mini_ros.media.motion_recording import record_motion
from reachy_mini_ros.media.recording import BEFORE_S, Limits, Recorder, Recording
from reachy_mini_ros.media.webrtc import WebRtcSession


class Recorded:
    """A recorder of a session with a robot's media, and what it told."""

    def __init__(self, port: int, folder: Path) -> None:
        self.session = WebRtcSession("127.0.0.1", port)
        self.told: list[Recording] = []
        self.limits = Limits(0.0, 0.0)
        self.supervisor = Supervisor()
        self.recorder = Recorder(
            *(self.session, folder, ("yaw_body",), Tasks(self.supervisor)),
            limits=lambda: self.limits,
            time_ns=lambda captured_ns: time.time_ns() - (time.monotonic_ns() - captured_ns),
            on_change=self.told.append,
        )


@asynccontextmanager
async def recorded(folder: Path) -> AsyncIterator[Recorded]:
    async with media_server() as port:
        one = Recorded(port, folder)
        running = asyncio.create_task(one.session.run())
        try:
            await until(lambda: one.session.connection is Connection.CONNECTED)
            yield one
        finally:
            await one.recorder.stop()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert one.supervisor.failures == ()


def counters(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [
            counter(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
            for frame in container.decode(video=0)
        ]


def length_s(path: Path) -> float:
    with path.open("rb") as file:
        return clips.length_s(file)


@on_a_loop
async def test_nothing_is_asked_for_but_while_a_clip_is_written(tmp_path: Path) -> None:
    async with recorded(tmp_path) as one:
        assert not one.session._encoded
        path = await one.recorder.start()
        assert await one.recorder.start() == path
        assert one.session._encoded
        assert one.recorder.state.path == path
        await until(lambda: length_s(path) > 0.5)
        told = await one.recorder.stop()
        assert not one.session._encoded
        again = await one.recorder.start()
        await one.recorder.stop()
    assert told.startswith(f"{path} (")
    assert again != path
    assert [recording.path for recording in one.told] == [path, None, again, None]
    seen = counters(path)
    assert seen == list(range(seen[0], seen[0] + len(seen)))


@on_a_loop
async def test_a_clip_ends_at_its_size(tmp_path: Path) -> None:
    async with recorded(tmp_path) as one:
        one.limits = Limits(0.0, 0.03)
        path = await one.recorder.start()
        await until(lambda: not one.recorder.is_on and one.told[-1].path is None)
        assert "record_max_mb" in one.recorder.state.ended
        assert not one.recorder.state.is_error
    assert path.stat().st_size > 30_000
    assert counters(path)


@on_a_loop
async def test_what_was_before_is_kept_from_a_key_frame_on(tmp_path: Path) -> None:
    async with recorded(tmp_path) as one:
        recorder = one.recorder
        recorder.keep_before(True)
        begun = time.monotonic()
        await until(lambda: time.monotonic() > begun + BEFORE_S + 1.5)
        first = recorder._waiting[0]
        assert first.is_key
        kept_s = (time.monotonic_ns() - first.captured_ns) / 1e9
        path = await recorder.start()
        await recorder.stop()
        assert one.session._encoded, "the next clip's"
        recorder.keep_before(False)
        assert not one.session._encoded
    assert kept_s > BEFORE_S
    assert length_s(path) > BEFORE_S
    seen = counters(path)
    assert seen == list(range(seen[0], seen[0] + len(seen)))


@on_a_loop
async def test_a_clip_just_after_another_begins_with_a_key_frame(tmp_path: Path) -> None:
    async with recorded(tmp_path) as one:
        one.recorder.keep_before(True)
        for _ in range(3):  # nothing is kept from before: the last clip had it all
            await one.recorder.start()
            told = await one.recorder.stop()
            assert "MB)" in told, told


@on_a_loop
async def test_the_first_key_frame_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    async with recorded(tmp_path) as one:
        one.recorder.keep_before(True)
        await one.recorder.start()
        await one.recorder.stop()
        ask = one.session.request_key_frame
        monkeypatch.setattr(one.session, "request_key_frame", lambda: asked.append(ask()))
        await one.recorder.start()
        await one.recorder.stop()
    assert asked


@on_a_loop
async def test_a_clip_begins_when_the_last_one_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, slow = recording._finish, threading.Event()

    def finish_late(*arguments: Any) -> None:
        slow.wait(20)
        finish(*arguments)

    monkeypatch.setattr(recording, "_finish", finish_late)  # as on a slow disk
    async with recorded(tmp_path) as one:
        path = await one.recorder.start()
        stopping = asyncio.create_task(one.recorder.stop())
        await until(lambda: not one.recorder.is_on)
        starting = asyncio.create_task(one.recorder.start())
        await asyncio.sleep(0)  # its first step, in which it sees the last clip
        assert not starting.done()
        slow.set()
        assert await starting != path
        assert (await stopping).startswith(f"{path} (")


@on_a_loop
async def test_motion_begins_a_clip_and_leaves_no_trace_when_it_is_off(tmp_path: Path) -> None:
    async with recorded(tmp_path) as one:
        watching = asyncio.create_task(record_motion(one.session, one.recorder, lambda: 0.0))
        await until(lambda: bool(one.told))
        path = one.told[0].path
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert not one.recorder.is_on
        assert not one.session._encoded
    assert path is not None
    assert counters(path)


@on_a_loop
async def test_what_is_before_motion_is_kept_while_it_is_watched(tmp_path: Path) -> None:
    async with recorded(tmp_path) as one:
        watching = asyncio.create_task(record_motion(one.session, one.recorder, lambda: 1.0))
        await until(lambda: bool(one.recorder._waiting))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert one.told == []
        assert not one.session._encoded


@on_a_loop
async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with recorded(tmp_path / "file" / "clips") as one:
        with pytest.raises(RobotError, match=r"clip cannot be written, .*/file/clips: Not a dir"):
            await one.recorder.start()
        assert one.recorder.state.is_error
        assert not one.session._encoded


@on_a_loop
async def test_a_robot_that_is_away_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reachy_mini_ros.media.recording._FIRST_S", 0.5)
    one = Recorded(1, tmp_path)
    with pytest.raises(NotConnectedError, match=r"no key frame within 0\.5 s"):
        await one.recorder.start()
    assert not one.recorder.is_on
    assert [recording.path for recording in one.told] == [None]
