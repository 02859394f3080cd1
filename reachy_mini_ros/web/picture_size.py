# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The size of a JPEG or PNG picture, read from its head alone."""

import struct

_PNG = b"\x89PNG\r\n\x1a\n"
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
"""JPEG markers without a length: TEM, RST0 to RST7, SOI."""
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers SOF0 to SOF15, without DHT, JPG and DAC (ITU-T T.81, table B.1)."""


class SizeError(ValueError):
    """The bytes do not begin a JPEG or PNG picture."""


def picture_size(head: bytes) -> tuple[int, int]:
    """Return (width, height) in px; raises SizeError if ``head`` does not tell."""
    try:
        if head.startswith(_PNG):
            width, height = struct.unpack_from(">II", head, 16)
        elif head.startswith(b"\xff\xd8"):
            width, height = _jpeg_size(head)
        else:
            raise SizeError("neither JPEG nor PNG")
    except (struct.error, IndexError):
        raise SizeError("the picture ends before its size") from None
    if not width or not height:
        raise SizeError("the picture is empty")
    return width, height


def _jpeg_size(head: bytes) -> tuple[int, int]:
    position = 2
    while True:
        if head[position] != 0xFF:
            raise SizeError("no JPEG marker where one is due")
        marker = head[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
        elif marker in _STANDALONE:
            position += 2
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", head, position + 5)
            return width, height
        else:
            position += 2 + struct.unpack_from(">H", head, position + 2)[0]
