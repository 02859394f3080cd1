# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulation's media server in the test's own loop, and a way to it on which things happen."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any, cast

import numpy as np
from av.packet import Packet
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from harness.processes import free_port
from harness.waiting import until
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.simulation.camera import Camera
from reachy_mini_ros.simulation.commands import Commands
from reachy_mini_ros.simulation.feed import Feed
from reachy_mini_ros.simulation.media_server import MediaServer
from reachy_mini_ros.simulation.signalling import SignallingServer
from reachy_mini_ros.simulation.sound import SimulatedMicrophone, SimulatedSpeaker

HOST = "127.0.0.1"
Message = dict[str, Any]
Change = Callable[[Message], Message | str | bytes | None]
"""What becomes of a message: it, another one, or none."""
Address = tuple[str, int]


class OddPictures(Feed):
    """Packets that each hold one NAL unit of the given type, and nothing that makes sense."""

    kind = "video"

    def __init__(self, nal_type: int) -> None:
        super().__init__()
        self._content = b"\0\0\0\1" + bytes([0x60 | nal_type]) + b"\x55" * 500

    async def run(self) -> None:
        number = 0
        while True:
            packet: Packet[Any] = Packet(self._content)
            packet.pts, packet.time_base = number, Fraction(1, 30)
            packet.is_keyframe = True  # or it would not be sent
            self.deliver(packet)
            number += 1
            await asyncio.sleep(1 / 30)


def small_camera() -> Feed:
    return Camera(320, 180, 30, 0, lambda: np.eye(4))


@asynccontextmanager
async def media_server(camera: Feed | None = None) -> AsyncIterator[int]:
    """Serve the robot's media without a daemon; gives the signalling port."""
    port = free_port()
    api = DaemonApi(HOST, free_port())
    async with SignallingServer(port) as signalling:
        media = MediaServer(
            port,
            camera or small_camera(),
            SimulatedMicrophone(),
            SimulatedSpeaker(lambda heard: None),
            Commands(RobotLink(HOST, free_port()), api),
        )
        running = asyncio.create_task(media.run())
        await until(lambda: signalling.producers)
        try:
            yield port
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await api.close()


class Way:
    """A relay between one client and the robot's media, signalling and UDP, that a test can spoil.

    ``to_client`` and ``to_robot`` change the messages of the signalling. Candidates are rewritten
    so that all UDP goes through here, where ``passes`` says what comes through, while
    :meth:`hold` keeps all of it back.
    """

    def __init__(self, robot_port: int) -> None:
        self.port = free_port()
        self.to_client: Change = lambda message: message
        self.to_robot: Change = lambda message: message
        self.passes: Callable[[bytes], bool] = lambda datagram: True
        self.clients = 0
        """How many came so far."""
        self._robot_port = robot_port
        self._held: list[tuple[_End, bytes]] | None = None
        self._robot_end = _End(self)
        self._client_end = _End(self)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Way"]:
        loop = asyncio.get_running_loop()
        self._client_end.other, self._robot_end.other = self._robot_end, self._client_end
        for end in (self._client_end, self._robot_end):
            await loop.create_datagram_endpoint(lambda end=end: end, (HOST, 0))  # type: ignore[misc]
        try:
            async with serve(self._serve, HOST, self.port, ping_interval=None, close_timeout=0.1):
                yield self
        finally:
            for end in (self._client_end, self._robot_end):
                end.transport.close()

    def hold(self) -> None:
        """Keep all UDP back."""
        self._held = []

    async def release(self) -> None:
        """Let what was kept back come, all at once but for what a buffer takes."""
        held, self._held = self._held or [], None
        for number, (end, datagram) in enumerate(held):
            end.send(datagram)
            if number % 5 == 0:
                await asyncio.sleep(0)

    def pass_on(self, end: "_End", datagram: bytes) -> None:
        if not self.passes(datagram):
            return
        if self._held is not None:
            self._held.append((end, datagram))
        else:
            end.send(datagram)

    async def _serve(self, client: ServerConnection) -> None:
        self.clients += 1
        async with connect(f"ws://{HOST}:{self._robot_port}", ping_interval=None) as robot:
            ways = [
                asyncio.create_task(
                    self._relay(robot, client, lambda message: self.to_client(message), True)
                ),
                asyncio.create_task(
                    self._relay(client, robot, lambda message: self.to_robot(message), False)
                ),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _relay(self, source: Any, sink: Any, change: Change, of_robot: bool) -> None:
        async for text in source:
            changed = change(self._through_here(json.loads(text), of_robot))
            if changed is not None:
                await sink.send(json.dumps(changed) if isinstance(changed, dict) else changed)

    def _through_here(self, message: Message, of_robot: bool) -> Message:
        """Put our own address in the place of each candidate on loopback."""
        if (ice := message.get("ice")) and ice.get("candidate"):
            ice["candidate"] = self._rewritten(ice["candidate"], of_robot)
        elif "sdp" in message:
            lines = message["sdp"]["sdp"].split("\r\n")
            message["sdp"]["sdp"] = "\r\n".join(
                self._rewritten(line, of_robot) if line.startswith("a=candidate:") else line
                for line in lines
            )
        return message

    def _rewritten(self, candidate: str, of_robot: bool) -> str:
        fields = candidate.split(" ")
        if fields[4] != HOST:
            return candidate
        # Each end sends to the one whose candidate stands behind it.
        sender, shown = (
            (self._robot_end, self._client_end) if of_robot else (self._client_end, self._robot_end)
        )
        sender.peer = (fields[4], int(fields[5]))
        fields[5] = str(shown.port)
        return " ".join(fields)


class _End(asyncio.DatagramProtocol):
    """The socket that one of the two sends to; what it sends comes out of the other one."""

    other: "_End"
    transport: asyncio.DatagramTransport
    peer: Address | None = None

    def __init__(self, way: Way) -> None:
        self._way = way

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Address) -> None:
        if address == self.peer:
            self._way.pass_on(self.other, data)

    def send(self, datagram: bytes) -> None:
        if self.peer is not None and not self.transport.is_closing():
            self.transport.sendto(datagram, self.peer)


def is_media(datagram: bytes) -> bool:
    """Return whether it is RTP or RTCP (RFC 7983)."""
    return 128 <= datagram[0] < 192
