# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Even chunks out of a stream that comes in any pieces."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reachy_mini_ros.media.frames import PcmFrame
from reachy_mini_ros.media.microphone import CHUNK, RATE_HZ, Chunk, Chunker, Microphone
from reachy_mini_ros.simulation.sound import analyse

ROBOT_HZ = 48_000
START_NS = 1_000_000_000_000


def tone(count: int, frequency_hz: float = 440.0) -> NDArray[np.int16]:
    """Return (count, 2) samples as the robot sends them, -20.0 dBFS."""
    times_s = np.arange(count) / ROBOT_HZ
    mono = np.sqrt(2) * 3276.8 * np.sin(2 * np.pi * frequency_hz * times_s)
    return np.round(mono).astype(np.int16)[:, None].repeat(2, axis=1)


def stream(sound: NDArray[np.int16], sizes: list[int], first: int = 0) -> list[PcmFrame]:
    """Cut sound into frames of these sizes, over and over, with true positions and times."""
    frames, start = [], 0
    while start < len(sound):
        size = sizes[len(frames) % len(sizes)]
        captured_ns = START_NS + start * 1_000_000_000 // ROBOT_HZ
        piece = sound[start : start + size]
        frames.append(PcmFrame(piece, ROBOT_HZ, first + start, captured_ns, captured_ns))
        start += size
    return frames


def hear(microphone: Microphone, frames: list[PcmFrame]) -> list[Chunk]:
    return [chunk for frame in frames for chunk in microphone.add(frame)]


def joined(chunks: list[Chunk]) -> NDArray[np.int16]:
    return np.concatenate([chunk.samples for chunk in chunks])


@pytest.mark.parametrize("sizes", [[320], [1], [7, 500, 13], [321], [10_000]])
def test_every_sample_is_in_exactly_one_chunk(sizes: list[int]) -> None:
    sound = np.arange(20_000, dtype=np.int16)[:, None]
    chunker, start, chunks = Chunker(320, 1), 0, []
    while start < len(sound):
        size = sizes[len(chunks) % len(sizes)]
        chunks += chunker.add(sound[start : start + size])
        start += size
    assert {chunk.shape for chunk in chunks} == {(320, 1)}
    assert (np.concatenate(chunks) == sound[: len(chunks) * 320]).all()
    assert chunker.waiting == 20_000 - len(chunks) * 320 < 320


@pytest.mark.parametrize("sizes", [[960], [480], [120, 2880, 5], [961]])
def test_chunks_are_the_same_whatever_the_packets_are(sizes: list[int]) -> None:
    sound = tone(2 * ROBOT_HZ)
    chunks = hear(Microphone(1), stream(sound, sizes))
    assert {chunk.samples.shape for chunk in chunks} == {(CHUNK, 1)}
    # All but the resampler's delay and what has not filled a chunk yet.
    assert 2 * RATE_HZ - 2 * CHUNK <= len(chunks) * CHUNK <= 2 * RATE_HZ
    times_ns = np.diff([chunk.captured_ns for chunk in chunks])
    assert times_ns == pytest.approx(20_000_000, abs=30_000)


def test_a_tone_keeps_its_frequency_and_level_and_has_no_click() -> None:
    heard = joined(hear(Microphone(1), stream(tone(2 * ROBOT_HZ), [960])))[RATE_HZ // 10 :, 0]
    result = analyse(heard[:RATE_HZ], RATE_HZ)
    assert result.frequency_hz == pytest.approx(440, abs=1)
    assert result.level_dbfs == pytest.approx(-20, abs=0.1)
    # A sine fulfils x[n-1] + x[n+1] = 2 cos(w) x[n]; a gap or an overlap does not.
    x = heard.astype(float)
    error = x[:-2] + x[2:] - 2 * np.cos(2 * np.pi * 440 / RATE_HZ) * x[1:-1]
    assert np.abs(error).max() < 10


def test_each_packet_of_20_ms_gives_one_chunk_at_once() -> None:
    microphone = Microphone(2)
    frames = stream(tone(ROBOT_HZ), [960])
    counts = [len(microphone.add(frame)) for frame in frames]
    assert set(counts[1:]) == {1}


def test_a_chunks_time_is_when_its_first_sample_was_heard() -> None:
    """An onset in the sound is where the chunks' times say that it is."""
    onset = 30_000
    sound = tone(ROBOT_HZ)
    sound[:onset] = 0
    chunks = hear(Microphone(1), stream(sound, [960]))
    samples = joined(chunks)[:, 0]
    index = int(np.argmax(np.abs(samples) > 200))
    chunk = chunks[index // CHUNK]
    heard_ns = chunk.captured_ns + (index % CHUNK) * 1_000_000_000 // RATE_HZ
    true_ns = START_NS + onset * 1_000_000_000 // ROBOT_HZ
    assert (heard_ns - true_ns) / 1e6 == pytest.approx(0, abs=0.5)


def lossy() -> list[PcmFrame]:
    """Return 1 s of sound of which the 3 packets at 0.4 s are missing."""
    frames = stream(tone(ROBOT_HZ), [960])
    return frames[:20] + frames[23:]


def test_a_chunk_is_20_ms_of_16_khz() -> None:
    assert (RATE_HZ, CHUNK) == (16_000, 320)


def test_a_lost_stretch_is_counted_and_left_out() -> None:
    microphone = Microphone(1)
    chunks = hear(microphone, lossy())
    assert (microphone.lost, microphone.gaps) == (3 * CHUNK, 1)
    assert len(chunks) in (46, 47)
    assert np.abs(joined(chunks)[:, 0]).reshape(-1, 80).max(axis=1)[4:].min() > 1000
    steps_ms = np.diff([chunk.captured_ns for chunk in chunks]) / 1e6
    assert steps_ms.max() == pytest.approx(80, abs=1)


def test_a_lost_stretch_is_silence_where_asked_for() -> None:
    microphone = Microphone(1, fill_gaps=True)
    chunks = hear(microphone, lossy())
    assert microphone.lost == 3 * CHUNK
    assert len(chunks) in (49, 50)
    silent = np.abs(joined(chunks)[:, 0]).reshape(-1, 80).max(axis=1) < 10
    assert 10 <= silent.sum() <= 12
    steps_ms = np.diff([chunk.captured_ns for chunk in chunks]) / 1e6
    assert steps_ms == pytest.approx(20, abs=1)


@pytest.mark.parametrize("first", [0, 10 * ROBOT_HZ])
def test_a_stream_that_begins_anew_is_no_loss(first: int) -> None:
    microphone = Microphone(1)
    hear(microphone, stream(tone(ROBOT_HZ), [960], first=100))
    assert hear(microphone, stream(tone(ROBOT_HZ), [960], first=first))
    assert (microphone.lost, microphone.gaps) == (0, 0)


def test_two_channels_stay_apart() -> None:
    sound = tone(ROBOT_HZ)
    sound[:, 1] = 0
    both = joined(hear(Microphone(2), stream(sound, [960])))
    assert np.abs(both[CHUNK:, 0]).max() > 4000
    assert np.abs(both[CHUNK:, 1]).max() == 0
    mixed = joined(hear(Microphone(1), stream(sound, [960])))
    assert np.abs(mixed).max() == pytest.approx(np.abs(both).max() / 2, rel=0.02)
