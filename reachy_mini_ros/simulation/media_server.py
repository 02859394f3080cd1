# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's half of WebRTC: the producer ``reachymini`` and its sessions.

As on the robot: it makes the offer (H264 and Opus both ways, a data channel ``data``), and sends
its ICE candidates apart from it. Unlike there, only candidates on loopback are offered or taken.
"""

import asyncio
import ipaddress
import json
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import aiortc
import aiortc.sdp
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_to_sdp
from websockets.asyncio.client import connect

from reachy_mini_ros.media.aiortc_patches import Loopback, gathering, on_key_frame_request
from reachy_mini_ros.simulation.commands import Commands
from reachy_mini_ros.simulation.feed import Feed, FeedTrack
from reachy_mini_ros.simulation.sound import SimulatedSpeaker

logger = logging.getLogger(__name__)

PRODUCER = "reachymini"
Message = dict[str, Any]
Send = Callable[[Message], None]


class MediaServer:
    """Offers the feeds to everybody who starts a session, for as long as :meth:`run` runs."""

    def __init__(
        self,
        port: int,
        camera: Feed,
        microphone: Feed,
        speaker: SimulatedSpeaker,
        commands: Commands,
    ) -> None:
        self._port = port
        self._camera = camera
        self._microphone = microphone
        self._speaker = speaker
        self._commands = commands
        self._sessions: dict[str, _Session] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled."""
        address = f"ws://127.0.0.1:{self._port}"
        async with connect(address, ping_interval=None, proxy=None) as socket:
            outgoing: asyncio.Queue[Message] = asyncio.Queue()
            outgoing.put_nowait(
                {"type": "setPeerStatus", "roles": ["producer"], "meta": {"name": PRODUCER}}
            )

            async def write() -> None:
                while True:
                    await socket.send(json.dumps(await outgoing.get()))

            writer = asyncio.create_task(write())
            try:
                async for text in socket:
                    self._handle(json.loads(text), outgoing.put_nowait)
            finally:
                writer.cancel()
                await asyncio.gather(*(session.close() for session in self._sessions.values()))

    def _handle(self, message: Message, send: Send) -> None:
        match message["type"]:
            case "startSession":
                session_id = message["sessionId"]
                session = _Session(session_id, send, self._commands, self._speaker)
                self._sessions[session_id] = session
                self._spawn(self._run(session_id, session, send))
            case "endSession":
                ended = self._sessions.pop(message["sessionId"], None)
                if ended is not None:
                    self._spawn(ended.close())
            case "peer":
                addressed = self._sessions.get(message["sessionId"])
                if addressed is not None:
                    addressed.messages.put_nowait(message)

    async def _run(self, session_id: str, session: "_Session", send: Send) -> None:
        try:
            await session.run(FeedTrack(self._camera), FeedTrack(self._microphone))
        finally:
            if self._sessions.pop(session_id, None) is not None:
                send({"type": "endSession", "sessionId": session_id})
                await session.close()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Whatever a client sends, it ends no session but its own.
            logger.warning("session ended: %s: %s", type(error).__name__, error)


