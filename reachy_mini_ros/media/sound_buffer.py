# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Puts the packets of sound in order, without holding back those that are.

aiortc's own buffer holds sound back for 4 packets (80 ms) always, and, once a packet was lost, for
14 (280 ms) until the end of the session. Seen with aiortc 1.16; unnecessary once its buffer can be
chosen and lets go of everything that is ready.
"""

from aiortc import RTCRtpReceiver
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add

from reachy_mini_ros.media.received import ReceivedFrame


class SoundBuffer:
    """Stands in for the jitter buffer of a receiver of sound, each packet of which is a frame.

    What is in order goes on at once. A missing packet is waited for until so many newer ones are
    there that it must be lost. Install it after setRemoteDescription.
    """

    _PATIENCE = 4
    _RESTART = 1000
    """A sequence number so far from the expected one is that of a stream that began anew."""

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        self._next: int | None = None
        self._waiting: dict[int, RtpPacket] = {}
        assert hasattr(receiver, "_RTCRtpReceiver__jitter_buffer"), "this aiortc is another one"
        receiver._RTCRtpReceiver__jitter_buffer = self

    def add(self, packet: RtpPacket) -> tuple[bool, ReceivedFrame | None]:
        """Take a packet; return whether to ask for a key frame (never), and what is ready."""
        number = packet.sequence_number
        if self._next is None or self._RESTART < uint16_add(number, -self._next) < 2**16 - 100:
            self._next = number
            self._waiting.clear()
        if uint16_add(number, -self._next) >= 2**15:
            return False, None  # too late, or here already
        self._waiting[number] = packet
        if len(self._waiting) > self._PATIENCE and self._next not in self._waiting:
            expected = self._next
            self._next = min(self._waiting, key=lambda waiting: uint16_add(waiting, -expected))
        ready = []
        while (waiting := self._waiting.pop(self._next, None)) is not None:
            ready.append(ReceivedFrame(waiting._data, waiting.timestamp))  # type: ignore[attr-defined]
            self._next = uint16_add(self._next, 1)
        if not ready:
            return False, None
        ready[0].later = ready[1:]
        return False, ready[0]
