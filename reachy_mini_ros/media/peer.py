# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One WebRTC connection with the robot: answers its offer, hands out pictures and sound."""

import asyncio
import time
from collections.abc import Callable

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp

from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.media.aiortc_patches import DecoderGate, Loopback, gathering
from reachy_mini_ros.media.capture_time import CaptureClock
from reachy_mini_ros.media.frames import Frame, PcmFrame
from reachy_mini_ros.media.signalling import Candidate, Offer
from reachy_mini_ros.media.sound_buffer import SoundBuffer

_HELD_BACK = {"video": 1, "audio": 1}
"""Frame periods that pass before a frame is let go: aiortc's jitter buffer waits for the next
picture, and a packet of sound is sent when its last sample is there."""
_ASK_AGAIN_S = 0.5
_CLOSE_S = 1.0
_UNREADABLE = (
    InvalidStateError,
    OperationError,
    ValueError,
    LookupError,
    AttributeError,
    AssertionError,
)
"""What aiortc raises for descriptions and candidates that it cannot use."""


class Peer:
    """Use it on one event loop and :meth:`close` it; nothing of it is left then."""

    def __init__(
        self,
        loopback: Loopback,
        on_video: Callable[[Frame], None],
        on_audio: Callable[[PcmFrame], None],
        speaker: MediaStreamTrack | None = None,
    ) -> None:
        self._loopback = loopback
        self._consume = {"video": self._video(on_video), "audio": self._audio(on_audio)}
        self._speaker = speaker
        # No ICE servers: aiortc would ask a public STUN server by default.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._answered = False
        self._asked_s = 0.0
        self._early: list[Candidate] = []
        self._drains: list[asyncio.Task[None]] = []
        self.gates: dict[str, DecoderGate] = {}
        """The gates before the decoders of ``video`` and ``audio``, once there is an offer."""
        self.decoded_ns = 0
        """When the last picture was decoded, 0 before the first."""

    @property
    def failed(self) -> bool:
        """Return whether the connection broke or was closed by the robot."""
        return self._connection.connectionState in ("failed", "closed")

    async def answer(self, offer: Offer) -> str:
        """Apply the robot's offer and return our answer's SDP.

        Raises RobotError if the offer cannot be answered.
        """
        connection = self._connection
        try:
            await connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
            for receiver in connection.getReceivers():
                if receiver.track is not None:
                    self._receive(receiver)
            self._answered = True
            for candidate in self._early:
                await self.add_candidate(candidate)
            if self._speaker is not None:
                connection.addTrack(self._speaker)
            answer = await connection.createAnswer()
            with gathering(self._loopback):
                await connection.setLocalDescription(answer)
        except _UNREADABLE as error:
            raise RobotError(f"the robot's offer is not understood: {error!r}") from None
        return str(connection.localDescription.sdp)

    async def add_candidate(self, candidate: Candidate) -> None:
        """Add one of the robot's ICE candidates; one before the offer is kept until it comes."""
        if not self._answered:
            self._early.append(candidate)
        elif candidate.candidate:
            text = candidate.candidate.removeprefix("candidate:")
            try:
                ice = candidate_from_sdp(text)
            except _UNREADABLE:
                return  # of a kind that aiortc does not know
            ice.sdpMLineIndex = candidate.line_index
            await self._connection.addIceCandidate(ice)

    async def request_key_frame(self) -> None:
        """Ask for the key frame that the video's decoder waits for, if it does."""
        gate = self.gates.get("video")
        now_s = time.monotonic()
        if gate is not None and gate.waits_for_key_frame and now_s > self._asked_s + _ASK_AGAIN_S:
            self._asked_s = now_s
            await gate.request_key_frame()

    async def close(self) -> None:
        """Close the connection; its threads and tasks have ended afterwards."""
        # Not awaited here: aiortc may be closing itself already, which to cancel the wait for would
        # break, and which does not end if its tasks were cancelled with everything else.
        closing = asyncio.ensure_future(self._connection.close())
        await asyncio.wait([closing], timeout=_CLOSE_S)
        for drain in self._drains:
            # A track ends by itself where its decoder ran; before that nothing would end it.
            await asyncio.wait([drain], timeout=0.2)
            drain.cancel()
        await asyncio.gather(*self._drains, return_exceptions=True)

    def _receive(self, receiver: RTCRtpReceiver) -> None:
        track = receiver.track
        self.gates[track.kind] = DecoderGate(receiver)
        if track.kind == "audio":
            SoundBuffer(receiver)
        self._drains.append(asyncio.create_task(_drain(track, self._consume[track.kind])))

    def _video(self, consumer: Callable[[Frame], None]) -> Callable[[object], None]:
        clock = CaptureClock(_HELD_BACK["video"])

        def consume(image: object) -> None:
            assert isinstance(image, av.VideoFrame)
            arrived_ns = self.decoded_ns = time.monotonic_ns()
            consumer(Frame(image, clock.captured_ns(_media_ns(image), arrived_ns), arrived_ns))

        return consume

    def _audio(self, consumer: Callable[[PcmFrame], None]) -> Callable[[object], None]:
        clock = CaptureClock(_HELD_BACK["audio"])

        def consume(sound: object) -> None:
            assert isinstance(sound, av.AudioFrame)
            arrived_ns = time.monotonic_ns()
            samples = sound.to_ndarray().reshape(-1, len(sound.layout.channels))
            media_ns, rate_hz = _media_ns(sound), sound.sample_rate
            position = round(media_ns * rate_hz / 1_000_000_000)
            captured_ns = clock.captured_ns(media_ns, arrived_ns)
            consumer(PcmFrame(samples.astype(np.int16), rate_hz, position, captured_ns, arrived_ns))

        return consume


async def _drain(track: MediaStreamTrack, consume: Callable[[object], None]) -> None:
    """Take what the decoder makes as it comes: its queue has no bound."""
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        consume(frame)


def _media_ns(frame: av.VideoFrame | av.AudioFrame) -> int:
    assert frame.pts is not None
    assert frame.time_base is not None
    return round(frame.pts * frame.time_base * 1_000_000_000)
