# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's WebRTC signalling server: who is there, and who talks with whom.

The protocol is that of gst-plugins-rs (net/webrtc), JSON text frames with a ``type``: peers call
themselves producer or listener, a consumer starts a session with a producer, and both exchange
SDP and ICE through the server until one ends the session or goes away.
"""

import json
import logging
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import ServerConnection, broadcast, serve

from reachy_mini_ros.errors import SetupError

# A port scan is no error of ours: not a trace for each handshake that is none.
_websockets_logger = logging.getLogger(f"{__name__}.websockets")
_websockets_logger.setLevel(logging.CRITICAL)

_ROLES = {"producer", "listener", "consumer"}
# Python's own parser overflows the stack on deep nesting; real messages have a handful.
_BRACKETS_MAX = 200
Message = dict[str, Any]


class _RefusedError(Exception):
    """What a peer asked for cannot be done; its text goes back as an ``error``."""


@dataclass(eq=False)
class _Peer:
    socket: ServerConnection
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    roles: list[str] = field(default_factory=list)
    meta: Any = None

    def send(self, message: Message) -> None:
        # Never waits: a peer that does not read must not hold up the others.
        broadcast([self.socket], json.dumps(message))


@dataclass(eq=False)
class _Session:
    producer: _Peer
    consumer: _Peer
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def other(self, peer: _Peer) -> _Peer:
        return self.consumer if peer is self.producer else self.producer


class SignallingServer:
    """Serves on loopback for as long as it is entered.

    Raises SetupError on entering if the port is taken.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._peers: dict[str, _Peer] = {}
        self._sessions: dict[str, _Session] = {}
        self._stack = AsyncExitStack()

    @property
    def producers(self) -> list[Message]:
        """Return the producers as ``list`` tells them: id and meta."""
        return [
            {"id": peer.id, "meta": peer.meta}
            for peer in self._peers.values()
            if "producer" in peer.roles
        ]

    @property
    def session_count(self) -> int:
        """Return how many sessions are open."""
        return len(self._sessions)

    async def __aenter__(self) -> Self:
        try:
            await self._stack.enter_async_context(
                serve(
                    self._serve,
                    "127.0.0.1",
                    self.port,
                    ping_interval=None,
                    close_timeout=0.5,
                    logger=_websockets_logger,
                )
            )
        except OSError as error:
            raise SetupError(
                f"cannot listen on 127.0.0.1:{self.port} ({error.strerror}): end the program "
                "that uses the port, or choose another with --signalling-port"
            ) from None
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def _serve(self, socket: ServerConnection) -> None:
        peer = _Peer(socket)
        self._peers[peer.id] = peer
        peer.send({"type": "welcome", "peerId": peer.id})
        try:
            async for text in socket:
                try:
                    self._handle(peer, _parse(text))
                except _RefusedError as refusal:
                    peer.send({"type": "error", "details": str(refusal)})
        finally:
            self._remove(peer)

    def _handle(self, peer: _Peer, message: Message) -> None:
        match message["type"]:
            case "list":
                peer.send({"type": "list", "producers": self.producers})
            case "listConsumers":
                consumers = {session.consumer for session in self._sessions.values()}
                listed = [{"id": consumer.id, "meta": consumer.meta} for consumer in consumers]
                peer.send({"type": "listConsumers", "consumers": listed})
            case "setPeerStatus":
                self._set_status(peer, message)
            case "setProtocolVersion":
                pass
            case "startSession":
                self._start(peer, message)
            case "endSession":
                self._end(self._session_of(peer, message), by=peer)
            case "peer":
                self._relay(peer, message)
            case unknown:
                raise _RefusedError(f"unknown message type {unknown!r}")

    def _set_status(self, peer: _Peer, message: Message) -> None:
        roles = message.get("roles")
        if not isinstance(roles, list) or not all(role in _ROLES for role in map(str, roles)):
            raise _RefusedError(f"'roles' must be a list of {sorted(_ROLES)}")
        if (roles, message.get("meta")) == (peer.roles, peer.meta):
            return
        if "producer" in peer.roles and "producer" not in roles:
            self._end_all(peer)
        peer.roles, peer.meta = roles, message.get("meta")
        self._announce(peer)

    def _announce(self, peer: _Peer) -> None:
        status = {
            "type": "peerStatusChanged",
            "peerId": peer.id,
            "roles": peer.roles,
            "meta": peer.meta,
        }
        for listener in self._peers.values():
            if "listener" in listener.roles:
                listener.send(status)

    def _start(self, consumer: _Peer, message: Message) -> None:
        producer = self._peers.get(str(message.get("peerId")))
        if producer is None or "producer" not in producer.roles:
            raise _RefusedError(f"no producer with id {message.get('peerId')!r}")
        session = _Session(producer, consumer)
        self._sessions[session.id] = session
        consumer.send({"type": "sessionStarted", "peerId": producer.id, "sessionId": session.id})
        request = {"type": "startSession", "peerId": consumer.id, "sessionId": session.id}
        if "offer" in message:
            request["offer"] = message["offer"]
        producer.send(request)

    def _relay(self, peer: _Peer, message: Message) -> None:
        session = self._session_of(peer, message)
        if not isinstance(message.get("sdp", message.get("ice")), dict):
            raise _RefusedError("a 'peer' message carries an object 'sdp' or 'ice'")
        session.other(peer).send(message)

    def _session_of(self, peer: _Peer, message: Message) -> _Session:
        session = self._sessions.get(str(message.get("sessionId")))
        if session is None or peer not in (session.producer, session.consumer):
            raise _RefusedError(f"no session {message.get('sessionId')!r} of this peer")
        return session

    def _end(self, session: _Session, by: _Peer) -> None:
        del self._sessions[session.id]
        session.other(by).send({"type": "endSession", "sessionId": session.id})

    def _sessions_with(self, peer: _Peer) -> Iterator[_Session]:
        for session in list(self._sessions.values()):
            if peer in (session.producer, session.consumer):
                yield session

    def _end_all(self, peer: _Peer) -> None:
        for session in self._sessions_with(peer):
            self._end(session, by=peer)

    def _remove(self, peer: _Peer) -> None:
        del self._peers[peer.id]
        self._end_all(peer)
        if peer.roles:
            peer.roles = []
            self._announce(peer)


def _parse(text: str | bytes) -> Message:
    try:
        if isinstance(text, bytes):
            text = text.decode()
        if text.count("[") + text.count("{") > _BRACKETS_MAX:
            raise _RefusedError("nested too deeply")
        message = json.loads(text)
    except ValueError as error:
        raise _RefusedError(f"not JSON: {error}") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise _RefusedError("expected an object with a string 'type'")
    return message
