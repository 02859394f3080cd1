# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One WebRTC connection with the robot: answers its offer, hands out pictures and sound."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import VIDEO_TIME_BASE, MediaStreamError
from aiortc.sdp import candidate_from_sdp

from reachy_mini_ros.aio import summary
from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.media.aiortc_patches import Connection, DecoderGate, Loopback, gathering
from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.capture_time import CaptureClock
from reachy_mini_ros.media.encoded import EncodedPictures
from reachy_mini_ros.media.encoded_sound import HELD_BACK, EncodedSounds
from reachy_mini_ros.media.frames import Frame, PcmFrame
from reachy_mini_ros.media.outgoing import OutgoingTrack
from reachy_mini_ros.media.picture_buffer import PictureBuffer, PictureFrame
from reachy_mini_ros.media.signalling import Candidate, Offer
from reachy_mini_ros.media.sound_buffer import SoundBuffer
from reachy_mini_ros.media.stage import Stage
from reachy_mini_ros.texts import shown

_ASK_AGAIN_S = 1.0
"""A robot is asked for a key frame once in so long at most: each takes from the others' quality."""
_DECODING_MAX = 120
"""Pictures on their way through the decoder whose capture time is kept."""
_CLOSE_S = 1.0
_EARLY_MAX = 1000
"""Candidates that are kept until the offer comes."""


