# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is said on one signalling connection about one session."""

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.media import signalling
from reachy_mini_ros.media.peer import Peer
from reachy_mini_ros.media.signalling import (
    Candidate,
    Offer,
    PeerStatus,
    Refusal,
    SessionEnded,
    SessionStarted,
)
from reachy_mini_ros.media.signalling_client import receive


class Talk:
    """Asks a producer for a session, and tells the peer what the producer says."""

    def __init__(self, signals: ClientConnection, producer_id: str, peer: Peer) -> None:
        self._signals = signals
        self._producer_id = producer_id
        self._peer = peer
        self._session_id = ""

    async def start(self) -> None:
        """Ask for the session."""
        await self._signals.send(signalling.start_session(self._producer_id))

    async def step(self, wait_s: float) -> None:
        """Handle one message, or let a moment pass without any.

        Raises RobotError if the robot ended the session, or what it says is of no use.
        """
        match await receive(self._signals, wait_s):
            case SessionStarted(session_id):
                self._session_id = session_id
            case Offer(session_id, _) as offer:
                self._session_id = session_id
                sdp = await self._peer.answer(offer)
                await self._signals.send(signalling.answer(session_id, sdp))
            case Candidate() as candidate:
                await self._peer.add_candidate(candidate)
            case SessionEnded(self._session_id):
                self._session_id = ""
                raise RobotError("the robot ended the media session")
            case PeerStatus(self._producer_id, _, False):
                raise RobotError("the robot's media went away")
            case Refusal(details):
                raise RobotError(f"the robot refused: {details}")

    async def end(self) -> None:
        """End the session on both sides."""
        try:
            if self._session_id:
                await self._signals.send(signalling.end_session(self._session_id))
        except WebSocketException:
            pass  # nobody is there to be told
        finally:
            await self._peer.close()
