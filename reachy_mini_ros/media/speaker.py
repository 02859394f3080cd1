# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot's speaker is to play, on its way into the WebRTC session."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from numpy.typing import NDArray

from reachy_mini_ros.media.microphone import to_av

RATE_HZ = 48_000
CAPACITY_S = 30.0
"""A spoken paragraph that is sent at once fits in."""
PREROLL_S = 0.04
"""Sound waits so long before it starts, so that what comes late by less is not heard as a gap."""
_PACKET = RATE_HZ // 50
_BYTES_PER_SAMPLE = 4  # two channels of 16 bits
_LATE_S = 0.2


@dataclass
class SpeakerCounts:
    """What became of the sound, in samples at RATE_HZ."""

    played: int = 0
    dropped: int = 0
    """Came while the buffer was full."""
    underruns: int = 0
    """How often the buffer ran empty in the middle of a sound."""


class Speaker:
    """A bounded buffer of sound; :meth:`play` and :meth:`clear` may be called from any thread.

    Nothing is sent to the robot before the first sound: a robot that receives something sets up
    its speaker and its echo cancellation for the sender, and takes them from another client. From
    then on there is silence between sounds, until :meth:`close`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts = SpeakerCounts()
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._starts_s = 0.0
        self._ran_dry_s = 0.0
        self._input_rate_hz = 0
        self._resampler: av.AudioResampler | None = None
        self._wanted = False
        self._track: SpeakerTrack | None = None

    @property
    def fill_s(self) -> float:
        """Return how much sound waits."""
        return len(self._waiting) / (_BYTES_PER_SAMPLE * RATE_HZ)

    def track(self) -> MediaStreamTrack:
        """Return the track for a new connection; what waited for the last one is dropped."""
        self.clear()
        self._track = SpeakerTrack(self)
        return self._track

    def play(self, samples: NDArray[np.int16], rate_hz: int) -> int:
        """Append (n, channels) samples; return how many of RATE_HZ found no room.

        More than two channels are mixed to one.
        """
        if samples.shape[1] > 2:
            samples = samples.mean(axis=1, keepdims=True).round().astype(np.int16)
        if samples.shape[1] == 1:
            samples = samples.repeat(2, axis=1)  # FFmpeg would make it 3 dB quieter
        with self._lock:
            if self._input_rate_hz != rate_hz:
                self._flush()
                self._input_rate_hz = rate_hz
            if self._resampler is None:
                self._resampler = av.AudioResampler("s16", "stereo", RATE_HZ)
            now_s = self._clock()
            if not self._waiting:
                self._starts_s = now_s + PREROLL_S
                if now_s - self._ran_dry_s < 5 * PREROLL_S:
                    self.counts.underruns += 1
            dropped = self._append(self._resampler.resample(to_av(samples, rate_hz)))
            track, self._wanted = self._track, True
        if track is not None:
            track.wake()
        return dropped

    def clear(self) -> float:
        """Drop what waits; return how much it was, in seconds."""
        with self._lock:
            cleared_s = self.fill_s
            self._waiting.clear()
            self._resampler = None
            self._ran_dry_s = 0.0
        return cleared_s

    def close(self) -> None:
        """Drop what waits, and send nothing until something is played again."""
        self._wanted = False
        self.clear()

    @property
    def wanted(self) -> bool:
        """Return whether anything is to be sent."""
        return self._wanted

    def take(self) -> bytes:
        """Return the next 20 ms, silence if there is nothing to play."""
        size = _PACKET * _BYTES_PER_SAMPLE
        with self._lock:
            if not self._waiting or self._clock() < self._starts_s:
                return bytes(size)
            if len(self._waiting) < size:
                self._flush()
                self._ran_dry_s = self._clock()
            packet = bytes(self._waiting[:size])
            del self._waiting[:size]
            self.counts.played += len(packet) // _BYTES_PER_SAMPLE
        return packet.ljust(size, b"\0")

    def _flush(self) -> None:
        """Get out what the resampler holds back, about a millisecond."""
        if self._resampler is not None:
            self._append(self._resampler.resample(None))
            self._resampler = None

    def _append(self, frames: list[av.AudioFrame]) -> int:
        dropped = 0
        for frame in frames:
            content = frame.to_ndarray().tobytes()
            room = max(0, round(CAPACITY_S * RATE_HZ) * _BYTES_PER_SAMPLE - len(self._waiting))
            self._waiting += content[:room]
            dropped += len(content[room:]) // _BYTES_PER_SAMPLE
        self.counts.dropped += dropped
        return dropped


class SpeakerTrack(MediaStreamTrack):
    """20 ms of the speaker's sound at a time, at the pace of the clock."""

    kind = "audio"

    def __init__(self, speaker: Speaker) -> None:
        super().__init__()
        self._speaker = speaker
        self._event_loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._next_s = 0.0
        self._pts = 0

    def wake(self) -> None:
        """Have the speaker looked at, from any thread."""
        if not self._woken.is_set() and not self._event_loop.is_closed():
            self._event_loop.call_soon_threadsafe(self._woken.set)

    async def recv(self) -> av.AudioFrame:
        """Return the next packet when it is due."""
        while not self._speaker.wanted:
            self._woken.clear()
            await self._woken.wait()
        now_s = time.monotonic()
        if now_s - self._next_s > _LATE_S:
            # The first after a pause; RTP time goes on with the clock.
            if self._next_s:
                self._pts += round((now_s - self._next_s) * RATE_HZ)
            self._next_s = now_s
        await asyncio.sleep(self._next_s - now_s)
        if self.readyState != "live":
            raise MediaStreamError
        samples = np.frombuffer(self._speaker.take(), np.int16).reshape(-1, 2)
        frame = to_av(samples, RATE_HZ)
        frame.pts, frame.time_base = self._pts, Fraction(1, RATE_HZ)
        self._pts += _PACKET
        self._next_s += _PACKET / RATE_HZ
        return frame