class Peer:
    """Use it on one event loop and :meth:`close` it; nothing of it is left then."""

    def __init__(
        self,
        loopback: Loopback,
        on_video: Callable[[Frame], None],
        on_audio: Callable[[PcmFrame], None],
        backlogs: Mapping[str, Backlog],
        speaker: MediaStreamTrack | None = None,
        encoded: EncodedPictures | None = None,
        encoded_sound: EncodedSounds | None = None,
    ) -> None:
        """``backlogs`` judge the frames of ``video`` and ``audio``."""
        self._loopback = loopback
        self._backlogs = backlogs
        self._clock = CaptureClock()
        self._captured_ns: dict[int, int] = {}
        self._encoded, self._encoded_sound = encoded, encoded_sound
        for kind in (encoded, encoded_sound):
            if kind is not None:
                kind.restart()
        self._consume = {"video": self._video(on_video), "audio": self._audio(on_audio)}
        self._speaker = OutgoingTrack(speaker) if speaker is not None else None
        # No ICE servers: aiortc would ask a public STUN server by default.
        self._connection = Connection(RTCConfiguration(iceServers=[]))
        self._transport: RTCDtlsTransport | None = None
        self._answered = False
        self._asked_s = 0.0
        self._waits_since_s: float | None = None
        self._early: list[Candidate] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: RobotError | None = None
        self.gates: dict[str, DecoderGate] = {}
        """The gates before the decoders of ``video`` and ``audio``, once there is an offer."""
        self.decoded_ns = {"video": 0, "audio": 0}
        """When the last frame was decoded, 0 before the first."""

    @property
    def is_near(self) -> bool:
        """Return whether the robot's daemon runs on this machine."""
        return self._loopback is not Loopback.NEVER

    @property
    def broken(self) -> bool:
        """Return whether the connection broke or was closed by the robot."""
        return self._connection.connectionState in ("failed", "closed")

    @property
    def candidates(self) -> tuple[list[str], list[str]]:
        """Return addresses and ports for the media: ours, and those of the robot."""
        if self._transport is None:
            return [], []
        ice = self._transport.transport
        ours, robots = ice.iceGatherer.getLocalCandidates(), ice.getRemoteCandidates()
        return _addresses(ours), _addresses(robots)

    @property
    def stage(self) -> Stage:
        """Return what is next on the way to pictures, or what failed."""
        if not self._answered or self._transport is None:
            return Stage.OFFER
        if self._transport.transport.state != "completed":
            return Stage.ICE if all(self.candidates) else Stage.CANDIDATES
        if self._transport.state != "connected":
            return Stage.DTLS
        gate = self.gates.get("video")
        if gate is None or not gate.arrived_ns:
            return Stage.PACKETS
        if not gate.is_open or self.decoded_ns["video"] > gate.opened_ns:
            return Stage.STREAMING
        return Stage.KEY_FRAME if gate.waits_for_key_frame else Stage.DECODING

    @property
    def without_key_frame_s(self) -> float:
        """Return for how long somebody has waited for a key frame, while pictures come."""
        since_s = self._waits_since_s
        return time.monotonic() - since_s if since_s is not None else 0.0

    def has_packets(self) -> bool:
        """Return whether any packet of the pictures came."""
        return any(
            receiver.track is not None
            and receiver.track.kind == "video"
            and receiver.getSynchronizationSources()
            for receiver in self._connection.getReceivers()
        )

    @property
    def path_lost(self) -> bool:
        """Return whether there is no path for UDP any more, or never was."""
        return self._transport is not None and self._transport.transport.state == "failed"

    @property
    def failure(self) -> RobotError | None:
        """Return what came of what could not be worked with."""
        if self._connection.failure is not None:
            why = summary(self._connection.failure)
            return RobotError(f"the robot's offer leads to no connection: {why}")
        if self._speaker is not None and self._speaker.abandoned:
            why = shown(self._speaker.failure or "aiortc's sender ended")
            return RobotError(f"no sound can be sent to the robot's speaker any more: {why}")
        return self._failure

    async def answer(self, offer: Offer) -> str:
        """Apply the robot's offer and return our answer's SDP.

        Raises RobotError if the offer cannot be answered.
        """
        connection = self._connection
        with _robot_errors("the robot's offer is not understood"):
            await connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
            for receiver in connection.getReceivers():
                if receiver.track is not None and receiver.track.kind not in self.gates:
                    self._receive(receiver)
            if not self.gates:
                raise RobotError("the robot's offer has neither pictures nor sound in it")
            connection.prefer_h264()
            self._answered = True
            for candidate in self._early:
                await self.add_candidate(candidate)
            if self._speaker is not None:
                connection.addTrack(self._speaker)
            answer = await connection.createAnswer()
            with gathering(self._loopback):
                await connection.setLocalDescription(answer)
            return str(connection.localDescription.sdp)

    async def add_candidate(self, candidate: Candidate) -> None:
        """Add one of the robot's ICE candidates; one before the offer is kept until it comes.

        Raises RobotError for more than there can be.
        """
        if not self._answered:
            self._early.append(candidate)
            if len(self._early) > _EARLY_MAX:
                raise RobotError(f"the robot names more than {_EARLY_MAX} ICE candidates")
        elif candidate.candidate:
            text = candidate.candidate.removeprefix("candidate:")
            try:
                with _robot_errors("an ICE candidate is not understood"):
                    ice = candidate_from_sdp(text)
                    ice.sdpMLineIndex = candidate.line_index
                    await self._connection.addIceCandidate(ice)
            except RobotError:
                return  # of a kind that aiortc does not know; another may do

    def request_key_frame(self) -> None:
        """Ask for the key frame that a decoder waits for, ours or a consumer's, if one does."""
        gate = self.gates.get("video")
        if gate is None or not gate.sources:
            return
        waits = gate.waits_for_key_frame
        if self._encoded is not None:
            waits = waits or self._encoded.needs_key_frame
        now_s = time.monotonic()
        if not waits:
            self._waits_since_s = None
        elif self._waits_since_s is None:
            self._waits_since_s = now_s
        if waits and now_s >= self._asked_s + _ASK_AGAIN_S:
            self._asked_s = now_s
            self._start("a key frame cannot be asked for", gate.request_key_frame())

    async def close(self) -> None:
        """Close the connection; its threads and tasks have ended afterwards."""
        # Not awaited here: aiortc may be closing itself already, which to cancel the wait for would
        # break, and which does not end if its tasks were cancelled with everything else.
        closing = asyncio.ensure_future(self._connection.close())
        closing.add_done_callback(_take_exception)
        await asyncio.wait([closing], timeout=_CLOSE_S)
        for task in self._tasks:
            # A track ends by itself where its decoder ran; before that nothing would end it.
            await asyncio.wait([task], timeout=0.2)
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _receive(self, receiver: RTCRtpReceiver) -> None:
        track = receiver.track
        if track.kind == "audio":
            tap = (self._encoded_sound.arrived,) if self._encoded_sound is not None else ()
            self.gates[track.kind] = DecoderGate(receiver, *tap)
            SoundBuffer(receiver)
        else:
            self.gates[track.kind] = DecoderGate(receiver, self._on_encoded)
            PictureBuffer(receiver)
        if self._transport is None or track.kind == "video":
            self._transport = receiver.transport
        what = f"what was decoded of the {track.kind} cannot be used"
        self._start(what, _drain(track, self._consume[track.kind]))

    def _start(self, failing: str, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work``; what fails there becomes :attr:`failure`."""

        async def run() -> None:
            try:
                with _robot_errors(failing):
                    await work
            except RobotError as error:
                self._failure = error

        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(asyncio.create_task(run()))

    def _on_encoded(self, codec: str, picture: JitterFrame) -> None:
        """Take an encoded picture before the decoder does."""
        assert isinstance(picture, PictureFrame)
        arrived_ns = time.monotonic_ns()
        self._clock.held_back = picture.held_back
        media_ns = round(picture.timestamp * VIDEO_TIME_BASE * 1_000_000_000)
        captured_ns = self._clock.captured_ns(media_ns, arrived_ns)
        self._captured_ns[picture.timestamp] = captured_ns
        if len(self._captured_ns) > _DECODING_MAX:
            del self._captured_ns[next(iter(self._captured_ns))]
        if self._encoded is not None:
            self._encoded.add(codec, picture, captured_ns, arrived_ns)
        self.request_key_frame()

    def _video(self, consumer: Callable[[Frame], None]) -> Callable[[object], None]:
        backlog = self._backlogs["video"]
        backlog.restart()

        def consume(image: object) -> None:
            assert isinstance(image, av.VideoFrame)
            assert image.pts is not None
            arrived_ns = self.decoded_ns["video"] = time.monotonic_ns()
            captured_ns = self._captured_ns.get(image.pts, arrived_ns)
            if not backlog.holds(captured_ns, arrived_ns):
                consumer(Frame(image, captured_ns, arrived_ns))

        return consume

    def _audio(self, consumer: Callable[[PcmFrame], None]) -> Callable[[object], None]:
        clock, backlog = CaptureClock(HELD_BACK), self._backlogs["audio"]
        backlog.restart()

        def consume(sound: object) -> None:
            assert isinstance(sound, av.AudioFrame)
            arrived_ns = self.decoded_ns["audio"] = time.monotonic_ns()
            media_ns, rate_hz = _media_ns(sound), sound.sample_rate
            captured_ns = clock.captured_ns(media_ns, arrived_ns)
            if backlog.holds(captured_ns, arrived_ns):
                return
            samples = sound.to_ndarray().reshape(-1, len(sound.layout.channels))
            position = round(media_ns * rate_hz / 1_000_000_000)
            consumer(PcmFrame(samples.astype(np.int16), rate_hz, position, captured_ns, arrived_ns))

        return consume


@contextmanager
def _robot_errors(what: str) -> Iterator[None]:
    """Make one type of all that aiortc and FFmpeg raise for what the robot sent."""
    try:
        yield
    except RobotError:
        raise
    except Exception as error:  # neither promises any types
        raise RobotError(f"{what}: {summary(error)}") from error


async def _drain(track: MediaStreamTrack, consume: Callable[[object], None]) -> None:
    """Take what the decoder makes as it comes: its queue has no bound."""
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        consume(frame)


def _take_exception(closing: asyncio.Future[None]) -> None:
    """Look at how aiortc's close went: it may fail on what was set up in part only."""
    if not closing.cancelled():
        closing.exception()


def _addresses(candidates: list[RTCIceCandidate]) -> list[str]:
    return [network_address(candidate.ip, candidate.port) for candidate in candidates]


def _media_ns(frame: av.VideoFrame | av.AudioFrame) -> int:
    assert frame.pts is not None
    assert frame.time_base is not None
    return round(frame.pts * frame.time_base * 1_000_000_000)
