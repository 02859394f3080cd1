# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What aiortc is made to do otherwise: what its decoder gets, and where it can be reached."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aioice.ice
from aiortc import RTCPeerConnection
from aiortc.codecs import get_capabilities
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket
from harness.loop import on_a_loop

from reachy_mini_ros.media.aiortc_patches import DecoderGate, Loopback, gathering
from reachy_mini_ros.media.picture_buffer import PictureFrame

KEY, OTHER = b"\0\0\0\1\x65\x88", b"\0\0\0\1\x41\x9a"
"""H264: the beginning of an IDR picture, and of one that needs others."""
H264 = next(codec for codec in get_capabilities("video").codecs if codec.mimeType == "video/H264")
OPUS = next(codec for codec in get_capabilities("audio").codecs if codec.mimeType == "audio/opus")


def picture(data: bytes, *, follows: bool = True) -> JitterFrame:
    packet = RtpPacket(sequence_number=1, timestamp=90_000)
    packet._data = data  # type: ignore[attr-defined]
    return PictureFrame([packet], follows=follows, held_back=0)


class Gate:
    """The gate of a receiver, and what came to its tap."""

    def __init__(self, kind: str, connection: RTCPeerConnection) -> None:
        self.tapped: list[tuple[str, JitterFrame]] = []
        receiver = connection.addTransceiver(kind).receiver
        self.gate = DecoderGate(receiver, lambda *told: self.tapped.append(told))
        self._codec = H264 if kind == "video" else OPUS

    def lets_through(self, frame: JitterFrame) -> bool:
        before = self.gate.qsize()
        self.gate.put((self._codec, frame))
        return self.gate.qsize() > before


@asynccontextmanager
async def gate_of(kind: str) -> AsyncIterator[Gate]:
    connection = RTCPeerConnection()
    try:
        yield Gate(kind, connection)
    finally:
        await connection.close()


@on_a_loop
async def test_a_shut_gate_lets_nothing_through_and_tells_of_all() -> None:
    async with gate_of("video") as one:
        assert one.gate.arrived_ns == 0
        assert not one.lets_through(picture(KEY))
        assert not one.gate.waits_for_key_frame
        assert [codec for codec, _ in one.tapped] == ["H264"]
        assert one.gate.arrived_ns > 0
        assert not one.lets_through(picture(OTHER))
        assert one.gate.arrivals.rate_hz() > 0


@on_a_loop
async def test_an_open_one_begins_with_a_key_frame() -> None:
    async with gate_of("video") as one:
        one.gate.open()
        opened_ns = one.gate.opened_ns
        assert one.gate.waits_for_key_frame
        assert not one.lets_through(picture(OTHER))
        assert one.lets_through(picture(KEY))
        assert one.lets_through(picture(OTHER))
        one.gate.open()  # it is
        assert one.lets_through(picture(OTHER))
        assert one.gate.opened_ns == opened_ns > 0
        one.gate.shut()
        assert not one.lets_through(picture(KEY))


@on_a_loop
async def test_after_a_loss_it_waits_for_a_key_frame_that_is_whole() -> None:
    async with gate_of("video") as one:
        one.gate.open()
        assert one.lets_through(picture(KEY))
        assert not one.lets_through(picture(OTHER, follows=False))
        assert not one.lets_through(picture(OTHER))
        # A later slice of one: its first macroblock is not number 0.
        assert not one.lets_through(picture(b"\0\0\0\1\x65\x40", follows=False))
        assert one.gate.waits_for_key_frame
        assert one.lets_through(picture(KEY, follows=False))
        assert one.lets_through(picture(OTHER))


@on_a_loop
async def test_a_decoder_that_cannot_follow_gets_the_next_key_frame() -> None:
    async with gate_of("video") as one:
        one.gate.open()
        assert one.lets_through(picture(KEY))
        let_through = 1
        while one.lets_through(picture(OTHER)):
            let_through += 1
        assert let_through == 61
        while not one.gate.empty():
            one.gate.get()
        assert not one.lets_through(picture(OTHER))
        assert one.lets_through(picture(KEY))


@on_a_loop
async def test_sound_needs_no_key_frame_and_the_end_passes_always() -> None:
    async with gate_of("audio") as one:
        one.gate.put(None)
        assert one.gate.get() is None
        one.gate.open()
        assert one.lets_through(JitterFrame(b"sound", 960))
        assert not one.gate.waits_for_key_frame


def test_loopback_is_gathered_only_where_it_is_asked_for() -> None:
    def gathered() -> list[str]:
        return aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False)

    others = gathered()
    assert "127.0.0.1" not in others
    with gathering(Loopback.ONLY):
        assert gathered() == ["127.0.0.1"]
        with gathering(Loopback.ALSO):
            assert gathered() == [*others, "127.0.0.1"]
    assert gathered() == others
