# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated microphone, which hears a soft beep, and the speaker, which tells what it plays."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from reachy_mini_ros.simulation.feed import Feed

RATE_HZ = 48_000
CHUNK = RATE_HZ // 50
"""Samples of one Opus packet, 20 ms."""
TONE_HZ = 440.0
TONE_DBFS = -20.0
"""RMS level while the tone sounds."""
PERIOD_S = 1.0
TONE_S = 0.5
_RAMP_S = 0.02
_LATE_S = 0.5

SILENCE_DBFS = -60.0
REPORT_S = 1.0


def test_sound(first_sample: int, count: int) -> NDArray[np.int16]:
    """Return samples of the endless test sound: half a second of tone, half of silence."""
    time_s = (first_sample + np.arange(count)) / RATE_HZ
    phase_s = time_s % PERIOD_S
    edge_s = np.minimum(phase_s, TONE_S - phase_s)
    envelope = 0.5 - 0.5 * np.cos(np.pi * np.clip(edge_s / _RAMP_S, 0.0, 1.0))
    amplitude = np.sqrt(2.0) * 10.0 ** (TONE_DBFS / 20.0) * 32767.0
    sound = amplitude * envelope * np.sin(2.0 * np.pi * TONE_HZ * time_s)
    return np.asarray(np.round(sound), np.int16)


def encoded_period() -> list[bytes]:
    """Return one period of the test sound in Opus packets, to be sent again and again.

    It begins and ends as the one before: the encoder has been through a period already.
    """
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "stereo", "s16"
    encoder.bit_rate = 64_000
    packets: list[bytes] = []
    count = round(PERIOD_S * RATE_HZ) // CHUNK
    for chunk in range(2 * count):
        samples = test_sound(chunk * CHUNK, CHUNK)
        frame = av.AudioFrame.from_ndarray(samples.repeat(2)[None], "s16", "stereo")
        frame.sample_rate, frame.pts = RATE_HZ, chunk * CHUNK
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets[count : 2 * count]


class SimulatedMicrophone(Feed):
    """The test sound in Opus, without a gap, encoded once for good."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._period = encoded_period()

    async def run(self) -> None:
        """Deliver one packet every 20 ms."""
        loop = asyncio.get_running_loop()
        start_s, chunk = loop.time(), 0
        while True:
            packet = av.Packet(self._period[chunk % len(self._period)])
            packet.pts, packet.time_base = chunk * CHUNK, Fraction(1, RATE_HZ)
            packet.is_keyframe = True
            self.deliver(packet)
            chunk += 1
            late_s = loop.time() - start_s - chunk / 50
            if late_s > _LATE_S:  # this process was stopped meanwhile
                chunk += int(late_s * 50)
            await asyncio.sleep(-late_s)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came to the speaker in a while."""

    frequency_hz: float
    """Strongest frequency."""
    level_dbfs: float
    """RMS; a full-scale sine has -3.0."""


def analyse(samples: NDArray[np.int16], rate_hz: int) -> Heard:
    """Return what mono ``samples`` sound like."""
    sound = samples.astype(np.float64) / 32768.0
    level = 10.0 * np.log10(np.mean(sound**2) + 1e-12)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    peak = int(np.argmax(spectrum[1:])) + 1
    return Heard(peak * rate_hz / len(sound), float(level))


class SimulatedSpeaker:
    """Plays to nobody, and reports what it was given, at most once a second."""

    def __init__(self, report: Callable[[Heard], None]) -> None:
        self._report = report

    async def play(self, track: MediaStreamTrack) -> None:
        """Take all sound of a track until it ends."""
        chunks: list[NDArray[np.int16]] = []
        reported_s = 0.0
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, av.AudioFrame)
            sound = np.asarray(frame.to_ndarray(), np.int16)
            chunks.append(sound.reshape(-1, len(frame.layout.channels))[:, 0])
            if len(chunks) * frame.samples < frame.sample_rate // 2:
                continue
            heard = analyse(np.concatenate(chunks), frame.sample_rate)
            chunks.clear()
            if heard.level_dbfs > SILENCE_DBFS and time.monotonic() - reported_s >= REPORT_S:
                reported_s = time.monotonic()
                self._report(heard)
