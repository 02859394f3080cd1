# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The signalling server, spoken to over real websockets."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from harness.processes import free_port
from harness.webrtc import Peer

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.simulation.signalling import SignallingServer


def serve(body: Callable[[SignallingServer, Peer, Peer], Awaitable[None]]) -> None:
    """Run ``body`` with a server, a producer named `robot` and another peer."""

    async def run() -> None:
        port = free_port()
        async with SignallingServer(port) as server, Peer(port) as robot, Peer(port) as peer:
            await robot.send(type="setPeerStatus", roles=["producer"], meta={"name": "robot"})
            await robot.ask("list", type="list")  # answered after the status is set
            await body(server, robot, peer)

    asyncio.run(run())


async def start(robot: Peer, peer: Peer) -> str:
    started = await peer.ask("sessionStarted", type="startSession", peerId=robot.id)
    request = await robot.expect("startSession")
    assert request["peerId"] == peer.id
    assert request["sessionId"] == started["sessionId"]
    assert started["peerId"] == robot.id
    return str(started["sessionId"])


def test_producers_are_listed() -> None:
    async def body(server: SignallingServer, robot: Peer, peer: Peer) -> None:
        listed = await peer.ask("list", type="list")
        assert listed["producers"] == [{"id": robot.id, "meta": {"name": "robot"}}]

    serve(body)


def test_listeners_are_told_of_producers_that_come_and_go() -> None:
    async def body(server: SignallingServer, robot: Peer, peer: Peer) -> None:
        await peer.ask("peerStatusChanged", type="setPeerStatus", roles=["listener"], meta=None)
        await robot.send(type="setPeerStatus", roles=["producer"], meta={"name": "other"})
        changed = await peer.expect("peerStatusChanged")
        assert changed["peerId"] == robot.id
        assert changed["roles"] == ["producer"]
        assert changed["meta"] == {"name": "other"}
        await robot.socket.close()
        assert (await peer.expect("peerStatusChanged"))["roles"] == []
        assert (await peer.ask("list", type="list"))["producers"] == []

    serve(body)


def test_sdp_and_ice_pass_both_ways_unchanged() -> None:
    async def body(server: SignallingServer, robot: Peer, peer: Peer) -> None:
        session = await start(robot, peer)
        offer = {"type": "peer", "sessionId": session, "sdp": {"type": "offer", "sdp": "v=0\r\n"}}
        await robot.send(**offer)
        assert await peer.expect("peer") == offer
        ice = {"type": "peer", "sessionId": session, "ice": {"candidate": "", "sdpMLineIndex": 0}}
        await peer.send(**ice)
        assert await robot.expect("peer") == ice

    serve(body)


@pytest.mark.parametrize("ends", ["producer", "consumer"])
def test_either_side_ends_a_session(ends: str) -> None:
    async def body(server: SignallingServer, robot: Peer, peer: Peer) -> None:
        session = await start(robot, peer)
        one, other = (robot, peer) if ends == "producer" else (peer, robot)
        await one.send(type="endSession", sessionId=session)
        assert (await other.expect("endSession"))["sessionId"] == session
        assert server.session_count == 0

    serve(body)


@pytest.mark.parametrize("leaves", ["producer", "consumer"])
def test_a_closed_socket_ends_its_sessions(leaves: str) -> None:
    async def body(server: SignallingServer, robot: Peer, peer: Peer) -> None:
        session = await start(robot, peer)
        one, other = (robot, peer) if leaves == "producer" else (peer, robot)
        await one.socket.close()
        assert (await other.expect("endSession"))["sessionId"] == session
        assert server.session_count == 0

    serve(body)


BAD_MESSAGES = {
    "no JSON": "{'type'",
    "no object": "[1, 2]",
    "no text": b"\xff\xfe\x00",
    "no type": "{}",
    "type of a wrong kind": '{"type": 7}',
    "unknown type": '{"type": "dance"}',
    "unknown producer": '{"type": "startSession", "peerId": "nobody"}',
    "no producer": '{"type": "startSession"}',
    "unknown session": '{"type": "endSession", "sessionId": "none"}',
    "session of a wrong kind": '{"type": "endSession", "sessionId": {"a": []}}',
    "peer without session": '{"type": "peer", "sdp": {}}',
    "roles of a wrong kind": '{"type": "setPeerStatus", "roles": "producer"}',
    "unknown role": '{"type": "setPeerStatus", "roles": ["emperor"]}',
    "unhashable role": '{"type": "setPeerStatus", "roles": [{}]}',
    "deep nesting": '{"type":' + "[" * 100_000,
}


@pytest.mark.parametrize("text", BAD_MESSAGES.values(), ids=BAD_MESSAGES.keys())
def test_a_bad_message_is_answered_with_an_error(text: str | bytes) -> None:
    async def body(server: SignallingServer, robot: Peer, peer: Peer) -> None:
        await peer.socket.send(text)
        assert (await peer.expect("error"))["details"]
        assert len((await peer.ask("list", type="list"))["producers"]) == 1

    serve(body)


def test_a_peer_message_without_content_is_refused() -> None:
    async def body(server: SignallingServer, robot: Peer, peer: Peer) -> None:
        session = await start(robot, peer)
        await peer.ask("error", type="peer", sessionId=session)
        await peer.ask("error", type="peer", sessionId=session, sdp="v=0")

    serve(body)


def test_a_session_of_others_cannot_be_touched() -> None:
    async def body(server: SignallingServer, robot: Peer, peer: Peer) -> None:
        session = await start(robot, peer)
        async with Peer(server.port) as stranger:
            await stranger.ask("error", type="endSession", sessionId=session)
            await stranger.ask("error", type="peer", sessionId=session, ice={})
        assert server.session_count == 1

    serve(body)


def test_a_used_port_is_told() -> None:
    async def body(server: SignallingServer, robot: Peer, peer: Peer) -> None:
        with pytest.raises(SetupError, match=f"{server.port}.*--signalling-port"):
            await SignallingServer(server.port).__aenter__()

    serve(body)
