# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One encode of picture and sound for any number of destinations: H264 and AAC, as FLV tags.

Picture and sound are stamped by the same clock, which begins with the first picture. Where the
camera stalls the last picture is repeated, so that players and platforms stay, and after STALE_S a
card takes its place: an old picture would be taken for a live one.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.media.streaming.flv import Tag, TagReader
from reachy_mini_ros.media.streaming.sound import RATE_HZ, SoundTimeline
from reachy_mini_ros.media.streaming.video import BT601, MPEG_RANGE, StreamPictures

REPEAT_S = 0.5
"""A picture is repeated after this long without a new one."""
STALE_S = 3.0
"""A picture older than this is shown no more."""
_TICK_S = 0.04
_JUMP_S = 0.5
"""Stamps that differ from the time of arrival by so much more than before are of another clock."""
_SMOOTHING = 0.02
_SOUND_BIT_RATE = 128_000
_MILLISECOND = Fraction(1, 1000)
_KEYS_ARE_FORCED = 1_000_000
"""Pictures between key frames that x264 would make by itself."""
_NOMINAL_RATE_HZ = 30
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


class _Output:
    """Where FFmpeg writes the FLV."""

    def __init__(self) -> None:
        self._reader = TagReader()
        self._tags: list[Tag] = []

    def write(self, piece: bytes) -> int:
        self._tags += self._reader.add(bytes(piece))
        return len(piece)

    def add(self, tag: Tag) -> None:
        """Take a tag that FFmpeg did not make."""
        self._tags.append(tag)

    def take(self) -> list[Tag]:
        tags, self._tags = self._tags, []
        return tags


class Muxer:
    """The encoder of the sound, and the FLV that all goes into."""

    def __init__(self) -> None:
        self.output = _Output()
        options = {"flvflags": "no_duration_filesize", "flush_packets": "1"}
        self._file = av.open(self.output, "w", format="flv", options=options)
        self._add_video()
        self._audio: AudioStream = self._file.add_stream("aac", rate=RATE_HZ)
        self._audio.codec_context.layout = "stereo"
        self._audio.codec_context.bit_rate = _SOUND_BIT_RATE
        self._sounded = 0
        self._file.start_encoding()

    def _add_video(self) -> None:
        """Add what FFmpeg is to make of pictures."""

    def sound(self, samples: NDArray[np.float32]) -> None:
        """Encode a frame of sound."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
        frame.sample_rate = RATE_HZ
        frame.pts, frame.time_base = self._sounded, Fraction(1, RATE_HZ)
        self._sounded += samples.shape[1]
        self._file.mux(self._audio.encode(frame))

    def close(self) -> None:
        """End it."""
        self._file.close()


class _EncodingMuxer(Muxer):
    """With the encoder of the pictures."""

    def __init__(self, width: int, height: int, bitrate_kbps: int) -> None:
        self._size, self._first_kbps = (width, height), bitrate_kbps
        super().__init__()

    def _add_video(self) -> None:
        self._video: VideoStream = self._file.add_stream("libx264", rate=_NOMINAL_RATE_HZ)
        self._encoder = self._video.codec_context
        _set_up(self._encoder, *self._size, self._first_kbps)

    def set_bitrate(self, kbps: int) -> None:
        """Go on with another encoder, which begins with a key frame.

        The limit of x264's buffer cannot be set in a running one. What describes the stream stays
        the same, so that players do not notice.
        """
        self._encoder = av.CodecContext.create("libx264", "w")
        self._encoder.framerate = Fraction(_NOMINAL_RATE_HZ)
        self._encoder.flags |= self._video.codec_context.flags
        _set_up(self._encoder, *self._size, kbps)

    def picture(self, frame: av.VideoFrame, time_ms: int, *, key: bool) -> None:
        frame.pts, frame.time_base = time_ms, _MILLISECOND
        frame.pict_type = PictureType.I if key else PictureType.NONE
        for packet in self._encoder.encode(frame):
            packet.stream = self._video
            self._file.mux(packet)


def _set_up(encoder: VideoCodecContext, width: int, height: int, bitrate_kbps: int) -> None:
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = _MILLISECOND
    encoder.bit_rate = bitrate_kbps * 1000
    encoder.gop_size = _KEYS_ARE_FORCED
    encoder.colorspace, encoder.color_range = BT601, MPEG_RANGE
    small = width * height <= 1920 * 1088
    # One thread does 1080p30 with ease; more would cut each picture into slices.
    encoder.thread_count = 1 if small else 0
    limit = str(bitrate_kbps * 1000)
    encoder.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "sc_threshold": "0",
        "maxrate": limit,
        "bufsize": limit,
        **({"level": "4.2"} if small else {}),  # whatever the bitrate
    }


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
    ) -> None:
        self.quality = quality
        """May be changed at any time."""
        self.counts = EncoderCounts()
        self.sound = SoundTimeline()
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
        for samples in self.sound.take(now_s - self._began_s):
            muxer.sound(samples)
        tags = muxer.output.take()
        if tags:
            self._on_tags(tags)

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
            self._muxer = _EncodingMuxer(frame.width, frame.height, self._bitrate_kbps)
            self._began_s = self._key_s = came_s
            self._on_begin(self._muxer.output.take())
        self._encode(frame, self._pace.at(came_s, stamp_s))
        self.counts.encoded += 1

    def _encode(self, frame: av.VideoFrame, now_s: float) -> None:
        muxer = self._muxer
        assert isinstance(muxer, _EncodingMuxer)
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
