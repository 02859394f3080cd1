# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A track that is sent is watched: whether it failed, and whether anybody takes it."""

import asyncio
from typing import Any

import pytest
from aiortc import MediaStreamTrack
from harness.loop import on_a_loop

from reachy_mini_ros.media import outgoing
from reachy_mini_ros.media.outgoing import OutgoingTrack


class Track(MediaStreamTrack):
    """Gives what it is told to."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    async def recv(self) -> Any:
        given = await self.queue.get()
        if isinstance(given, Exception):
            raise given
        return given


@on_a_loop
async def test_what_the_track_gives_is_passed_on_until_it_fails() -> None:
    track = Track()
    sent = OutgoingTrack(track)
    assert sent.kind == "audio"
    track.queue.put_nowait(b"frame")
    assert await sent.recv() == b"frame"
    assert sent.failure == ""
    track.queue.put_nowait(ZeroDivisionError("no sound"))
    with pytest.raises(ZeroDivisionError):
        await sent.recv()
    assert sent.failure == "ZeroDivisionError('no sound')"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [100.0]
    monkeypatch.setattr(outgoing.time, "monotonic", lambda: now_s[-1])
    return now_s


@on_a_loop
async def test_it_is_abandoned_2_s_after_it_was_taken_from(clock: list[float]) -> None:
    track = Track()
    sent = OutgoingTrack(track)
    assert not sent.abandoned, "nobody took it yet"
    for _ in range(2):
        track.queue.put_nowait(b"frame")
        await sent.recv()
        clock.append(clock[-1] + 2.0)
        assert not sent.abandoned
        clock.append(clock[-1] + 0.01)
        assert sent.abandoned


@on_a_loop
async def test_while_somebody_waits_it_is_not_abandoned(clock: list[float]) -> None:
    track = Track()
    sent = OutgoingTrack(track)
    track.queue.put_nowait(b"frame")
    await sent.recv()
    waiting = asyncio.ensure_future(sent.recv())
    await asyncio.sleep(0)
    clock.append(200.0)
    assert not sent.abandoned
    track.queue.put_nowait(b"frame")
    assert await waiting == b"frame"
    assert not sent.abandoned
    clock.append(300.0)
    assert sent.abandoned


@on_a_loop
async def test_both_end_together() -> None:
    track = Track()
    sent = OutgoingTrack(track)
    sent.stop()
    assert (sent.readyState, track.readyState) == ("ended", "ended")
