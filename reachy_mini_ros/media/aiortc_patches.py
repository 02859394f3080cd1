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
* :func:`on_key_frame_request`: aiortc passes what a receiver asks for to encoders of its own only.
  Seen with aiortc 1.16; unnecessary once a track of packets hears of it.
* :meth:`Connection.prefer_h264`: aiortc looks at a transceiver's codec preferences when it applies
  an offer, which is what makes the transceiver. Seen with aiortc 1.16; unnecessary once it does so
  for the answer.
"""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any

import aioice.ice
from aiortc import RTCPeerConnection, RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcdtlstransport import RTCCertificate

from reachy_mini_ros.media import bitstream
from reachy_mini_ros.media.picture_buffer import PictureFrame
from reachy_mini_ros.media.received import in_order
from reachy_mini_ros.statistics import Window

_VIDEO = ("H264", "VP8")
_CONSTRAINED_BASELINE = "42e0"
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

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        tap: Callable[[str, JitterFrame], None] = lambda codec, frame: None,
    ) -> None:
        """``tap`` gets every encoded frame as it comes, with its codec, whatever the door is."""
        super().__init__()
        self._tap = tap
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

    @property
    def sources(self) -> list[int]:
        """Return the SSRCs of what came lately, which a key frame can be asked of."""
        return [source.source for source in self._receiver.getSynchronizationSources()]

    async def request_key_frame(self) -> None:
        """Ask the sender for a key frame (RTCP PLI, RFC 4585 section 6.3.1)."""
        for source in self.sources:
            await self._receiver._send_rtcp_pli(source)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Take an encoded frame from the receiver; None ends the decoder."""
        if item is None:
            super().put(item, block, timeout)
            return
        self.arrived_ns = time.monotonic_ns()
        codec, encoded = item
        for frame in in_order(encoded):
            self.arrivals.add()
            self._tap(codec.name, frame)
            if self._lets_through(codec.name, frame):
                super().put((codec, frame), block, timeout)

    def _lets_through(self, codec: str, frame: JitterFrame) -> bool:
        if not self.is_open:
            return False
        follows = not isinstance(frame, PictureFrame) or frame.follows
        if not follows or self.qsize() > self._BACKLOG:
            self.waits_for_key_frame = True
        if self.waits_for_key_frame:
            self.waits_for_key_frame = not _can_begin(codec, frame.data, whole=follows)
        return not self.waits_for_key_frame


class Connection(RTCPeerConnection):
    """A connection that keeps what its connecting failed with."""

    failure: Exception | None = None

    async def _RTCPeerConnection__connect(self) -> None:  # noqa: N802 - aiortc's own, private
        try:
            await super()._RTCPeerConnection__connect()  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - aiortc promises no types
            self.failure = error

    def prefer_h264(self) -> None:
        """Answer with H264 alone where it is offered, constrained baseline first.

        Of several codecs a sender may take the one that it likes best. Call it between
        setRemoteDescription and createAnswer.
        """
        for transceiver in self.getTransceivers():
            h264 = [codec for codec in transceiver._codecs if codec.name == "H264"]
            if h264:
                h264.sort(key=_is_another_profile)
                numbers = {codec.payloadType for codec in h264}
                again = (
                    codec for codec in transceiver._codecs if codec.parameters.get("apt") in numbers
                )
                transceiver._codecs = [*h264, *again]


def on_key_frame_request(sender: RTCRtpSender, heard: Callable[[], None]) -> None:
    """Call ``heard`` when the receiver of what ``sender`` sends asks for a key frame."""
    assert hasattr(sender, "_send_keyframe"), "this aiortc is another one"
    sender._send_keyframe = heard  # type: ignore[method-assign]


def _can_begin(codec: str, data: bytes, *, whole: bool) -> bool:
    """Whether decoding can begin here, always so with sound; ``whole`` if no part is missing."""
    if codec not in _VIDEO:
        return True
    judge = bitstream.is_key_frame if whole else bitstream.is_whole_key_frame
    return judge(codec.lower(), data)


def _is_another_profile(codec: RTCRtpCodecParameters) -> bool:
    profile = str(codec.parameters.get("profile-level-id", _CONSTRAINED_BASELINE))
    return not profile.lower().startswith(_CONSTRAINED_BASELINE)


assert hasattr(RTCPeerConnection, "_RTCPeerConnection__connect"), "this aiortc is another one"
RTCCertificate._create_ssl_context = _with_robot_ciphers  # type: ignore[method-assign]
aioice.ice.get_host_addresses = _with_loopback
