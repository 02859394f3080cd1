# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The session with the robot's media: finds it, keeps it, and gets it back."""

import asyncio
import socket
import time
from collections.abc import Callable

from aiortc import MediaStreamTrack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import ReachyMiniRosError, RobotError
from reachy_mini_ros.hosts import is_loopback, network_address
from reachy_mini_ros.media import signalling
from reachy_mini_ros.media.aiortc_patches import Loopback
from reachy_mini_ros.media.frames import Frame, PcmFrame
from reachy_mini_ros.media.peer import Peer
from reachy_mini_ros.media.signalling import (
    Candidate,
    Offer,
    PeerStatus,
    Producers,
    Refusal,
    SessionEnded,
    SessionStarted,
)
from reachy_mini_ros.media.sources.base import OPENING, OnConnection, VideoSource

PRODUCER = "reachymini"
"""The name that the robot's media goes by."""

_TICK_S = 0.25
_STALLED_S = 1.0
_DEADLINE_S = 3.0
"""How long anything that is due may stay away: a reply, the first frame, the next frame."""
_LASTED_S = 5.0
"""A session that delivered for so long was a success."""
_LINGER_S = 5.0
"""How long decoding goes on for nobody, so that one who looks often finds it running."""


class WebRtcSession(VideoSource):
    """One WebRTC session with a robot, shared by all who want its pictures or its sound.

    What nobody wants is received but not decoded; a consumer that comes then gets its first picture
    after the key frame that it causes the robot to send. The connection is supervised by the age of
    what is received, decoded or not.
    """

    def __init__(
        self,
        host: str,
        signalling_port: int,
        *,
        on_connection: OnConnection | None = None,
        speaker: Callable[[], MediaStreamTrack] | None = None,
    ) -> None:
        """``speaker`` makes the sound track that each new connection sends to the robot."""
        super().__init__(on_connection)
        self._url = f"ws://{network_address(host, signalling_port)}"
        self._loopback = Loopback.ALSO if is_loopback(host) else Loopback.NEVER
        self._speaker = speaker
        self._audio: list[Callable[[PcmFrame], None]] = []
        self._unwanted_since_s = {"video": 0.0, "audio": 0.0}
        self._peer: Peer | None = None
        self._asking: asyncio.Future[None] | None = None
        self._connected_s = 0.0

    @property
    def input_rate_hz(self) -> float:
        """Return the rate at which pictures come from the robot, decoded or not."""
        gate = self._peer.gates.get("video") if self._peer is not None else None
        return gate.arrivals.rate_hz() if gate is not None else 0.0

    def add_video(self, consumer: Callable[[Frame], None]) -> None:
        """Hand every decoded picture to ``consumer`` from now on."""
        super().add_video(consumer)
        self._update_gates()

    def remove_video(self, consumer: Callable[[Frame], None]) -> None:
        """Undo :meth:`add_video`."""
        super().remove_video(consumer)
        self._unwanted_since_s["video"] = time.monotonic()

    def add_audio(self, consumer: Callable[[PcmFrame], None]) -> None:
        """Hand the microphone's sound to ``consumer`` from now on."""
        self._audio.append(consumer)
        self._update_gates()

    def remove_audio(self, consumer: Callable[[PcmFrame], None]) -> None:
        """Undo :meth:`add_audio`."""
        self._audio.remove(consumer)
        self._unwanted_since_s["audio"] = time.monotonic()

    async def run(self) -> None:
        """Keep the session up until cancelled; ends it properly then, and may be called again."""
        backoff = Backoff(initial_s=0.2, cap_s=2.0)
        self._set(Connection.CONNECTING, OPENING)
        try:
            while True:
                self._connected_s = 0.0
                try:
                    await self._attempt()
                except (ReachyMiniRosError, OSError, WebSocketException) as error:
                    self.last_error = _reason(error, self._url)
                    self._set(Connection.LOST, self.last_error)
                if self._connected_s and time.monotonic() - self._connected_s > _LASTED_S:
                    backoff.reset()
                await asyncio.sleep(backoff.pause_s())
        finally:
            self._set_closed()

    async def _attempt(self) -> None:
        async with connect(
            self._url,
            # The robot logs a warning for every ping.
            ping_interval=None,
            compression=None,
            proxy=None,
            open_timeout=_DEADLINE_S,
            close_timeout=0.5,
        ) as signals:
            producer_id = await self._find_producer(signals)
            speaker = self._speaker() if self._speaker is not None else None
            self._peer = Peer(self._loopback, self._give_video, self._give_audio, speaker)
            talk = _Talk(signals, producer_id, self._peer)
            try:
                await talk.start()
                while True:
                    await talk.step()
                    self._update_gates()
                    self._watch(talk)
            finally:
                await talk.end()
                self._peer = None

    async def _find_producer(self, signals: ClientConnection) -> str:
        """Wait until the robot's media is there; a daemon that just started has none yet."""
        await signals.send(signalling.register("reachy_mini_ros"))
        heard_s = time.monotonic()
        while time.monotonic() - heard_s < _DEADLINE_S:
            await signals.send(signalling.list_producers())
            next_question_s = time.monotonic() + 2 * _TICK_S
            while (wait_s := next_question_s - time.monotonic()) > 0:
                message = await _receive(signals, wait_s)
                if message is not None:
                    heard_s = time.monotonic()
                if isinstance(message, Producers) and PRODUCER in message.by_name:
                    return message.by_name[PRODUCER]
                if isinstance(message, PeerStatus) and message.produces:
                    if message.name == PRODUCER:
                        return message.peer_id
                elif isinstance(message, Producers):
                    self._set(Connection.LOST, f"{self._url} has no '{PRODUCER}' yet")
        raise RobotError(f"the signalling on {self._url} does not answer")

    def _watch(self, talk: "_Talk") -> None:
        """Judge the session by what arrives.

        Raises RobotError if it is to be given up.
        """
        now_ns = time.monotonic_ns()
        if talk.peer.failed:
            raise RobotError("the media connection broke")
        gate = talk.peer.gates.get("video")
        arrived_ns = gate.arrived_ns if gate is not None else 0
        age_s = (now_ns - max(arrived_ns, talk.started_ns)) / 1e9
        if age_s > _DEADLINE_S:
            what = "no more pictures" if arrived_ns else "no picture"
            raise RobotError(f"{what} within {_DEADLINE_S:g} s")
        if age_s > _STALLED_S:
            if self.connection is Connection.CONNECTED:
                self._set(Connection.STALLED, f"no picture for more than {_STALLED_S:g} s")
        elif arrived_ns:
            self._set(Connection.CONNECTED, "")
        if gate is not None and gate.is_open:
            decoded_ns = max(gate.opened_ns, talk.peer.decoded_ns)
            if (now_ns - decoded_ns) / 1e9 > 2 * _DEADLINE_S:  # the first may have come late
                raise RobotError("pictures arrive but none can be decoded")

    def _update_gates(self) -> None:
        """Decode what is wanted, and for a while what was wanted just before."""
        if self._peer is None:
            return
        consumers = {"video": self._video, "audio": self._audio}
        for kind, gate in self._peer.gates.items():
            if consumers[kind]:
                gate.open()
            elif time.monotonic() - self._unwanted_since_s[kind] > _LINGER_S:
                gate.shut()
            if gate.waits_for_key_frame:
                self._asking = asyncio.ensure_future(self._peer.request_key_frame())

    def _give_audio(self, sound: PcmFrame) -> None:
        for consumer in tuple(self._audio):
            consumer(sound)

    def _set(self, connection: Connection, reason: str) -> None:
        if connection is Connection.CONNECTED and not self._connected_s:
            self._connected_s = time.monotonic()
        super()._set(connection, reason)


