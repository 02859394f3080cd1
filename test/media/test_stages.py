# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A session that does not come about says at which stage, each made to fail for real."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from harness.loop import on_a_loop
from harness.media import Message, OddPictures, Way, is_media, media_server
from harness.processes import free_port
from harness.waiting import patience, until
from websockets.asyncio.server import ServerConnection, serve

from reachy_mini_ros.connection import Connection
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.stage import Stage
from reachy_mini_ros.media.webrtc import WebRtcSession
from reachy_mini_ros.simulation.feed import Feed

HOST = "127.0.0.1"


class Attempts:
    """A session that runs, and the failures that it tells of."""

    def __init__(self, port: int, host: str = HOST) -> None:
        self.told: asyncio.Queue[tuple[Connection, str, Stage]] = asyncio.Queue()
        self.frames: list[Frame] = []
        self.session = WebRtcSession(host, port, on_connection=self._on_connection)
        self.session.add_video(self.frames.append)

    def _on_connection(self, connection: Connection, reason: str) -> None:
        self.told.put_nowait((connection, reason, self.session.stage))

    async def failure(self, stage: Stage, timeout_s: float = 12.0) -> str:
        """Return the reason of the next failure at this stage."""
        async with asyncio.timeout(patience(timeout_s)):
            while True:
                connection, reason, at = await self.told.get()
                if connection is not Connection.CONNECTED and at is stage:
                    return reason

    async def connected(self) -> None:
        async with asyncio.timeout(patience(12)):
            while (await self.told.get())[0] is not Connection.CONNECTED:
                pass


@asynccontextmanager
async def attempting(port: int, host: str = HOST) -> AsyncIterator[Attempts]:
    attempts = Attempts(port, host)
    running = asyncio.create_task(attempts.session.run())
    try:
        yield attempts
        assert not running.done(), running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def spoilt(camera: Feed | None = None) -> AsyncIterator[tuple[Way, Attempts]]:
    """Give a way to the robot's media to spoil, and who comes by it once that is done."""
    async with media_server(camera) as port, Way(port).open() as way, attempting(way.port) as who:
        yield way, who


@pytest.mark.parametrize("host", ["no-such-robot.invalid", "a..b", "x" * 70 + ".local"])
@on_a_loop
async def test_a_name_that_is_not_known(host: str) -> None:
    async with attempting(free_port(), host) as attempts:
        assert "name is not" in await attempts.failure(Stage.NAME)


@on_a_loop
async def test_nothing_listens() -> None:
    async with attempting(free_port()) as attempts:
        assert "nothing listens" in await attempts.failure(Stage.CONNECT)


@on_a_loop
async def test_a_firewall_that_swallows_tcp() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind((HOST, 0))
        full.listen(0)
        for waiting in (first, second):  # no room for a third: its packets are dropped
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        async with attempting(full.getsockname()[1]) as attempts:
            assert "a firewall" in await attempts.failure(Stage.CONNECT)


