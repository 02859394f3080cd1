# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One encode of picture and sound for any number of destinations: H264 and AAC, as FLV tags.

The robot's Opus is copied beside or in place of the AAC, for the destinations that take it.

Picture and sound are stamped by the same clock, which begins with the first picture. Where the
camera stalls the last picture is repeated, so that players and platforms stay, and after STALE_S a
card takes its place: an old picture would be taken for a live one.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import av
import numpy as np
from av.codec.codec import UnknownCodecError
from numpy.typing import NDArray

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.media.packet_timeline import PacketTimeline
from reachy_mini_ros.media.streaming import flv
from reachy_mini_ros.media.streaming.flv import Tag
from reachy_mini_ros.media.streaming.muxer import EncodingMuxer, Muxer
from reachy_mini_ros.media.streaming.sound import FRAME, SoundTimeline
from reachy_mini_ros.media.streaming.video import StreamPictures

REPEAT_S = 0.5
"""A picture is repeated after this long without a new one."""
STALE_S = 3.0
"""A picture older than this is shown no more."""
_TICK_S = 0.04
_JUMP_S = 0.5
"""Stamps that differ from the time of arrival by so much more than before are of another clock."""
_SMOOTHING = 0.02
_PART = "stream encoder"


@dataclass(frozen=True)
class Quality:
    """What the encoder aims at."""

    bitrate_kbps: int
    """Of the picture."""
    keyframe_interval_s: float


@dataclass
class EncoderCounts:
    """Pictures so far."""

    encoded: int = 0
    repeated: int = 0
    skipped: int = 0
    """Came faster than they could be encoded."""
    undecodable: int = 0


class _Pace:
    """Evens out the times at which pictures came, by the stamps that they bear.

    On their way some are held up more than others; on the whole they stay as late as they come,
    which is the sound's time too. The stamps' clock may be any.
    """

    def __init__(self) -> None:
        self._late_s: float | None = None

    def at(self, came_s: float, stamp_s: float | None) -> float:
        if stamp_s is None:
            return came_s
        late_s = came_s - stamp_s
        if self._late_s is None or abs(late_s - self._late_s) > _JUMP_S:
            self._late_s = late_s
        self._late_s += _SMOOTHING * (late_s - self._late_s)
        return stamp_s + self._late_s

    def beside(self, came_s: float, stamp_s: float | None) -> float:
        """Return the time of sound: that of the picture of the same stamp, if there is one."""
        if stamp_s is None or self._late_s is None:
            return came_s
        time_s = stamp_s + self._late_s
        return time_s if abs(time_s - came_s) < _JUMP_S else came_s


