# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""H264 as fragmented MP4 (ISO/IEC 14496-12 and -15), one fragment a picture, for browsers.

Opus may be in it as a second track, one fragment a packet, as "Encapsulation of Opus in ISO Base
Media File Format" 0.8.1 says.

Written here, as a muxer of FFmpeg gives a picture out only when the next one has come, whose time
it needs for the first one's duration.
"""

import struct
from dataclasses import dataclass
from typing import Final

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.media import opus
from reachy_mini_ros.media.bitstream import H264, nal_units
from reachy_mini_ros.media.frames import EncodedFrame
from reachy_mini_ros.media.packet_timeline import PacketTimeline

TIMESCALE = 90_000
"""Of all times, in 1/s: that of the pictures' ``pts``."""

_SPS, _PPS, _DELIMITER = 7, 8, 9
_SOUND_TRACK = 2
_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_FIRST_DURATION = TIMESCALE // 30
_LONGEST = TIMESCALE // 4
"""What every picture is said to last, and the most that there is between two.

Nobody knows how long the newest one lasts. Browsers take a picture that comes later than twice the
last one's duration for the first after a hole, and wait for a key frame (Media Source Extensions,
coded frame processing).
"""
_IS_KEY, _IS_NO_KEY = 0x02000000, 0x01010000
"""Sample flags: depends on no other; depends on others, and no random access point."""


@dataclass(frozen=True)
class Header:
    """What a film begins with."""

    sps: bytes
    pps: tuple[bytes, ...]
    width: int
    height: int

    @property
    def mime(self) -> str:
        """Return the type, with the codec's profile and level as RFC 6381 names them."""
        return self.mime_with()

    def mime_with(self, *codecs: str) -> str:
        """Return it for a film that has tracks of other codecs too."""
        return f'video/mp4; codecs="{",".join((f"avc1.{self.sps[1:4].hex()}", *codecs))}"'

    def segment(self, *, sound: bool = False) -> bytes:
        """Return the initialisation segment, with a track of sound or without."""
        brands = b"iso6" + struct.pack(">I", 0) + b"iso6avc1mp41"
        tracks = [self._track(), *([_sound_track()] if sound else [])]
        times = struct.pack(">4I", 0, 0, TIMESCALE, 0)
        movie = _full("mvhd", 0, 0, times, _rate_to_next_track(len(tracks) + 1))
        # No duration: browsers take that for a live stream, and hold no picture back.
        defaults = (
            _full("trex", 0, 0, struct.pack(">5I", track, 1, 0, 0, 0))
            for track in range(1, len(tracks) + 1)
        )
        return _box("ftyp", brands) + _box("moov", movie, *tracks, _box("mvex", *defaults))

    def _track(self) -> bytes:
        size = struct.pack(">2I", self.width << 16, self.height << 16)
        head = _full("tkhd", 0, 3, struct.pack(">5I", 0, 0, 1, 0, 0), bytes(16), _MATRIX, size)
        about = _full("vmhd", 0, 1, bytes(8))
        return _box("trak", head, _media(b"vide", TIMESCALE, about, self._description()))

    def _description(self) -> bytes:
        size = struct.pack(">2H", self.width, self.height)
        resolution = struct.pack(">2I", 0x480000, 0x480000)  # 72 dpi, as everybody writes
        entry = (
            *(bytes(6), struct.pack(">H", 1), bytes(16), size, resolution, bytes(4)),
            *(struct.pack(">H", 1), bytes(32), struct.pack(">Hh", 24, -1)),
        )
        sets = b"".join(_with_length(parameters, 2) for parameters in self.pps)
        configuration = (
            *(b"\x01", self.sps[1:4], b"\xff\xe1", _with_length(self.sps, 2)),
            *(bytes([len(self.pps)]), sets),
        )
        visual = _box("avc1", *entry, _box("avcC", *configuration))
        return _full("stsd", 0, 0, struct.pack(">I", 1), visual)


