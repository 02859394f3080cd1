# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A WebRTC client of the simulated robot, independent of the package's own."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self

import aiortc.sdp
import av
import numpy as np
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from websockets.asyncio.client import ClientConnection, connect

from harness.waiting import patience
from reachy_mini_ros.media.aiortc_patches import Loopback, gathering


class Peer:
    """A connection to the signalling server."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self.socket: ClientConnection = await connect(
            f"ws://127.0.0.1:{self._port}", ping_interval=None, proxy=None
        )
        self.id = (await self.expect("welcome"))["peerId"]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.socket.close()

    async def send(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(patience(10)):
            return dict(json.loads(await self.socket.recv()))

    async def expect(self, kind: str) -> dict[str, Any]:
        message = await self.receive()
        assert message["type"] == kind, message
        return message

    async def ask(self, expected: str, **message: object) -> dict[str, Any]:
        await self.send(**message)
        return await self.expect(expected)

    async def producer(self) -> str:
        """Return the id of the robot's producer."""
        listed = await self.ask("list", type="list")
        (robot,) = listed["producers"]
        assert robot["meta"] == {"name": "reachymini"}
        return str(robot["id"])

    async def start_session(self) -> str:
        started = await self.ask(
            "sessionStarted", type="startSession", peerId=await self.producer()
        )
        return str(started["sessionId"])


class Client(Peer):
    """One session with the robot; ``outgoing`` is what its speaker is to play."""

    def __init__(self, port: int, outgoing: MediaStreamTrack | None = None) -> None:
        super().__init__(port)
        self._outgoing = outgoing
        self.messages: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        self.tracks: dict[str, asyncio.Future[MediaStreamTrack]] = {
            kind: loop.create_future() for kind in ("video", "audio")
        }
        self.channel: asyncio.Future[RTCDataChannel] = loop.create_future()
        self.ended = asyncio.Event()
        self.replies: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.session = await self.start_session()
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.on("track", lambda track: self.tracks[track.kind].set_result(track))
        self.connection.on("datachannel", self._open)
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.cancel()
        await super().__aexit__(exc_type, exc, traceback)
        await self.connection.close()

    def _open(self, channel: RTCDataChannel) -> None:
        assert channel.label == "data"
        channel.on("message", lambda text: self.replies.put_nowait(json.loads(text)))
        self.channel.set_result(channel)

    async def _read(self) -> None:
        async for text in self.socket:
            message = json.loads(text)
            self.messages.append(message)
            if message["type"] == "endSession":
                self.ended.set()
            elif "sdp" in message:
                await self._answer(message["sdp"])
            elif message.get("ice", {}).get("candidate"):
                await self._add(message["ice"])

    async def _answer(self, offer: dict[str, str]) -> None:
        description = RTCSessionDescription(offer["sdp"], offer["type"])
        await self.connection.setRemoteDescription(description)
        if self._outgoing is not None:
            self.connection.addTrack(self._outgoing)
        answer = await self.connection.createAnswer()
        with gathering(Loopback.ONLY):
            await self.connection.setLocalDescription(answer)
        local = self.connection.localDescription
        await self.send(
            type="peer", sessionId=self.session, sdp={"type": local.type, "sdp": local.sdp}
        )

    async def _add(self, ice: dict[str, Any]) -> None:
        candidate = aiortc.sdp.candidate_from_sdp(ice["candidate"].removeprefix("candidate:"))
        candidate.sdpMLineIndex = ice["sdpMLineIndex"]
        await self.connection.addIceCandidate(candidate)

    async def frame(self, kind: str) -> Any:
        """Return the next frame of the track of this kind."""
        async with asyncio.timeout(patience(10)):
            return await (await self.tracks[kind]).recv()

    async def image(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the next picture as BGR."""
        frame = await self.frame("video")
        assert isinstance(frame, av.VideoFrame)
        return frame.to_ndarray(format="bgr24")

    async def command(self, text: str) -> dict[str, Any]:
        """Send a text over the data channel and return the answer to it."""
        async with asyncio.timeout(patience(10)):
            (await self.channel).send(text)
            return await self.replies.get()
