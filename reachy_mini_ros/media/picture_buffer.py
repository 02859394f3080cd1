# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes whole pictures of packets, lets each go with its last one, and tells what is missing.

aiortc's own buffer lets a picture go when the next one begins, a frame period late; it waits for a
lost packet until 512 others came, seconds later, and then hands out pictures with parts missing as
if they were whole. Seen with aiortc 1.16; unnecessary once its buffer can be chosen, looks at the
marker and tells of losses.
"""

import time

from aiortc import RTCRtpReceiver
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add

from reachy_mini_ros.media.received import ReceivedFrame

_PATIENCE_S = 0.2
"""A missing packet, which the robot is asked for again, is waited for so long."""
_MOST_WAITING = 512
_RESTART = 1000
"""A sequence number so far from the expected one is that of a stream that began anew."""


class PictureFrame(ReceivedFrame):
    """An encoded picture, whole at its end."""

    def __init__(self, packets: list[RtpPacket], *, follows: bool, held_back: int) -> None:
        data = b"".join(packet._data for packet in packets)  # type: ignore[attr-defined]
        super().__init__(data, packets[0].timestamp)
        self.follows = follows
        """Whether nothing is missing before it; if so, its own beginning may be missing too."""
        self.held_back = held_back
        """Frame periods that it waited for the next one to show where it ends."""


class PictureBuffer:
    """Stands in for the jitter buffer of a receiver of pictures.

    A picture ends with the packet that bears the marker (RFC 6184, section 5.1; RFC 7741, section
    4.1), or where the time stamp changes. Install it after setRemoteDescription.
    """

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        self._next: int | None = None
        self._waiting: dict[int, RtpPacket] = {}
        self._missing_since_s: float | None = None
        self._packets: list[RtpPacket] = []
        """Of the picture that is not complete yet."""
        self._follows = False
        self._ended: int | None = None
        """Time stamp of the picture that a marker ended last."""
        self._markers_lie = False
        assert hasattr(receiver, "_RTCRtpReceiver__jitter_buffer"), "this aiortc is another one"
        receiver._RTCRtpReceiver__jitter_buffer = self

    def add(self, packet: RtpPacket) -> tuple[bool, PictureFrame | None]:
        """Take a packet; return whether to ask for a key frame (never), and what is ready."""
        number = packet.sequence_number
        if (
            self._next is None
            or _RESTART < uint16_add(number, -self._next) < 2**16 - _RESTART  # begun anew
        ):
            self._waiting.clear()
            self._go_on_at(number)
        assert self._next is not None
        if uint16_add(number, -self._next) >= 2**15:
            return False, None  # too late, or here already
        self._waiting[number] = packet
        ready = self._ready()
        if self._waiting and self._is_lost():
            expected = self._next
            self._go_on_at(min(self._waiting, key=lambda one: uint16_add(one, -expected)))
            ready += self._ready()
        if not ready:
            return False, None
        ready[0].later = ready[1:]
        return False, ready[0]

    def _go_on_at(self, number: int) -> None:
        """Give up what is missing before this packet, and the picture that it belongs to."""
        self._next = number
        self._packets.clear()
        self._follows = False
        self._missing_since_s = None

    def _is_lost(self) -> bool:
        """Tell whether the packet that the others wait for has been waited for long enough."""
        now_s = time.monotonic()
        if self._missing_since_s is None:
            self._missing_since_s = now_s
        return now_s - self._missing_since_s > _PATIENCE_S or len(self._waiting) > _MOST_WAITING

    def _ready(self) -> list[PictureFrame]:
        ready: list[PictureFrame] = []
        assert self._next is not None
        while (packet := self._waiting.pop(self._next, None)) is not None:
            self._next = uint16_add(self._next, 1)
            self._missing_since_s = None
            ready += self._take(packet)
        return ready

    def _take(self, packet: RtpPacket) -> list[PictureFrame]:
        """Return the pictures that are complete with the next packet."""
        ready = []
        if self._packets and packet.timestamp != self._packets[0].timestamp:
            ready += self._picture()
        elif not self._packets and packet.timestamp == self._ended:
            if not packet._data:  # type: ignore[attr-defined]
                return []  # padding, which probes the way
            # The marker stood in the middle of a picture: its first part was handed out as whole.
            self._markers_lie, self._follows = True, False
        self._packets.append(packet)
        if packet.marker and not self._markers_lie:
            self._ended = packet.timestamp
            ready += self._picture()
        return ready

    def _picture(self) -> list[PictureFrame]:
        held_back = int(self._ended is None or self._markers_lie)
        frame = PictureFrame(self._packets, follows=self._follows, held_back=held_back)
        self._packets, self._follows = [], True
        return [frame] if frame.data else []