def certificate(folder: Path) -> ssl.SSLContext:
    key, chain = folder / "key.pem", folder / "chain.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -batch"
    subprocess.run(
        [*command.split(), "-keyout", key, "-out", chain], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


def says(content: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(content)
        writer.close()

    return talk


async def is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "HTTP 404"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), "HTTP 200"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "speaks no HTTP"),
        (says(b"\x15\x03\x03\x00\x02\x02\x28"), "waits for TLS"),
        (says(b""), "waits for TLS"),
        (is_silent, "does not answer the websocket's handshake"),
    ],
)
@on_a_loop
async def test_something_else_answers(talk: Talk, reason: str) -> None:
    async with await asyncio.start_server(talk, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with attempting(port) as attempts:
            told = await attempts.failure(Stage.SIGNALLING)
    assert reason in told
    assert "check robot_host and signalling_port" in told


@on_a_loop
async def test_a_server_that_speaks_tls(tmp_path: Path) -> None:
    context = certificate(tmp_path)
    server = await asyncio.start_server(says(b""), HOST, 0, ssl=context)
    async with server, attempting(server.sockets[0].getsockname()[1]) as attempts:
        assert "TLS" in await attempts.failure(Stage.SIGNALLING)


async def be_silent(client: ServerConnection) -> None:
    await client.wait_closed()


async def babble(client: ServerConnection) -> None:
    await client.send("hello")
    await client.wait_closed()


@pytest.mark.parametrize(
    ("talk", "reason"), [(be_silent, "does not answer"), (babble, "does not speak the robot's")]
)
@on_a_loop
async def test_another_websocket_answers(talk: Any, reason: str) -> None:
    port = free_port()
    async with serve(talk, HOST, port), attempting(port) as attempts:
        assert reason in await attempts.failure(Stage.SIGNALLING)


@on_a_loop
async def test_the_robots_media_is_not_there() -> None:
    def hide(message: Message) -> Message | None:
        if message["type"] == "list":
            message["producers"] = [{"id": "other", "meta": {"name": "another camera"}}]
        return None if message["type"] == "peerStatusChanged" else message

    async with spoilt() as (way, attempts):
        way.to_client = hide
        assert "has no 'reachymini' yet" in await attempts.failure(Stage.PRODUCER)
        way.to_client = lambda message: message
        await attempts.connected()
        assert attempts.session.stage is Stage.STREAMING


def without(kind: str) -> Callable[[Message], Message | None]:
    return lambda message: None if kind in message else message


@on_a_loop
async def test_the_robot_makes_no_offer() -> None:
    async with spoilt() as (way, attempts):
        way.to_client = without("sdp")
        assert "no offer" in await attempts.failure(Stage.OFFER)


@on_a_loop
async def test_the_robot_refuses() -> None:
    def refuse(message: Message) -> Message:
        return {"type": "error", "details": "busy\n"} if "sdp" in message else message

    async with spoilt() as (way, attempts):
        way.to_client = refuse
        assert await attempts.failure(Stage.OFFER) == "the robot refused: busy\\n"


@on_a_loop
async def test_the_robot_names_no_candidates() -> None:
    async with spoilt() as (way, attempts):
        way.to_client = without("ice")
        way.passes = lambda datagram: False  # or its checks would make them known
        told = await attempts.failure(Stage.CANDIDATES)
    assert " of ours, 0 of the robot's (the robot names none, as it leaves loopback out" in told
    assert "connect this machine to a network" in told  # a Lite's daemon, without any


@on_a_loop
async def test_udp_does_not_pass() -> None:
    async with spoilt() as (way, attempts):
        way.passes = lambda datagram: False
        told = await attempts.failure(Stage.ICE)
        assert f"and {HOST}: a firewall: let UDP pass" in told
        assert f"to {HOST}:" in attempts.session.last_error
        # The next attempt, which fails as well, is told as the same.

        def third_attempt() -> bool:
            assert attempts.session.stage is Stage.ICE
            return way.clients >= 3

        await until(third_attempt, 30)
        assert attempts.told.empty()
        way.passes = lambda datagram: True
        await attempts.connected()


def forge(message: Message) -> Message:
    """Announce another certificate than the robot has."""
    if "sdp" in message:
        lines = message["sdp"]["sdp"].split("\r\n")
        message["sdp"]["sdp"] = "\r\n".join(
            line[:-2] + ("00" if line[-2:] != "00" else "11") if "a=fingerprint" in line else line
            for line in lines
        )
    return message


@on_a_loop
async def test_the_handshake_fails() -> None:
    async with spoilt() as (way, attempts):
        way.to_client = forge
        assert "the DTLS handshake fails" in await attempts.failure(Stage.DTLS)


def is_of_sound(datagram: bytes) -> bool:
    """Return whether it is RTP of sound, to which the simulated robot gives the payload type 96."""
    return datagram[1] & 127 == 96


def is_last(datagram: bytes) -> bool:
    """Return whether it is the last RTP packet of a picture, which is marked (RFC 6184)."""
    return datagram[1] >= 128 and datagram[1] not in range(200, 208)


@pytest.mark.parametrize(
    ("passes", "reason"),
    [
        (lambda media: False, "no packet of a picture"),
        (is_of_sound, "no packet of a picture"),
        (lambda media: not is_last(media), "packets come, but no whole picture"),
    ],
    ids=["nothing", "sound_alone", "parts_of_pictures"],
)
@on_a_loop
async def test_no_pictures_come(passes: Callable[[bytes], bool], reason: str) -> None:
    async with spoilt() as (way, attempts):
        way.passes = lambda datagram: not is_media(datagram) or passes(datagram)
        assert reason in await attempts.failure(Stage.PACKETS)


@on_a_loop
async def test_packets_stay_away_later() -> None:
    async with spoilt() as (way, attempts):
        await attempts.connected()
        way.passes = lambda datagram: not is_media(datagram)
        assert "no more pictures within 3 s" in await attempts.failure(Stage.PACKETS)


@pytest.mark.parametrize("decoded", [True, False])
@on_a_loop
async def test_no_picture_is_a_key_frame(decoded: bool) -> None:
    async with spoilt(OddPictures(nal_type=1)) as (_, attempts):
        taken: list[object] = []
        if not decoded:
            attempts.session.remove_video(attempts.frames.append)
            attempts.session.add_encoded(taken.append)
        assert "no key frame" in await attempts.failure(Stage.KEY_FRAME)
        assert not attempts.frames + taken


@on_a_loop
async def test_no_picture_can_be_decoded() -> None:
    async with spoilt(OddPictures(nal_type=5)) as (_, attempts):
        assert "none can be decoded" in await attempts.failure(Stage.DECODING)
        assert not attempts.frames
