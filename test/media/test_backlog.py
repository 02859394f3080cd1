# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""After a stall nothing old is handed on as new."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import pytest
from harness.loop import on_a_loop
from harness.media import Way, media_server
from harness.waiting import until

from reachy_mini_ros.connection import Connection
from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.frames import Frame, PcmFrame
from reachy_mini_ros.media.microphone import RATE_HZ, Microphone
from reachy_mini_ros.media.webrtc import WebRtcSession

PERIOD_NS = 20_000_000
START_NS = 10**12


def arrivals(
    stall_ns: int = 0, *, at: int = 100, late_ns: int = 0, count: int = 300
) -> Iterator[tuple[int, int]]:
    """Yield capture and arrival of each frame: one way stalled once, and then ``late_ns`` longer.

    What was held up comes at once, a millisecond apart.
    """
    last_ns = 0
    for number in range(count):
        captured_ns = START_NS + number * PERIOD_NS
        arrived_ns = captured_ns + (late_ns if number >= at else 0)
        if number >= at:
            arrived_ns = max(arrived_ns, START_NS + at * PERIOD_NS + stall_ns)
        last_ns = max(arrived_ns, last_ns + 1_000_000)
        yield captured_ns, last_ns


def taken(backlog: Backlog, frames: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    return [frame for frame in frames if not backlog.holds(*frame)]


@pytest.mark.parametrize("stall_ms", [0, 100, 300])
def test_what_the_network_holds_up_for_a_moment_is_taken(stall_ms: int) -> None:
    backlog = Backlog()
    assert len(taken(backlog, arrivals(stall_ms * 1_000_000))) == 300
    assert backlog.bursts == backlog.dropped == backlog.dropped_ns == 0


@pytest.mark.parametrize("stall_ms", [450, 900, 1900])
def test_a_backlog_is_left_out_up_to_what_is_new(stall_ms: int) -> None:
    backlog = Backlog()
    frames = taken(backlog, arrivals(stall_ms * 1_000_000))
    assert max(arrived - captured for captured, arrived in frames) < 150_000_000
    assert backlog.bursts == 1
    assert backlog.dropped == 300 - len(frames)
    assert backlog.dropped_ns == backlog.dropped * PERIOD_NS
    assert backlog.dropped_ns / 1e6 == pytest.approx(stall_ms - 150, abs=120)


def test_a_way_that_became_longer_is_taken_for_one_soon() -> None:
    backlog = Backlog()
    frames = taken(backlog, arrivals(late_ns=500_000_000))
    assert 300 - len(frames) == pytest.approx(50, abs=2)
    assert backlog.bursts == 1


class Listening:
    """A session with one robot by a way that can stall, and what comes of it."""

    def __init__(self, port: int) -> None:
        self.session = WebRtcSession("127.0.0.1", port)
        self.session.add_audio(self._on_sound)
        self.session.add_video(self._on_picture)
        self.sound: list[PcmFrame] = []
        self.pictures: list[Frame] = []

    def _on_sound(self, frame: PcmFrame) -> None:
        self.sound.append(frame)

    def _on_picture(self, frame: Frame) -> None:
        self.pictures.append(frame)

    async def wait_for_sound(self, count: int) -> None:
        wanted = len(self.sound) + count
        await until(lambda: len(self.sound) >= wanted)


def test_what_is_old_and_what_is_new_again() -> None:
    """Old from 350 ms on, new again under 150, and no backlog any more after a second."""
    backlog, ms = Backlog(), 1_000_000
    begin_ns = 10_000 * ms

    def holds(at_ms: int, age_ms: float) -> bool:
        arrived_ns = begin_ns + at_ms * ms
        return backlog.holds(arrived_ns - round(age_ms * ms), arrived_ns)

    assert not holds(0, 349.999999)
    assert (backlog.bursts, backlog.dropped, backlog.dropped_ns) == (0, 0, 0)
    assert holds(10, 350)
    assert holds(50, 150)
    assert (backlog.bursts, backlog.dropped) == (1, 2)
    assert backlog.dropped_ns == (10 + 240) * ms - 1, "from the frame before the first on"
    assert not holds(60, 149.999999)
    assert not holds(70, 300)
    assert holds(100, 400)
    assert holds(1100, 400)
    assert (backlog.bursts, backlog.dropped) == (2, 4)
    assert not holds(1101, 400), "the way has become longer"
    backlog.restart()
    assert not holds(1102, 200)
    assert holds(1103, 350)
    assert backlog.bursts == 3
    backlog.restart()
    before_ns = backlog.dropped_ns
    assert holds(1104, 500)
    assert backlog.dropped_ns == before_ns, "nothing is known of how long the first one lasts"


@pytest.mark.parametrize("stall_s", [0.45, 0.9])
@on_a_loop
async def test_a_stall_on_the_way_is_followed_by_what_is_new(stall_s: float) -> None:
    async with media_server() as port, Way(port).open() as way:
        listening = Listening(way.port)
        running = asyncio.create_task(listening.session.run())
        try:
            await listening.wait_for_sound(60)
            assert listening.session.connection is Connection.CONNECTED
            way.hold()
            await asyncio.sleep(stall_s)  # the stall itself
            await way.release()
            await listening.wait_for_sound(40)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    backlogs = listening.session.backlogs
    # A busy machine stalls by itself, so that only the least is sure.
    for backlog in backlogs.values():
        assert backlog.bursts >= 1
        assert backlog.dropped_ns / 1e9 > stall_s - 0.35
    # What was left out is a gap like any other, counted, and silence where that is asked for.
    for fill in (False, True):
        microphone = Microphone(1, fill_gaps=fill)
        chunks = [chunk for frame in listening.sound for chunk in microphone.add(frame)]
        assert microphone.gaps >= 1
        assert microphone.lost / RATE_HZ > stall_s - 0.35
        assert all(one.captured_ns < later.captured_ns for one, later in pairwise(chunks))