class _Talk:
    """What is said on one signalling connection about one session."""

    def __init__(self, signals: ClientConnection, producer_id: str, peer: Peer) -> None:
        self.peer = peer
        self.started_ns = time.monotonic_ns()
        self._signals = signals
        self._producer_id = producer_id
        self._session_id = ""

    async def start(self) -> None:
        await self._signals.send(signalling.start_session(self._producer_id))

    async def step(self) -> None:
        """Handle one message, or let a moment pass without any.

        Raises RobotError if the robot ended the session.
        """
        match await _receive(self._signals, _TICK_S):
            case SessionStarted(session_id):
                self._session_id = session_id
            case Offer(session_id, _) as offer:
                self._session_id = session_id
                sdp = await self.peer.answer(offer)
                await self._signals.send(signalling.answer(session_id, sdp))
            case Candidate() as candidate:
                await self.peer.add_candidate(candidate)
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
            await self.peer.close()


async def _receive(signals: ClientConnection, timeout_s: float) -> signalling.Message | None:
    try:
        async with asyncio.timeout(timeout_s):
            text = await signals.recv()
    except TimeoutError:
        return None
    return signalling.parse(text)


def _reason(error: Exception, url: str) -> str:
    match error:
        case ReachyMiniRosError():
            return str(error)
        case ConnectionRefusedError():
            return f"nothing listens on {url}"
        case TimeoutError():
            return f"{url} does not answer"
        case socket.gaierror():
            return f"{url}: the host's name is not known"
        case WebSocketException():
            return f"the signalling on {url} closed: {error}"
    return f"{url}: {error}"