class StreamEncoder:
    """A thread that encodes what it is given, from the first picture until :meth:`close`.

    ``on_begin`` gets the tags that describe the stream, once, and ``on_tags`` those that follow;
    both are called on the thread.
    """

    _ROOM = 1
    """Pictures that wait at most; the newest win."""

    def __init__(
        self,
        quality: Quality,
        on_begin: Callable[[list[Tag]], None],
        on_tags: Callable[[list[Tag]], None],
        supervisor: Supervisor,
        clock: Callable[[], float] = time.monotonic,
        *,
        opus: bool = False,
    ) -> None:
        """``opus`` is whether sound comes as packets of Opus, to be copied."""
        self.quality = quality
        """May be changed at any time."""
        self.counts = EncoderCounts()
        self.sound = SoundTimeline()
        self.packets = PacketTimeline() if opus else None
        self.encodes_sound = True
        """Whether AAC is made of the sound; may be changed at any time."""
        self.age_s: float | None = None
        """Of the newest picture, None before the first one."""
        self.failure = ""
        """Why nothing is encoded any more."""
        self._on_begin = on_begin
        self._on_tags = on_tags
        self._supervisor = supervisor
        self._clock = clock
        self._pictures = StreamPictures()
        self._muxer: Muxer | None = None
        self._bitrate_kbps = quality.bitrate_kbps
        self._last: av.VideoFrame | None = None
        self._last_ms = -1
        self._began_s = self._came_s = self._sent_s = self._key_s = 0.0
        self._ready = threading.Condition()
        self._came: deque[tuple[bytes, float, float | None]] = deque(maxlen=self._ROOM)
        self._pace = _Pace()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="stream encoder", daemon=True)
        self._thread.start()

    @property
    def stale(self) -> bool:
        """Return whether pictures have stayed away for so long that a card is shown."""
        return self.age_s is not None and self.age_s > STALE_S

    def add_picture(self, picture: bytes, stamp_s: float | None = None) -> None:
        """Take a picture that just came, with its time on any clock; the newest wins."""
        with self._ready:
            self.counts.skipped += len(self._came) == self._ROOM
            self._came.append((picture, self._clock(), stamp_s))
            self._ready.notify()

    def add_sound(self, samples: NDArray[np.int16], rate_hz: int) -> None:
        """Take (n, channels) samples that just came."""
        if self._muxer is not None:
            self.sound.add(samples, rate_hz)

    def add_opus(self, packet: bytes, stamp_s: float | None = None) -> None:
        """Take a packet of sound that just came, with its time on the pictures' clock."""
        if self._muxer is not None and self.packets is not None:
            self.packets.add(packet, self._clock(), stamp_s)

    def close(self) -> None:
        """End the thread; nothing is handed on afterwards."""
        with self._ready:
            self._ended = True
            self._ready.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._run_until_closed()
        finally:
            with self._supervisor.guard(_PART):
                if self._muxer is not None:
                    self._muxer.close()
                    self._on_tags(self._muxer.output.take())

    def _run_until_closed(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._came or self._ended, _TICK_S)
                came = tuple(self._came)
                self._came.clear()
                if self._ended:
                    return
            with self._supervisor.guard(_PART):  # what fails costs a picture
                try:
                    self._step(came)
                except (av.FFmpegError, UnknownCodecError) as error:  # an FFmpeg without libx264
                    self.failure = f"the stream cannot be encoded: {error}"
                    self._on_tags([])
            if self.failure:
                return

    def _step(self, came: Sequence[tuple[bytes, float, float | None]]) -> None:
        for picture in came:
            self._take(*picture)
        muxer, now_s = self._muxer, self._clock()
        if muxer is None:
            return
        self.age_s = now_s - self._came_s
        if now_s - self._sent_s > REPEAT_S:
            self._repeat(now_s)
        self._add_sound(muxer, now_s - self._began_s)
        tags = muxer.output.take()
        if tags:
            self._on_tags(tags)

    def _add_sound(self, muxer: Muxer, now_s: float) -> None:
        if not self.encodes_sound:
            self.sound.skip(now_s)
        position = self.sound.position
        for number, samples in enumerate(self.sound.take(now_s)):
            muxer.sound(samples, position + number * FRAME)
        if self.packets is not None:
            for packet in self.packets.take(now_s, self._placed):
                muxer.output.add(flv.opus_packet(*packet))

    def _placed(self, came_s: float, stamp_s: float | None) -> float:
        return self._pace.beside(came_s, stamp_s) - self._began_s

    def _begin(self, described: list[Tag]) -> None:
        self._on_begin([*described, flv.opus_described()] if self.packets else described)

    def _repeat(self, now_s: float) -> None:
        """Show what can be shown while no picture comes."""
        if self._last is not None:
            self.counts.repeated += 1
            self._encode(self._pictures.card() if self.stale else self._last, now_s)

    def _take(self, jpeg: bytes, came_s: float, stamp_s: float | None) -> None:
        frame = self._pictures.decode(jpeg)
        if frame is None:
            self.counts.undecodable += 1
            return
        self._last, self._came_s = frame, came_s
        if self._muxer is None:
            self._bitrate_kbps = self.quality.bitrate_kbps
            self._muxer = EncodingMuxer(frame.width, frame.height, self._bitrate_kbps)
            self._began_s = self._key_s = came_s
            self._begin(self._muxer.output.take())
        self._encode(frame, self._pace.at(came_s, stamp_s))
        self.counts.encoded += 1

    def _encode(self, frame: av.VideoFrame, now_s: float) -> None:
        muxer = self._muxer
        assert isinstance(muxer, EncodingMuxer)
        if self._bitrate_kbps != self.quality.bitrate_kbps:
            self._bitrate_kbps = self.quality.bitrate_kbps
            muxer.set_bitrate(self._bitrate_kbps)
        key = now_s >= self._key_s
        if key:
            self._key_s += self.quality.keyframe_interval_s
            if self._key_s < now_s:
                self._key_s = now_s + self.quality.keyframe_interval_s
        muxer.picture(frame, self._time_ms(now_s), key=key)
        self._sent_s = now_s

    def _time_ms(self, now_s: float) -> int:
        """Return the stream's time: each later than the one before, whatever the clock's steps."""
        self._last_ms = max(self._last_ms + 1, round((now_s - self._began_s) * 1000))
        return self._last_ms
