# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The encoded stream on its way to the senders: FLV, cut into its tags.

Of all containers it is the one whose header comes whole at once, whose packets can be told apart by
a dozen bytes, and that RTMP carries as it is. Adobe Flash Video File Format 10.1, annex E; Opus as
in Enhanced RTMP 2.
"""

from dataclasses import dataclass

from reachy_mini_ros.media import opus

AUDIO, VIDEO = 8, 9
FILE_HEADER = b"FLV\x01\x05" + (9).to_bytes(4, "big") + bytes(4)
"""Sound and picture follow; with the size of the tag before the first one, which is none."""
_TAG_HEADER, _TRAILER = 11, 4
_KEY_FRAME = 1
_EXTENDED = 9
_OPUS_DESCRIBED, _OPUS_PACKET = b"\x90Opus", b"\x91Opus"


@dataclass(frozen=True)
class Tag:
    """One packet of sound or picture, or what a player must know before the first of them."""

    kind: int
    time_ms: int
    """Decoding time."""
    body: bytes

    @property
    def describes(self) -> bool:
        """Return whether it is no packet but describes packets, or their end."""
        if self.is_opus:
            return self.body[0] & 0xF != 1
        return self.kind not in (AUDIO, VIDEO) or self.body[1] != 1

    @property
    def is_opus(self) -> bool:
        """Return whether it is of sound that is Opus; else sound is AAC."""
        return self.kind == AUDIO and self.body[0] >> 4 == _EXTENDED

    @property
    def key(self) -> bool:
        """Return whether a player can begin with it."""
        return self.kind == VIDEO and not self.describes and self.body[0] >> 4 == _KEY_FRAME

    @property
    def payload(self) -> bytes:
        """Return the packet: Opus, AAC without ADTS, or H264 with the length before each unit."""
        return self.body[5 if self.kind == VIDEO or self.is_opus else 2 :]

    def encode(self, base_ms: int = 0) -> bytes:
        """Return the tag as in a file that began at ``base_ms`` on the tags' clock."""
        size = len(self.body).to_bytes(3, "big")
        time_ms = max(0, self.time_ms - base_ms)
        time = (time_ms & 0xFFFFFF).to_bytes(3, "big") + bytes([time_ms >> 24 & 0x7F])
        trailer = (_TAG_HEADER + len(self.body)).to_bytes(_TRAILER, "big")
        return b"".join((bytes([self.kind]), size, time, bytes(3), self.body, trailer))


def opus_described() -> Tag:
    """Return what describes sound that is Opus."""
    return Tag(AUDIO, 0, _OPUS_DESCRIBED + opus.head(2))


def opus_packet(time_ms: int, packet: bytes) -> Tag:
    """Return a packet of Opus as a tag."""
    return Tag(AUDIO, time_ms, _OPUS_PACKET + packet)


class TagReader:
    """Cuts an FLV file into its tags, whatever pieces it comes in."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._skip = len(FILE_HEADER)

    def add(self, piece: bytes) -> list[Tag]:
        """Take the next piece, and return the tags that are complete with it."""
        self._waiting += piece
        if len(self._waiting) < self._skip:
            return []
        at, self._skip = self._skip, 0
        tags = []
        while (tag := self._tag(at)) is not None:
            tags.append(tag)
            at += _TAG_HEADER + len(tag.body) + _TRAILER
        del self._waiting[:at]
        return tags

    def _tag(self, at: int) -> Tag | None:
        header = self._waiting[at : at + _TAG_HEADER]
        end = at + _TAG_HEADER + int.from_bytes(header[1:4], "big")
        if len(header) < _TAG_HEADER or len(self._waiting) < end + _TRAILER:
            return None
        time_ms = int.from_bytes(header[4:7], "big") | header[7] << 24
        return Tag(header[0], time_ms, bytes(self._waiting[at + _TAG_HEADER : end]))
