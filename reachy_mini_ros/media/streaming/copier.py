# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A live stream of the robot's own H264: copied into FLV tags, and nothing encoded but the sound.

Where the camera stalls nothing can be repeated, as pictures build on one another. The card that
then takes its place is encoded once; its parameter sets have another id than the robot's, and stand
beside them in what describes the stream, so that players take it for more of the same.
"""

from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from reachy_mini_ros.media import bitstream
from reachy_mini_ros.media.bitstream import H264, Size
from reachy_mini_ros.media.streaming.encoder import StreamEncoder
from reachy_mini_ros.media.streaming.flv import VIDEO, Tag
from reachy_mini_ros.media.streaming.muxer import Muxer
from reachy_mini_ros.media.streaming.video import StreamPictures

_AVC = 7
_KEY, _OTHER = 1 << 4 | _AVC, 2 << 4 | _AVC
_DESCRIBES, _PICTURE = b"\x00\x00\x00\x00", b"\x01\x00\x00\x00"
_SPS, _PPS = 7, 8
_WITH_CHROMA = (100, 110, 122, 144)
_CARDS = 2
"""Key frames that follow one another must differ in their number (H.264, 7.4.3, idr_pic_id)."""


class _CopyingMuxer(Muxer):
    """FLV of pictures that are encoded already."""

    def __init__(self, key_frame: bytes, cards: list[bytes]) -> None:
        super().__init__()
        units = [unit for data in (key_frame, cards[0]) for unit in bitstream.nal_units(data)]
        self.described = [
            Tag(VIDEO, 0, bytes([_KEY]) + _DESCRIBES + _configuration(units)),
            # Without FFmpeg's words on the file, which say that there is sound only.
            *(tag for tag in self.output.take() if tag.kind != _SCRIPT),
        ]

    def picture(self, data: bytes, time_ms: int, *, key: bool) -> None:
        """Take an access unit as Annex B."""
        parts = [bytes([_KEY if key else _OTHER]), _PICTURE]
        for unit in bitstream.nal_units(data):
            parts += (len(unit).to_bytes(4, "big"), unit)
        self.output.add(Tag(VIDEO, time_ms, b"".join(parts)))


_SCRIPT = 18


class StreamCopier(StreamEncoder):
    """As :class:`StreamEncoder`, of access units of H264 (Annex B) in place of JPEG pictures."""

    _ROOM = 300

    _cards: list[bytes]
    _broken = True
    """Whether nothing can be shown before the next key frame."""

    def _take(self, unit: bytes, came_s: float, stamp_s: float | None) -> None:
        key = bitstream.is_whole_key_frame(H264, unit)
        if not key and self._broken:
            self.counts.skipped += self._muxer is not None
            return
        self._came_s = came_s
        if self._muxer is None:
            size = bitstream.picture_size(H264, unit)
            if size is None:
                self.counts.undecodable += 1
                return
            self._cards = _cards(size)
            muxer = self._muxer = _CopyingMuxer(unit, self._cards)
            self._began_s = came_s
            self._begin(muxer.described)
        self._broken = False
        self._copy(unit, self._pace.at(came_s, stamp_s), key=key)
        self.counts.encoded += 1

    def _repeat(self, now_s: float) -> None:
        if self.stale:
            self._broken = True
            self.counts.repeated += 1
            self._copy(self._cards[self.counts.repeated % _CARDS], now_s, key=True)

    def _copy(self, unit: bytes, now_s: float, *, key: bool) -> None:
        assert isinstance(self._muxer, _CopyingMuxer)
        self._muxer.picture(unit, self._time_ms(now_s), key=key)
        self._sent_s = now_s


def _configuration(units: list[bytes]) -> bytes:
    """Return an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1.2)."""
    sets = {kind: [u for u in units if u[:1] and u[0] & 0x1F == kind] for kind in (_SPS, _PPS)}
    profile = sets[_SPS][0][1:4]
    record = b"\x01" + profile + b"\xff"
    for kind, reserved in ((_SPS, 0xE0), (_PPS, 0)):
        record += bytes([reserved | len(sets[kind])])
        record += b"".join(len(one).to_bytes(2, "big") + one for one in sets[kind])
    return record + (b"\xfd\xf8\xf8\x00" if profile[0] in _WITH_CHROMA else b"")


def _cards(size: Size) -> list[bytes]:
    """Return key frames of the card that is shown in place of an old picture."""
    width, height = (side // 2 * 2 for side in size)
    pictures = StreamPictures()
    pictures.size = width, height
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 2), Fraction(2)
    encoder.thread_count = 1
    encoder.profile = "Baseline"
    encoder.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "forced-idr": "1",
        "x264-params": "sps-id=1",
    }
    made = []
    for number in range(_CARDS):
        card = pictures.card()
        card.pts, card.pict_type = number, PictureType.I
        made += [bytes(packet) for packet in encoder.encode(card)]
    return made
