# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What aiortc needs changed to talk to the robot; importing this module applies the first two.

* Ciphers: aiortc's DTLS offers no cipher that GStreamer's ``webrtcsink`` accepts, so that the
  handshake with a robot always fails. Seen with aiortc 1.16; unnecessary once a release contains
  https://github.com/aiortc/aiortc/pull/1392.
* Loopback: aioice never gathers 127.0.0.1, so that two peers on one machine, where nothing may
  leave it, find no path. Seen with aioice 0.10; unnecessary once aioice has a setting for it.
* :class:`DecoderGate`: aiortc decodes whatever arrives, wanted or not, and queues without bound
  what it cannot decode in time. Seen with aiortc 1.16; unnecessary once a receiver can hand out
  encoded frames.
* :class:`Connection`: aiortc connects in a task that nobody waits for, and what fails there, as it
  does for an offer without a fingerprint, is seen by nobody. Seen with aiortc 1.16; unnecessary
  once that ends in the connection state ``failed``.
"""

import queue
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any

import aioice.ice
from aiortc import RTCPeerConnection, RTCRtpReceiver
from aiortc.rtcdtlstransport import RTCCertificate

from reachy_mini_ros.media.sound_buffer import in_order
from reachy_mini_ros.statistics import Window

_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"
)


class Loopback(Enum):
    """What the ICE candidates of a connection are to be."""

    NEVER = "never"
    ALSO = "also"
    ONLY = "only"


_loopback: ContextVar[Loopback] = ContextVar("loopback", default=Loopback.NEVER)


@contextmanager
def gathering(loopback: Loopback) -> Iterator[None]:
    """Hold ``loopback`` for what is gathered inside, in this task.

    Wrap ``setLocalDescription`` in it: that is where aiortc gathers.
    """
    token = _loopback.set(loopback)
    try:
        yield
    finally:
        _loopback.reset(token)


_create_ssl_context = RTCCertificate._create_ssl_context
_get_host_addresses = aioice.ice.get_host_addresses


def _with_robot_ciphers(self: RTCCertificate, *args: Any, **kwargs: Any) -> Any:
    context = _create_ssl_context(self, *args, **kwargs)
    context.set_cipher_list(_CIPHERS)
    return context


def _with_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    loopback = _loopback.get()
    if loopback is Loopback.ONLY:
        return ["127.0.0.1"]
    addresses: list[str] = _get_host_addresses(use_ipv4, use_ipv6)
    return [*addresses, "127.0.0.1"] if loopback is Loopback.ALSO else addresses


class DecoderGate(queue.Queue[Any]):
    """The queue before a receiver's decoder thread, with a door that can be shut.

    A shut gate lets no encoded frame through. Open again, it waits for a key frame first, as
    pictures decoded without their references are garbage: see :attr:`waits_for_key_frame`.
    Install it after setRemoteDescription and before setLocalDescription, which starts the decoder.
    """

    _BACKLOG = 60
    """Encoded frames that may wait for the decoder: 2 s of a 30 Hz stream."""

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        super().__init__()
        self.is_open = False
        self.opened_ns = 0
        self.waits_for_key_frame = False
        self.arrivals = Window()
        """Of encoded frames, wanted or not."""
        self.arrived_ns = 0
        """When the last of them came, ``time.monotonic_ns()``; 0 before the first."""
        self._receiver = receiver
        assert hasattr(receiver, "_RTCRtpReceiver__decoder_queue"), "this aiortc is another one"
        receiver._RTCRtpReceiver__decoder_queue = self

    def open(self) -> None:
        """Let frames through, from the next key frame on."""
        if not self.is_open:
            self.is_open = self.waits_for_key_frame = True
            self.opened_ns = time.monotonic_ns()

    def shut(self) -> None:
        """Let nothing through."""
        self.is_open = self.waits_for_key_frame = False

    async def request_key_frame(self) -> None:
        """Ask the sender for a key frame (RTCP PLI, RFC 4585 section 6.3.1)."""
        for source in self._receiver.getSynchronizationSources():
            await self._receiver._send_rtcp_pli(source.source)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Take an encoded frame from the receiver; None ends the decoder."""
        if item is not None:
            self.arrivals.add()
            self.arrived_ns = time.monotonic_ns()
            if not self.is_open:
                return
            if self.qsize() > self._BACKLOG:
                self.waits_for_key_frame = True
            codec, encoded = item
            if self.waits_for_key_frame:
                if not _is_key_frame(codec.name, encoded.data):
                    return
                self.waits_for_key_frame = False
            for frame in in_order(encoded):
                super().put((codec, frame), block, timeout)
        else:
            super().put(item, block, timeout)


class Connection(RTCPeerConnection):
    """A connection that keeps what its connecting failed with."""

    failure: Exception | None = None

    async def _RTCPeerConnection__connect(self) -> None:  # noqa: N802 - aiortc's own, private
        try:
            await super()._RTCPeerConnection__connect()  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - aiortc promises no types
            self.failure = error


def _is_key_frame(codec: str, data: bytes) -> bool:
    """Whether decoding can begin here; always so with sound.

    H264: an IDR slice among the NAL units (type 5, H.264 table 7-1); VP8: the inverted key frame
    bit (RFC 6386, section 9.1).
    """
    if codec == "H264":
        return re.search(rb"\x00\x00\x01[\x05\x25\x45\x65]", data) is not None
    if codec == "VP8":
        return bool(data) and not data[0] & 1
    return True


assert hasattr(RTCPeerConnection, "_RTCPeerConnection__connect"), "this aiortc is another one"
RTCCertificate._create_ssl_context = _with_robot_ciphers  # type: ignore[method-assign]
aioice.ice.get_host_addresses = _with_loopback