class Film:
    """Fragments of one header, from a key frame on, on a time line that has no gaps.

    Of a pause of the source no more than a quarter of a second is in it: who plays it stands still
    meanwhile, and goes on. Or it is kept, as the pictures' ``captured_ns`` tell it, for what is to
    have its true length.
    """

    def __init__(self, key: EncodedFrame, *, keep_pauses: bool = False) -> None:
        """Begin; raises MalformedError for what is no key frame of H264 with SPS and PPS."""
        self.header = header_of(key)
        self._keep_pauses = keep_pauses
        self._captured_ns = key.captured_ns
        self._number = 0
        self._time = 0
        self._pts = key.pts - _FIRST_DURATION
        self._duration = _FIRST_DURATION

    def goes_on_with(self, frame: EncodedFrame) -> bool:
        """Return whether a picture is of this film: a key frame may be of another one.

        Raises MalformedError like the constructor.
        """
        return not frame.is_key or header_of(frame) == self.header

    def fragment(self, frame: EncodedFrame) -> bytes:
        """Return the fragment of the next picture; a key frame's begins a segment, with ``styp``.

        It is said to last until the next one may come at the latest, or, where pauses are kept, as
        long as the one before.
        """
        sample = b"".join(
            _with_length(unit, 4)
            for unit in nal_units(frame.data)
            if unit and unit[0] & 31 not in (_SPS, _PPS, _DELIMITER)
        )
        step = frame.pts - self._pts
        if 0 < step <= _LONGEST:
            self._duration = step
        elif self._keep_pauses:
            step = self._pause(frame)
        else:
            step = _LONGEST if step > 0 else _FIRST_DURATION
        self._pts, self._captured_ns = frame.pts, frame.captured_ns
        self._number += 1
        self._time += step
        begin = _box("styp", b"iso6", bytes(4), b"iso6") if frame.is_key else b""
        flags = _IS_KEY if frame.is_key else _IS_NO_KEY
        lasts = self._duration if self._keep_pauses else _LONGEST
        return (
            begin
            + _movie_fragment(self._number, self._time, lasts, len(sample), flags)
            + _box("mdat", sample)
        )

    def sound(self, now_s: float, packets: PacketTimeline) -> list[bytes]:
        """Return fragments of the sound that is due by now, on the clock of ``captured_ns``."""
        begin_s = self._captured_ns / 1e9 - self._time / TIMESCALE

        def placed(came_s: float, stamp_s: float | None) -> float:
            return (came_s if stamp_s is None else stamp_s) - begin_s

        fragments = []
        for time_ms, packet in packets.take(now_s - begin_s, placed):
            self._number += 1
            time, lasts = time_ms * opus.RATE_HZ // 1000, opus.duration(packet)
            size = len(packet)
            head = _movie_fragment(self._number, time, lasts, size, _IS_KEY, track=_SOUND_TRACK)
            fragments.append(head + _box("mdat", packet))
        return fragments

    @property
    def time_s(self) -> float:
        """Return when the newest picture is shown."""
        return self._time / TIMESCALE

    @property
    def length_s(self) -> float:
        """Return how long it is so far."""
        return (self._time + self._duration - _FIRST_DURATION) / TIMESCALE

    def _pause(self, frame: EncodedFrame) -> int:
        """Return how long nothing came: ``pts`` begins anew with each connection."""
        return max(self._duration, (frame.captured_ns - self._captured_ns) * 9 // 100_000)


def header_of(frame: EncodedFrame) -> Header:
    """Return the header of a key frame; raises MalformedError for one that has none."""
    if frame.codec != H264:
        raise MalformedError(f"{frame.codec} is not H264")
    sps, pps = None, []
    for unit in nal_units(frame.data):
        kind = unit[0] & 31 if unit else 0
        if kind == _SPS:
            sps = unit
        elif kind == _PPS:
            pps.append(unit)
    if sps is None or len(sps) < 4 or not pps or not frame.is_key:
        raise MalformedError("a key frame came without SPS and PPS")
    return Header(sps, tuple(pps), frame.width, frame.height)


def _sound_track() -> bytes:
    volume = struct.pack(">H", 0x100)
    about = (bytes(8), bytes(4), volume, bytes(2), _MATRIX, bytes(8))
    head = _full("tkhd", 0, 3, struct.pack(">5I", 0, 0, _SOUND_TRACK, 0, 0), *about)
    entry = (bytes(6), struct.pack(">H8x4HI", 1, 2, 16, 0, 0, opus.RATE_HZ << 16))
    specific = _box("dOps", struct.pack(">BBHIhB", 0, 2, 0, opus.RATE_HZ, 0, 0))
    description = _full("stsd", 0, 0, struct.pack(">I", 1), _box("Opus", *entry, specific))
    return _box(
        "trak", head, _media(b"soun", opus.RATE_HZ, _full("smhd", 0, 0, bytes(4)), description)
    )


def _media(kind: bytes, timescale: int, about: bytes, description: bytes) -> bytes:
    """Return a track's box of media that has all its samples in fragments."""
    english = struct.pack(">4I2H", 0, 0, timescale, 0, 0x55C4, 0)  # undetermined language
    handler = _full("hdlr", 0, 0, bytes(4), kind, bytes(12), b"\0")
    here = _box("dinf", _full("dref", 0, 0, struct.pack(">I", 1), _full("url ", 0, 1)))
    empty = (_full(name, 0, 0, bytes(4)) for name in ("stts", "stsc", "stco"))
    table = _box("stbl", description, *empty, _full("stsz", 0, 0, bytes(8)))
    media = _box("minf", about, here, table)
    return _box("mdia", _full("mdhd", 0, 0, english), handler, media)


def _movie_fragment(
    number: int, time: int, duration: int, size: int, flags: int, *, track: int = 1
) -> bytes:
    """Return the box that says when the one sample behind it is shown."""
    sequence = _full("mfhd", 0, 0, struct.pack(">I", number))
    head = _full("tfhd", 0, 0x020000, struct.pack(">I", track))  # offsets count from this box
    decoded = _full("tfdt", 1, 0, struct.pack(">Q", time))
    # One sample, with its offset, duration, size and flags.
    sample = struct.pack(">5I", 1, _DATA_OFFSET, duration, size, flags)
    return _box("moof", sequence, _box("traf", head, decoded, _full("trun", 0, 0x701, sample)))


_DATA_OFFSET = 108
"""Bytes from the beginning of the fragment's box to the sample."""


def _rate_to_next_track(number: int) -> bytes:
    """Return the end of a movie's header: usual rate, volume and matrix, and the next track."""
    usual = struct.pack(">IH", 0x10000, 0x100)
    return usual + bytes(10) + _MATRIX + bytes(24) + struct.pack(">I", number)


def _box(name: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), name.encode()) + body


def _full(name: str, version: int, flags: int, *content: bytes) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags), *content)


def _with_length(unit: bytes, size: int) -> bytes:
    return len(unit).to_bytes(size, "big") + unit
