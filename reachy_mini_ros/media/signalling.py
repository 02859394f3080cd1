# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The client's side of the signalling that the robot serves on port 8443.

JSON text frames over a websocket, as gst-plugins-rs defines them (net/webrtc/protocol). The robot
is a producer; we ask it for a session, it offers, we answer, both name their ICE candidates.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.texts import shown

_BRACKETS_MAX = 10_000
"""A list of a thousand producers has fewer; Python's parser overflows the stack on many nested."""
_LINES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Producers:
    """Who can be asked for a session: peer ids by name."""

    by_name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """A peer came, changed or went (then it produces no more)."""

    peer_id: str
    name: str
    produces: bool


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The session that we asked for has an id."""

    session_id: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The robot's session description."""

    session_id: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the robot's ICE candidates; an empty one is the last."""

    session_id: str
    candidate: str
    line_index: int


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The robot ended the session."""

    session_id: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server did not do what we asked for."""

    details: str


Message = Producers | PeerStatus | SessionStarted | Offer | Candidate | SessionEnded | Refusal


def parse(text: str | bytes) -> Message | None:
    """Return what a message of the server says; None if it is of no use to a listener.

    Raises RobotError, and nothing else, if it is not a message of this protocol.
    """
    try:
        return _message(_json(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RobotError(
            f"what answers on the signalling port does not speak the robot's protocol: "
            f"{text[:80]!r}; check robot_host and signalling_port"
        ) from None


def _json(text: str | bytes) -> Any:
    text = text.decode() if isinstance(text, bytes) else text
    if text.count("[") + text.count("{") > _BRACKETS_MAX:
        raise ValueError("nested too deeply, or too long")
    return json.loads(text)


def _message(message: dict[str, Any]) -> Message | None:
    match message["type"]:
        case "list":
            producers = message["producers"]
            return Producers({_name(peer): _text(peer["id"]) for peer in producers})
        case "peerStatusChanged":
            roles = message["roles"]
            return PeerStatus(_text(message["peerId"]), _name(message), "producer" in roles)
        case "sessionStarted":
            return SessionStarted(_text(message["sessionId"]))
        case "endSession":
            return SessionEnded(_text(message["sessionId"]))
        case "error":
            return Refusal(shown(message["details"]))
        case "peer":
            return _from_peer(_text(message["sessionId"]), message)
    return None


def _from_peer(session_id: str, message: dict[str, Any]) -> Message | None:
    if ice := message.get("ice"):
        candidate = ice["candidate"]
        return Candidate(
            session_id, _text(candidate) if candidate else "", _line(ice["sdpMLineIndex"])
        )
    sdp = message["sdp"]
    return Offer(session_id, _text(sdp["sdp"])) if sdp["type"] == "offer" else None


def _name(peer: dict[str, Any]) -> str:
    return shown((peer.get("meta") or {}).get("name", ""))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is due here")
    return value


def _line(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < _LINES_MAX:
        raise ValueError("the number of a line in the session description is due here")
    return int(value)


def register(name: str) -> str:
    """Return the message after which the server tells of peers that come and go."""
    return json.dumps({"type": "setPeerStatus", "roles": ["listener"], "meta": {"name": name}})


def list_producers() -> str:
    """Return the question who can be asked for a session."""
    return json.dumps({"type": "list"})


def start_session(peer_id: str) -> str:
    """Return the request for a session with a producer."""
    return json.dumps({"type": "startSession", "peerId": peer_id})


def answer(session_id: str, sdp: str) -> str:
    """Return our session description."""
    return json.dumps(
        {"type": "peer", "sessionId": session_id, "sdp": {"type": "answer", "sdp": sdp}}
    )


def end_session(session_id: str) -> str:
    """Return the end of a session."""
    return json.dumps({"type": "endSession", "sessionId": session_id})
