# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FFmpeg's encoders of a live stream's sound and picture, and the FLV that they write."""

from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray

from reachy_mini_ros.media.streaming.flv import Tag, TagReader
from reachy_mini_ros.media.streaming.sound import RATE_HZ
from reachy_mini_ros.media.streaming.video import BT601, MPEG_RANGE

_MOST_APART_US = 150_000
"""Pictures wait no longer for the AAC beside them, of which there may be none."""
_SOUND_BIT_RATE = 128_000
_MILLISECOND = Fraction(1, 1000)
_KEYS_ARE_FORCED = 1_000_000
"""Pictures between key frames that x264 would make by itself."""
_NOMINAL_RATE_HZ = 30


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
        options = {
            "flvflags": "no_duration_filesize",
            "flush_packets": "1",
            "max_interleave_delta": str(_MOST_APART_US),
        }
        self._file = av.open(self.output, "w", format="flv", options=options)
        self._add_video()
        self._audio: AudioStream = self._file.add_stream("aac", rate=RATE_HZ)
        self._audio.codec_context.layout = "stereo"
        self._audio.codec_context.bit_rate = _SOUND_BIT_RATE
        self._file.start_encoding()

    def _add_video(self) -> None:
        """Add what FFmpeg is to make of pictures."""

    def sound(self, samples: NDArray[np.float32], position: int) -> None:
        """Encode a frame of sound; ``position`` is that of its first sample."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
        frame.sample_rate = RATE_HZ
        frame.pts, frame.time_base = position, Fraction(1, RATE_HZ)
        for packet in self._audio.encode(frame):
            # What AAC begins with, before the first sample, would be late: FFmpeg refuses negative
            # times once a picture has gone out. Players need it as little as those who join later.
            if packet.dts is not None and packet.dts >= 0:
                self._file.mux(packet)

    def close(self) -> None:
        """End it."""
        self._file.close()


class EncodingMuxer(Muxer):
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
        """Encode a picture."""
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