class _Session:
    """One client."""

    def __init__(
        self, session_id: str, send: Send, commands: Commands, speaker: SimulatedSpeaker
    ) -> None:
        self._id = session_id
        self._send = send
        self._speaker = speaker
        self._ended = asyncio.Event()
        self._taking: list[asyncio.Task[None]] = []
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._connection.on("connectionstatechange", self._on_connection_state)
        self._connection.on("track", self._on_track)
        self._commands = commands

    async def run(self, video: FeedTrack, audio: FeedTrack) -> None:
        """Negotiate, and stay until the connection ends.

        Raises what aiortc raises if the client sends nonsense.
        """
        for track in (video, audio):
            sender = self._connection.addTrack(track)
            on_key_frame_request(sender, track.request_keyframe)
        for transceiver in self._connection.getTransceivers():
            transceiver.setCodecPreferences(_codecs(transceiver.kind))
        # After the tracks: the first section owns the transport that carries all.
        self._commands.serve(self._connection.createDataChannel("data"))
        with gathering(Loopback.ONLY):
            await self._connection.setLocalDescription(await self._connection.createOffer())
        self._offer()
        negotiation = asyncio.create_task(self._negotiate())
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait({negotiation, ended}, return_when=asyncio.FIRST_COMPLETED)
            if negotiation.done():
                negotiation.result()
        finally:
            negotiation.cancel()
            ended.cancel()

    async def close(self) -> None:
        """End the connection; the tracks end with it."""
        self._ended.set()
        for task in self._taking:
            task.cancel()
        await self._connection.close()

    def _offer(self) -> None:
        description = self._connection.localDescription
        lines = description.sdp.splitlines(keepends=True)
        sdp = "".join(line for line in lines if not line.startswith(_CANDIDATE_LINES))
        self._peer({"sdp": {"type": description.type, "sdp": sdp}})
        first = aiortc.sdp.SessionDescription.parse(description.sdp).media[0]  # carries all
        texts = [f"candidate:{candidate_to_sdp(candidate)}" for candidate in first.ice_candidates]
        for text in (*texts, ""):  # the empty one is the end
            self._peer({"ice": {"candidate": text, "sdpMLineIndex": 0}})

    async def _negotiate(self) -> None:
        early: list[Message] = []
        while True:
            message = await self.messages.get()
            if "sdp" in message:
                await self._answer(message["sdp"])
                for ice in early:
                    await self._add_candidate(ice)
                early.clear()
            elif self._connection.remoteDescription is None:
                early.append(message["ice"])
            else:
                await self._add_candidate(message["ice"])

    async def _answer(self, description: Message) -> None:
        lines = str(description.get("sdp")).splitlines(keepends=True)
        kept = (line for line in lines if not _leads_elsewhere(line))
        await self._connection.setRemoteDescription(
            RTCSessionDescription("".join(kept), str(description.get("type")))
        )

    async def _add_candidate(self, ice: Message) -> None:
        text = str(ice.get("candidate", "")).removeprefix("candidate:")
        if not text or not _is_loopback(text):
            return
        candidate = aiortc.sdp.candidate_from_sdp(text)
        candidate.sdpMLineIndex = int(ice.get("sdpMLineIndex", 0))
        await self._connection.addIceCandidate(candidate)

    def _peer(self, content: Message) -> None:
        self._send({"type": "peer", "sessionId": self._id, **content})

    def _on_connection_state(self) -> None:
        logger.info("session %s is %s", self._id, self._connection.connectionState)
        if self._connection.connectionState in ("failed", "closed"):
            self._ended.set()

    def _on_track(self, track: MediaStreamTrack) -> None:
        # The robot shows nothing of what it is sent; but frames not taken would pile up.
        take = self._speaker.play if track.kind == "audio" else _discard
        self._taking.append(asyncio.create_task(take(track)))


async def _discard(track: MediaStreamTrack) -> None:
    with suppress(MediaStreamError):
        while True:
            await track.recv()


_CANDIDATE_LINES = ("a=candidate:", "a=end-of-candidates")


def _leads_elsewhere(line: str) -> bool:
    return line.startswith("a=candidate:") and not _is_loopback(line.removeprefix("a=candidate:"))


def _is_loopback(candidate: str) -> bool:
    """Tell whether a candidate (RFC 8839, from the foundation on) is an address of loopback."""
    fields = candidate.split()
    try:
        return ipaddress.ip_address(fields[4]).is_loopback
    except (IndexError, ValueError):
        return False


def _codecs(kind: str) -> list[aiortc.RTCRtpCodecCapability]:
    """Return what the robot offers: constrained baseline H264, and Opus."""
    return [
        codec
        for codec in RTCRtpSender.getCapabilities(kind).codecs
        if codec.mimeType in ("video/rtx", "audio/opus")
        or codec.parameters.get("profile-level-id") == "42e01f"
    ]
