# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The microphone's sound in even pieces: 16 kHz, 20 ms each, none missing and none twice."""

from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.media.frames import PcmFrame

RATE_HZ = 16_000
CHUNK = RATE_HZ // 50
"""Samples of one chunk and channel, 20 ms."""
_LONGEST_GAP_S = 2.0
"""A longer one is no lost stretch but a stream that began anew."""

Samples = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Chunk:
    """20 ms of sound."""

    samples: Samples
    """(CHUNK, channels)."""
    captured_ns: int
    """Estimate of when its first sample was heard, ``time.monotonic_ns()``."""


class Chunker:
    """Cuts a stream of samples into pieces of ``size``, whatever it arrives in."""

    def __init__(self, size: int, channels: int) -> None:
        self._size = size
        self._waiting: Samples = np.empty((0, channels), np.int16)

    @property
    def waiting(self) -> int:
        """Return how many samples wait for the rest of their chunk."""
        return len(self._waiting)

    def add(self, samples: Samples) -> list[Samples]:
        """Take (n, channels) samples and return the chunks that are complete with them."""
        waiting = np.concatenate((self._waiting, samples)) if len(self._waiting) else samples
        complete = len(waiting) // self._size
        self._waiting = waiting[complete * self._size :]
        return [waiting[n * self._size : (n + 1) * self._size] for n in range(complete)]


class Microphone:
    """Turns what comes from the robot into chunks.

    A stretch that the RTP times show as missing is counted in :attr:`lost`. The sound goes on
    behind it at once, or, with ``fill_gaps``, after as much silence.
    """

    def __init__(self, channels: int, *, fill_gaps: bool = False) -> None:
        self.fill_gaps = fill_gaps
        self.lost = 0
        """Samples at RATE_HZ that never came, or so late that they were left out."""
        self.gaps = 0
        """Stretches of these."""
        self._channels = channels
        self.restart()

    def restart(self) -> None:
        """Forget what was heard: the next frame begins a new stretch of sound."""
        self._resampler: av.AudioResampler | None = None
        self._next_position = 0

    def add(self, frame: PcmFrame) -> list[Chunk]:
        """Take the next frame and return the chunks that are complete with it."""
        gap = frame.position - self._next_position
        anew = gap < 0 or gap > _LONGEST_GAP_S * frame.rate_hz
        if self._resampler is None or anew:
            self._begin()
            gap = 0
        samples = frame.samples
        if gap:
            self.gaps += 1
            self.lost += round(gap * RATE_HZ / frame.rate_hz)
            if self.fill_gaps:
                silence = np.zeros((gap, samples.shape[1]), np.int16)
                samples = np.concatenate((silence, samples))
        self._next_position = frame.position + len(frame.samples)
        self._taken_s += len(samples) / frame.rate_hz
        end_ns = frame.captured_ns + len(frame.samples) * 1_000_000_000 // frame.rate_hz
        return [
            Chunk(chunk, end_ns - round((self._taken_s - start_s) * 1e9))
            for start_s, chunk in self._cut(self._resample(samples, frame.rate_hz))
        ]

    def _begin(self) -> None:
        layout = "mono" if self._channels == 1 else "stereo"
        self._resampler = av.AudioResampler("s16", layout, RATE_HZ)
        self._chunker = Chunker(CHUNK, self._channels)
        self._taken_s = 0.0
        """Sound given to the resampler so far."""
        self._given = 0
        """Samples left out or in chunks so far."""

    def _cut(self, resampled: Samples) -> list[tuple[float, Samples]]:
        """Return chunks, each with its start in the sound given to the resampler."""
        if not self._given:
            # The resampler is a millisecond behind: without this start each chunk would miss
            # that much, and wait for the next packet.
            self._given = len(resampled) % CHUNK
            resampled = resampled[self._given :]
        chunks = self._chunker.add(resampled)
        first = self._given
        self._given += len(chunks) * CHUNK
        return [(first / RATE_HZ + n * CHUNK / RATE_HZ, chunk) for n, chunk in enumerate(chunks)]

    def _resample(self, samples: Samples, rate_hz: int) -> Samples:
        assert self._resampler is not None
        frame = to_av(samples, rate_hz)
        parts = [resampled.to_ndarray() for resampled in self._resampler.resample(frame)]
        flat = np.concatenate([part.reshape(-1) for part in parts]) if parts else np.empty(0)
        return flat.astype(np.int16, copy=False).reshape(-1, self._channels)


def to_av(samples: Samples, rate_hz: int) -> av.AudioFrame:
    """Return (n, 1) or (n, 2) samples as PyAV's packed frame."""
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    packed = np.ascontiguousarray(samples).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, "s16", layout)
    frame.sample_rate = rate_hz
    return frame
