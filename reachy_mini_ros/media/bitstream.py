# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the bytes of encoded pictures say of them: H264 (ITU-T H.264) and VP8 (RFC 6386)."""

from collections.abc import Iterator

H264, VP8 = "h264", "vp8"
_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
_START = b"\x00\x00\x01"
_VP8_START = b"\x9d\x01\x2a"
_WITH_CHROMA_FORMAT = (44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244)
"""The profiles whose SPS says how colour is sampled (H.264, 7.3.2.1.1)."""

Size = tuple[int, int]
"""Width and height in pixels."""


def is_key_frame(codec: str, data: bytes) -> bool:
    """Tell whether decoding can begin with this picture.

    H264: its first slice is one of an IDR picture (type 5, H.264 table 7-1), as all are then;
    VP8: the inverted key frame bit (RFC 6386, section 9.1).
    """
    if codec == H264:
        return _first_slice(data) == _IDR
    return bool(data) and not data[0] & 1


def is_whole_key_frame(codec: str, data: bytes) -> bool:
    """Tell whether it is a key frame whose beginning is there, which a lost packet may have had."""
    if codec == VP8:
        return data[3:6] == _VP8_START and is_key_frame(codec, data)
    if not data.startswith(_START, 1) or not is_key_frame(codec, data):
        return False
    first = next(nal_units(data), b"")
    if len(first) < 2:
        return False
    slices = range(_SLICE, _IDR + 1)
    # The number of a slice's first macroblock comes first; 0 is a single 1 (H.264, 9.1).
    return first[0] & 0x1F not in slices or bool(first[1] & 0x80)


def _first_slice(data: bytes) -> int:
    """Return the type of the first slice, 0 without one, and look no further."""
    at = data.find(_START) + len(_START)
    while len(_START) <= at < len(data):
        kind = data[at] & 0x9F
        if _SLICE <= kind <= _IDR:
            return kind
        at = data.find(_START, at) + len(_START)
    return 0


def nal_units(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an Annex B byte stream (H.264, annex B), without start codes."""
    begin = data.find(_START)
    while begin >= 0:
        begin += len(_START)
        end = data.find(_START, begin)
        yield data[begin : end if end >= 0 else None].rstrip(b"\x00")
        begin = end


def parameter_sets(data: bytes) -> bytes:
    """Return SPS and PPS of an access unit as Annex B; empty without both."""
    found = [unit for unit in nal_units(data) if unit and unit[0] & 0x1F in (_SPS, _PPS)]
    if {unit[0] & 0x1F for unit in found} != {_SPS, _PPS}:
        return b""
    return b"".join(b"\x00" + _START + unit for unit in found)


def picture_size(codec: str, data: bytes) -> Size | None:
    """Return the size that a key frame states; None if it states none that can be read."""
    if codec == VP8:  # RFC 6386, section 9.1; the upper two bits scale what is shown
        if data[3:6] != _VP8_START or len(data) < 10:
            return None
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        return width, height
    for unit in nal_units(data):
        if unit and unit[0] & 0x1F == _SPS:
            try:
                return _sps_size(unit)
            except IndexError:
                return None
    return None


class _Bits:
    """Reads fields of a NAL unit (H.264, 7.2 and 9.1); IndexError after its end."""

    def __init__(self, unit: bytes) -> None:
        # The third of the bytes 0 0 3 only keeps a start code from standing there (H.264, 7.4.1).
        self._data = unit[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        self._at = 0

    def fixed(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at // 8] >> 7 - self._at % 8 & 1
            self._at += 1
        return value

    def unsigned(self) -> int:
        zeros = 0
        while not self.fixed(1):
            zeros += 1
        return (1 << zeros) - 1 + self.fixed(zeros)

    def signed(self) -> int:
        value = self.unsigned()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def _sps_size(unit: bytes) -> Size:
    """Return what is shown of the pictures (H.264, 7.3.2.1.1 and 7.4.2.1.1)."""
    bits = _Bits(unit)
    profile = bits.fixed(8)
    bits.fixed(16)  # constraints and level
    bits.unsigned()
    chroma = 1
    if profile in _WITH_CHROMA_FORMAT:
        chroma = _skip_chroma_and_scaling(bits)
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.fixed(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
    bits.unsigned()
    bits.fixed(1)
    width = 16 * (bits.unsigned() + 1)
    height = 16 * (bits.unsigned() + 1)
    frames_only = bits.fixed(1)
    if not frames_only:
        height *= 2
        bits.fixed(1)
    bits.fixed(1)
    if bits.fixed(1):
        step_x = 2 if chroma in (1, 2) else 1
        step_y = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= step_x * (bits.unsigned() + bits.unsigned())
        height -= step_y * (bits.unsigned() + bits.unsigned())
    return width, height


def _skip_chroma_and_scaling(bits: _Bits) -> int:
    """Return the format of the colours; what follows it is read and not used."""
    chroma = bits.unsigned()
    separate = bits.fixed(1) if chroma == 3 else 0
    bits.unsigned()
    bits.unsigned()
    bits.fixed(1)
    if bits.fixed(1):
        for index in range(12 if chroma == 3 else 8):
            if bits.fixed(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return 0 if separate else chroma


def _skip_scaling_list(bits: _Bits, count: int) -> None:
    last = following = 8
    for _ in range(count):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
