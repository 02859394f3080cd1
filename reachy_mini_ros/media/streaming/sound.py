# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The microphone's sound on the clock of a live stream, whatever becomes of the microphone.

Pictures are stamped by the clock of this machine, and sound is counted in samples of another one.
Over hours the two drift apart, sound is lost, or there is none. Here the stream's clock takes the
sound, a fixed delay after it came: what is missing becomes silence, and what the clocks differ in
is made up for by a sample more or less in a thousand, which nobody hears.
"""

import threading

import av
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.media.microphone import to_av

RATE_HZ = 48_000
FRAME = 1024
"""Samples of one AAC frame."""
DELAY_S = 0.1
"""How long sound waits, so that what comes late by less is not heard as a gap."""
_FILL_S = DELAY_S + 0.04
"""How much sound is to wait: it comes in packets and is taken in frames of 20 ms each, so that with
DELAY_S alone it would be heard that much before it came. Sound that is early is noticed sooner than
sound that is late."""
_MARGIN_S = 0.03
"""The mean wait may be off by so much before samples are left out or put in."""
_MOST_S = 0.5
"""More sound than this came at once: it is not of now."""
_SMOOTHING = 0.02

Sound = NDArray[np.float32]
"""(2, samples), -1 to 1."""


class SoundTimeline:
    """Takes sound when it comes, gives frames of FRAME samples as the clock goes on."""

    def __init__(self) -> None:
        self.position = 0
        """Samples given so far."""
        self.silent = 0
        """Those of them that were put in for want of sound."""
        self.dropped = 0
        """Samples that never were given."""
        self.corrected = 0
        """Samples put in (positive) or left out because the clocks differ."""
        self._lock = threading.Lock()
        self._waiting: Sound = np.empty((2, 0), np.float32)
        self._flows = False
        self._mean_s = _FILL_S
        self._rate_hz = 0
        self._resampler: av.AudioResampler | None = None

    @property
    def flows(self) -> bool:
        """Return whether there is sound at the moment."""
        return self._flows

    def add(self, samples: NDArray[np.int16], rate_hz: int) -> None:
        """Take (n, channels) samples that just came; more than two channels are mixed to one."""
        if samples.shape[1] > 2:
            samples = samples.mean(axis=1, keepdims=True).round().astype(np.int16)
        if samples.shape[1] == 1:
            samples = samples.repeat(2, axis=1)  # FFmpeg would make it 3 dB quieter
        with self._lock:
            if self._resampler is None or rate_hz != self._rate_hz:
                self._resampler = av.AudioResampler("fltp", "stereo", RATE_HZ)
                self._rate_hz = rate_hz
            parts = [
                part.to_ndarray() for part in self._resampler.resample(to_av(samples, rate_hz))
            ]
            self._waiting = np.concatenate([self._waiting, *parts], axis=1)
            too_much = self._waiting.shape[1] - round(_MOST_S * RATE_HZ)
            if too_much > 0:
                self._drop(self._waiting.shape[1] - round(_FILL_S * RATE_HZ))

    def take(self, now_s: float) -> list[Sound]:
        """Return the frames that are due ``now_s`` after the stream's begin."""
        frames = []
        while (self.position + FRAME) / RATE_HZ <= now_s - DELAY_S:
            with self._lock:
                frames.append(self._frame())
            self.position += FRAME
        return frames

    def skip(self, now_s: float) -> None:
        """Forget what came, while nobody takes the frames; the next is that of this time."""
        frames = int((now_s - DELAY_S) * RATE_HZ) // FRAME
        with self._lock:
            self.position = max(self.position, frames * FRAME)
            self._waiting, self._flows = self._waiting[:, :0], False

    def _frame(self) -> Sound:
        waiting = self._waiting.shape[1]
        if not self._flows and waiting >= _FILL_S * RATE_HZ:
            self._flows, self._mean_s = True, waiting / RATE_HZ
        if not self._flows:
            self.silent += FRAME
            return np.zeros((2, FRAME), np.float32)
        self._mean_s += _SMOOTHING * (waiting / RATE_HZ - self._mean_s)
        off_s = self._mean_s - _FILL_S
        wanted = FRAME + (1 if off_s > _MARGIN_S else -1 if off_s < -_MARGIN_S else 0)
        if waiting < wanted:
            self._flows = False
            self.silent += FRAME - waiting
            sound = np.zeros((2, FRAME), np.float32)
            sound[:, :waiting] = self._waiting
            self._waiting = self._waiting[:, :0]
            return sound
        sound, self._waiting = self._waiting[:, :wanted], self._waiting[:, wanted:]
        self.corrected += FRAME - wanted
        return sound if wanted == FRAME else _stretched(sound)

    def _drop(self, count: int) -> None:
        self._waiting = self._waiting[:, count:]
        self.dropped += count


def _stretched(sound: Sound) -> Sound:
    """Return the sound with FRAME samples."""
    at = np.linspace(0, sound.shape[1] - 1, FRAME)
    index = np.arange(sound.shape[1])
    return np.stack([np.interp(at, index, channel) for channel in sound]).astype(np.float32)
