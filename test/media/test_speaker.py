# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The buffer before the robot's speaker, and the track that empties it."""

import asyncio
import time

import numpy as np
import pytest
from harness.virtual_time import Clock
from harness.waiting import patience
from numpy.typing import NDArray

from reachy_mini_ros.media.speaker import CAPACITY_S, PREROLL_S, RATE_HZ, Speaker
from reachy_mini_ros.simulation.sound import analyse

PACKET = RATE_HZ // 50


def tone(seconds: float, rate_hz: int, channels: int = 1) -> NDArray[np.int16]:
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    mono = 8000 * np.sin(2 * np.pi * 600 * times_s)
    return np.round(mono).astype(np.int16)[:, None].repeat(channels, axis=1)


def played(packets: list[bytes]) -> NDArray[np.int16]:
    """Return (samples, 2) without the silence around them."""
    samples = np.frombuffer(b"".join(packets), np.int16).reshape(-1, 2)
    loud = np.flatnonzero(np.abs(samples).max(axis=1))
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


async def drain(speaker: Speaker, count: int) -> list[bytes]:
    track = speaker._track
    assert track is not None
    return [bytes((await track.recv()).planes[0])[: 4 * PACKET] for _ in range(count)]


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_channel_count_comes_out_as_it_should(rate_hz: int, channels: int) -> None:
    clock = Clock()
    speaker = Speaker(clock)
    assert speaker.play(tone(0.5, rate_hz, channels), rate_hz) == 0
    clock.now_s += PREROLL_S
    sound = played([speaker.take() for _ in range(30)])
    assert len(sound) / RATE_HZ == pytest.approx(0.5, abs=0.002)
    heard = analyse(sound[:24000, 1], RATE_HZ)
    assert heard.frequency_hz == pytest.approx(600, abs=2)
    assert heard.level_dbfs == pytest.approx(-15.3, abs=0.2)


def test_another_rate_goes_on_behind_all_of_the_sound_before() -> None:
    clock = Clock()
    speaker = Speaker(clock)
    for rate_hz in (16000, 48000, 22050):
        speaker.play(tone(0.1, rate_hz), rate_hz)
    speaker.play(tone(0.1, 48000), 48000)
    assert speaker.fill_s == pytest.approx(0.4, abs=0.0005)
    clock.now_s += PREROLL_S
    packets = [speaker.take() for _ in range(30)]
    assert speaker.counts.played == pytest.approx(0.4 * RATE_HZ, abs=50)
    assert speaker.counts.played + 50 > len(played(packets)) > speaker.counts.played - 50


def test_half_a_minute_fits_in() -> None:
    speaker = Speaker()
    assert speaker.play(tone(31.0, 48000), 48000) == pytest.approx(RATE_HZ, abs=50)
    assert speaker.fill_s == 30.0


def test_pieces_join_without_a_seam() -> None:
    clock = Clock()
    speaker = Speaker(clock)
    whole = tone(1.0, 16000)
    for start in range(0, 16000, 100):
        speaker.play(whole[start : start + 100], 16000)
    clock.now_s += PREROLL_S
    x = played([speaker.take() for _ in range(49)])[100:, 0].astype(float)
    error = x[:-2] + x[2:] - 2 * np.cos(2 * np.pi * 600 / RATE_HZ) * x[1:-1]
    assert np.abs(error).max() < 12


def test_what_finds_no_room_is_dropped_and_counted() -> None:
    speaker = Speaker()
    assert speaker.play(tone(CAPACITY_S - 1, 48000), 48000) == 0
    dropped = speaker.play(tone(3.0, 48000), 48000)
    assert dropped / RATE_HZ == pytest.approx(2.0, abs=0.01)
    assert speaker.counts.dropped == dropped
    assert speaker.fill_s == CAPACITY_S


def test_clear_leaves_silence_and_tells_how_much_it_was() -> None:
    clock = Clock()
    speaker = Speaker(clock)
    speaker.play(tone(2.0, 16000), 16000)
    assert speaker.clear() == pytest.approx(2.0, abs=0.01)
    clock.now_s += PREROLL_S
    assert not any(speaker.take())
    assert speaker.fill_s == 0


def test_nothing_is_sent_before_the_first_sound_and_silence_after_it() -> None:
    async def body() -> None:
        speaker = Speaker()
        speaker.track()
        first = asyncio.ensure_future(drain(speaker, 1))
        assert not (await asyncio.wait([first], timeout=0.1))[0]
        await asyncio.to_thread(speaker.play, tone(0.1, 16000), 16000)
        await asyncio.wait_for(first, patience(2))
        packets = await asyncio.wait_for(drain(speaker, 20), patience(2))
        assert len(played(packets)) / RATE_HZ == pytest.approx(0.1, abs=0.003)
        assert not any(packets[-1])
        speaker.close()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(drain(speaker, 2), 0.2)

    asyncio.run(body())


def test_packets_come_at_the_pace_of_the_clock_with_even_times() -> None:
    async def body() -> None:
        speaker = Speaker()
        track = speaker.track()
        speaker.play(tone(1.0, 16000), 16000)
        start_s = time.monotonic()
        stamps = [(await track.recv()).pts for _ in range(50)]
        assert 0.9 < time.monotonic() - start_s < patience(2.0)
        assert set(np.diff(np.array(stamps))) == {PACKET}

    asyncio.run(body())


def test_time_goes_on_with_the_clock_through_a_pause() -> None:
    """Else the robot's jitter buffer would take what comes after it for late."""

    async def body() -> None:
        speaker = Speaker()
        track = speaker.track()
        speaker.play(tone(0.1, 16000), 16000)
        first, began_s = await track.recv(), time.monotonic()
        speaker.close()
        after = asyncio.ensure_future(track.recv())
        await asyncio.sleep(0.5)  # the pause itself
        if not after.done():  # it may have been due before the end
            speaker.play(tone(0.1, 16000), 16000)
        later, ended_s = await after, time.monotonic()
        assert first.pts is not None
        assert later.pts is not None
        passed_s = (later.pts - first.pts) / RATE_HZ
        assert passed_s == pytest.approx(ended_s - began_s, abs=0.1)
        assert passed_s > 0.45

    asyncio.run(body())


def test_a_new_connection_plays_nothing_old() -> None:
    async def body() -> None:
        speaker = Speaker()
        speaker.track()
        speaker.play(tone(5.0, 16000), 16000)
        speaker.track()
        assert not played(await drain(speaker, 5)).size

    asyncio.run(body())


def test_a_buffer_that_runs_dry_in_the_middle_is_told() -> None:
    clock = Clock()
    speaker = Speaker(clock)
    for _ in range(2):
        speaker.play(tone(0.01, 16000), 16000)
        clock.now_s += PREROLL_S
        speaker.take()
    assert speaker.counts.underruns == 1


@pytest.mark.parametrize(("later_s", "underruns"), [(0.19, 1), (0.21, 0)])
def test_what_comes_200_ms_after_the_end_is_another_sound(later_s: float, underruns: int) -> None:
    clock = Clock()
    speaker = Speaker(clock)
    speaker.play(tone(0.01, 16000), 16000)
    clock.now_s += PREROLL_S
    speaker.take()
    clock.now_s += later_s
    speaker.play(tone(0.01, 16000), 16000)
    assert speaker.counts.underruns == underruns


def test_sound_after_the_end_of_the_loop_does_no_harm() -> None:
    speaker = Speaker()

    async def connect() -> None:
        speaker.track()

    asyncio.run(connect())
    assert speaker.play(tone(0.1, 16000), 16000) == 0
