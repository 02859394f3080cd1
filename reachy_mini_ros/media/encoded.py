# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as the robot encoded them: what can be decoded, and nothing torn."""

from collections.abc import Callable
from dataclasses import dataclass

from reachy_mini_ros.media import bitstream
from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.bitstream import H264
from reachy_mini_ros.media.frames import EncodedFrame
from reachy_mini_ros.media.picture_buffer import PictureFrame

_CLOCK_HZ = 90_000
_FIRST_PERIOD = _CLOCK_HZ // 30
_LONGEST_PERIOD = _CLOCK_HZ


@dataclass
class EncodedCounts:
    """What became of the encoded pictures."""

    codec: str = ""
    """``h264`` or ``vp8``; empty before the first key frame."""
    gaps: int = 0
    """How often pictures were missing between two that were handed out."""
    missing: int = 0
    """How many, as far as known."""


class EncodedPictures:
    """Takes what arrives of all sessions with a robot and gives what can be decoded, in order.

    After a gap, a stall or another session that is nothing until the next key frame.
    """

    def __init__(self, give: Callable[[EncodedFrame], None]) -> None:
        self.counts = EncodedCounts()
        self.wanted = False
        """Whether anybody takes them."""
        self.key_frame_wanted = False
        """Whether somebody begins, who needs a key frame; until it has come."""
        self._give = give
        self._backlog = Backlog()
        self._broken = True
        self._offset: int | None = None
        self._pts = 0
        self._captured_ns = 0
        """Of the last picture that arrived; 0 before the first."""
        self._period = _FIRST_PERIOD
        self._sequence = 0
        self._given: int | None = None
        self._size = (0, 0)
        self._parameter_sets = b""

    @property
    def needs_key_frame(self) -> bool:
        """Return whether a key frame is to be asked for."""
        return self.wanted and (self._broken or self.key_frame_wanted)

    def restart(self) -> None:
        """Begin with another session."""
        self._offset = None
        self._broken = True
        self._parameter_sets = b""
        self._backlog.restart()

    def add(self, codec: str, picture: PictureFrame, captured_ns: int, arrived_ns: int) -> None:
        """Take the next picture that arrived; ``codec`` is as WebRTC names it."""
        codec = codec.lower()
        self._count(picture, captured_ns)
        held = self._backlog.holds(captured_ns, arrived_ns)
        is_key = bitstream.is_key_frame(codec, picture.data)
        data = self._complete(codec, picture.data) if is_key else picture.data
        self._broken = self._broken or held or not picture.follows or not data
        if self._broken:
            if held or not is_key or not data:
                return
            self._broken = False
        if is_key:
            self.key_frame_wanted = False
            self.counts.codec = codec
            self._size = bitstream.picture_size(codec, data) or self._size
        self._count_missing()
        width, height = self._size
        self._give(
            EncodedFrame(
                codec=codec,
                data=data,
                is_key=is_key,
                captured_ns=captured_ns,
                arrived_ns=arrived_ns,
                pts=self._pts,
                sequence=self._sequence,
                width=width,
                height=height,
            )
        )

    def _count(self, picture: PictureFrame, captured_ns: int) -> None:
        """Go on with media time and number; another session's go on by this machine's clock."""
        if self._offset is None:
            passed = max(0, captured_ns - self._captured_ns) * _CLOCK_HZ // 10**9
            self._offset = self._pts + passed - picture.timestamp
        step = picture.timestamp + self._offset - self._pts
        if picture.follows:
            self._sequence += 1
            if 0 < step < _LONGEST_PERIOD:
                self._period = step
        elif self._captured_ns:
            self._sequence += max(1, round(step / self._period))
        self._pts = max(self._pts + 1, picture.timestamp + self._offset)
        self._captured_ns = captured_ns

    def _count_missing(self) -> None:
        missing = self._sequence - self._given - 1 if self._given is not None else 0
        self.counts.gaps += missing > 0
        self.counts.missing += missing
        self._given = self._sequence

    def _complete(self, codec: str, data: bytes) -> bytes:
        """Return a key frame with what describes it; nothing if a part of it is missing."""
        if not bitstream.is_whole_key_frame(codec, data):
            return b""
        if codec != H264:
            return data
        if sets := bitstream.parameter_sets(data):
            self._parameter_sets = sets
            return data
        return self._parameter_sets + data if self._parameter_sets else b""
