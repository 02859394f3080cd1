# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The session with the robot's media: finds it, keeps it, and gets it back."""

import asyncio
import time
from collections.abc import Callable

from aiortc import MediaStreamTrack
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import ReachyMiniRosError, RobotError
from reachy_mini_ros.hosts import is_loopback, network_address
from reachy_mini_ros.media import signalling
from reachy_mini_ros.media.aiortc_patches import Loopback
from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.encoded import EncodedCounts, EncodedPictures
from reachy_mini_ros.media.encoded_sound import EncodedSounds
from reachy_mini_ros.media.frames import EncodedFrame, Frame, PcmFrame
from reachy_mini_ros.media.peer import Peer
from reachy_mini_ros.media.signalling import PeerStatus, Producers
from reachy_mini_ros.media.signalling_client import DEADLINE_S, receive, signalling_connection
from reachy_mini_ros.media.sources.base import OPENING, OnConnection, VideoSource
from reachy_mini_ros.media.stage import Stage
from reachy_mini_ros.media.talk import Talk
from reachy_mini_ros.texts import shown

PRODUCER = "reachymini"
"""The name that the robot's media goes by."""

_TICK_S = 0.25
_STALLED_S = 1.0
_UNDECODED_S = 2 * DEADLINE_S
"""How long what is decoded may stay away while it arrives: the first key frame may come late."""
_LASTED_S = 5.0
"""A session that delivered for so long was a success."""
_LINGER_S = 5.0
"""How long decoding goes on for nobody, so that one who looks often finds it running."""


class WebRtcSession(VideoSource):
    """One WebRTC session with a robot, shared by all who want its pictures or its sound.

    What nobody wants is received but not decoded; a consumer that comes then gets its first picture
    after the key frame that it causes the robot to send, and so does one of encoded pictures. The
    connection is supervised by the age of what is received, decoded or not. Whatever the robot
    sends, or aiortc makes of it, ends one attempt at most, with the stage that it failed at.
    """

    def __init__(
        self,
        host: str,
        signalling_port: int,
        *,
        on_connection: OnConnection | None = None,
        speaker: Callable[[], MediaStreamTrack] | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        """``speaker`` makes the sound track that each new connection sends to the robot."""
        super().__init__(on_connection, supervisor)
        self._host = host
        self._port = signalling_port
        self._url = f"ws://{network_address(host, signalling_port)}"
        self._loopback = Loopback.ALSO if is_loopback(host) else Loopback.NEVER
        self._speaker = speaker
        self._audio: list[Callable[[PcmFrame], None]] = []
        self._encoded_pictures = EncodedPictures(self._give_encoded)
        self.encoded_sounds = EncodedSounds(self._give)
        """Gives the microphone's sound as the robot encoded it."""
        self._unwanted_since_s = {"video": 0.0, "audio": 0.0}
        self.backlogs = {"video": Backlog(), "audio": Backlog()}
        """What was left out of the pictures and the sound after stalls."""
        self._peer: Peer | None = None
        self._connected_s = 0.0
        self._at = self._failed_at = Stage.NAME
        self._at_since_s = 0.0
        self._details = ""
        """Of the failure, for whoever looks closely; they change each time."""

    @property
    def stage(self) -> Stage:
        """Return how far it is; while it fails again and again, how far it got."""
        return max(self._at, self._failed_at, key=lambda stage: stage.rank)

    @property
    def backlog(self) -> Backlog:
        """Return what was left out of the pictures after stalls."""
        return self.backlogs["video"]

    @property
    def input_rate_hz(self) -> float:
        """Return the rate at which pictures come from the robot, decoded or not."""
        gate = self._peer.gates.get("video") if self._peer is not None else None
        return gate.arrivals.rate_hz() if gate is not None else 0.0

    @property
    def encoded(self) -> EncodedCounts:
        """Return what became of the encoded pictures."""
        return self._encoded_pictures.counts

    def add_encoded(self, consumer: Callable[[EncodedFrame], None]) -> None:
        """Hand every picture to ``consumer`` as the robot encoded it, from a key frame on."""
        super().add_encoded(consumer)
        self._encoded_pictures.wanted = True
        self.request_key_frame()

    def remove_encoded(self, consumer: Callable[[EncodedFrame], None]) -> None:
        """Undo :meth:`add_encoded`."""
        super().remove_encoded(consumer)
        self._encoded_pictures.wanted = bool(self._encoded)

    def request_key_frame(self) -> None:
        """Have the robot send a key frame soon, for one who begins with encoded pictures."""
        self._encoded_pictures.key_frame_wanted = True
        if self._peer is not None:
            self._peer.request_key_frame()

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
        self._failed_at = Stage.NAME
        self._set(Connection.CONNECTING, OPENING)
        try:
            while True:
                self._connected_s = 0.0
                try:
                    await self._attempt()
                except ReachyMiniRosError as error:
                    self._fail(str(error))
                except (OSError, WebSocketException) as error:
                    self._enter(Stage.SIGNALLING)
                    self._fail(f"the signalling on {self._url} closed: {shown(error)}")
                if self._connected_s and time.monotonic() - self._connected_s > _LASTED_S:
                    backoff.reset()
                await asyncio.sleep(backoff.pause_s())
        finally:
            self._set_closed()

    async def _attempt(self) -> None:
        async with signalling_connection(self._host, self._port, self._enter) as signals:
            producer_id = await self._find_producer(signals)
            speaker = self._speaker() if self._speaker is not None else None
            self._enter(Stage.OFFER)
            self._peer = Peer(
                self._loopback,
                self._give_video,
                self._give_audio,
                self.backlogs,
                speaker,
                self._encoded_pictures,
                self.encoded_sounds,
            )
            talk = Talk(signals, producer_id, self._peer)
            try:
                await talk.start()
                while True:
                    await talk.step(_TICK_S)
                    self._update_gates()
                    self._watch(self._peer)
            finally:
                await talk.end()
                self._peer = None

    async def _find_producer(self, signals: ClientConnection) -> str:
        """Wait until the robot's media is there; a daemon that just started has none yet."""
        await signals.send(signalling.register("reachy_mini_ros"))
        heard_s = time.monotonic()
        while time.monotonic() - heard_s < DEADLINE_S:
            await signals.send(signalling.list_producers())
            next_question_s = time.monotonic() + 2 * _TICK_S
            while (wait_s := next_question_s - time.monotonic()) > 0:
                message = await receive(signals, wait_s)
                if message is not None:
                    heard_s = time.monotonic()
                if isinstance(message, Producers) and PRODUCER in message.by_name:
                    return message.by_name[PRODUCER]
                if isinstance(message, PeerStatus) and message.produces:
                    if message.name == PRODUCER:
                        return message.peer_id
                elif isinstance(message, Producers):
                    self._enter(Stage.PRODUCER)
                    self._failed_at = Stage.PRODUCER  # known, and waited for
                    self._set(Connection.LOST, f"{self._url} has no '{PRODUCER}' yet")
        raise RobotError(f"the signalling on {self._url} does not answer")

    def _enter(self, stage: Stage) -> None:
        self._at, self._at_since_s = stage, time.monotonic()

    def _fail(self, reason: str) -> None:
        """Tell why an attempt failed, at the stage that it was at."""
        if self._at is Stage.STREAMING:  # the robot said so
            self._at = Stage.PRODUCER
        self._failed_at = self._at
        self.last_error, self._details = reason + self._details, ""
        self._set(Connection.LOST, reason)

    def _watch(self, peer: Peer) -> None:
        """Judge the session by how far it comes and by what arrives.

        Raises RobotError if it is to be given up.
        """
        if peer.failure is not None:
            if self._at.rank > Stage.DTLS.rank:
                self._enter(Stage.DECODING)
            raise peer.failure
        if peer.broken and self._at.rank > Stage.DTLS.rank:
            self._enter(Stage.ICE if peer.path_lost else Stage.DTLS)
            raise RobotError("the media connection broke")
        stage = peer.stage
        if stage.rank > self._at.rank:
            self._enter(stage)
        if self._at.rank < Stage.PACKETS.rank:
            if peer.broken or time.monotonic() - self._at_since_s > DEADLINE_S:
                self._details = f" ({_pairs(peer)})" if self._at is Stage.ICE else ""
                raise RobotError(_why_not(self._at, peer))
            return
        self._watch_pictures(peer, stage)
        self._watch_sound(peer)

    def _watch_pictures(self, peer: Peer, stage: Stage) -> None:
        gate, now_ns = peer.gates.get("video"), time.monotonic_ns()
        if gate is None or not gate.arrived_ns:
            if time.monotonic() - self._at_since_s > DEADLINE_S:
                raise RobotError(_why_not(stage, peer))
            return
        age_s = (now_ns - gate.arrived_ns) / 1e9
        if age_s > DEADLINE_S:
            self._enter(Stage.PACKETS)
            raise RobotError(f"no more pictures within {DEADLINE_S:g} s")
        if age_s > _STALLED_S:
            if self.connection is Connection.CONNECTED:
                self._set(Connection.STALLED, f"no picture for more than {_STALLED_S:g} s")
        else:
            self._set(Connection.CONNECTED, "")
        decoded_ns = max(gate.opened_ns, peer.decoded_ns["video"])
        if gate.is_open and (now_ns - decoded_ns) / 1e9 > _UNDECODED_S:
            self._enter(Stage.KEY_FRAME if gate.waits_for_key_frame else Stage.DECODING)
            raise RobotError(_why_not(self._at, peer))
        if not gate.is_open and peer.without_key_frame_s > _UNDECODED_S:
            self._enter(Stage.KEY_FRAME)
            raise RobotError(_why_not(self._at, peer))

    def _watch_sound(self, peer: Peer) -> None:
        """Have a decoder that ended, and is alone in that, begin anew with the session."""
        gate, now_ns = peer.gates.get("audio"), time.monotonic_ns()
        if gate is None or not gate.is_open or (now_ns - gate.arrived_ns) / 1e9 > _STALLED_S:
            return
        if (now_ns - max(gate.opened_ns, peer.decoded_ns["audio"])) / 1e9 > _UNDECODED_S:
            self._enter(Stage.DECODING)
            raise RobotError("sound arrives but none can be decoded")

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
        self._peer.request_key_frame()

    def _give_audio(self, sound: PcmFrame) -> None:
        self._give(self._audio, sound)

    def _set(self, connection: Connection, reason: str) -> None:
        if connection is Connection.CONNECTED:
            self._failed_at = Stage.NAME
            if not self._connected_s:
                self._connected_s = time.monotonic()
        super()._set(connection, reason)


def _why_not(stage: Stage, peer: Peer) -> str:
    """Say what did not happen in time, and what to do."""
    ours, robots = peer.candidates
    match stage:
        case Stage.OFFER:
            return f"the robot made no offer within {DEADLINE_S:g} s: restart its media"
        case Stage.CANDIDATES:
            whose = "this machine has no network address" if not ours else "the robot names none"
            if peer.is_near and not robots:  # as for a Lite with no network at all
                whose += (
                    ", as it leaves loopback out: connect this machine to a network, any will do"
                )
            return f"no ICE candidates: {len(ours)} of ours, {len(robots)} of the robot's ({whose})"
        case Stage.ICE:
            return (
                f"ICE does not get through between {_listed(ours)} and {_listed(robots)}: "
                "a firewall: let UDP pass between this machine and the robot"
            )
        case Stage.DTLS:
            return f"the DTLS handshake fails with {_listed(robots)}: restart the robot's media"
        case Stage.PACKETS if "video" not in peer.gates:
            return "the robot offers no pictures: has it a camera?"
        case Stage.PACKETS if peer.has_packets():
            return (
                f"packets come, but no whole picture within {DEADLINE_S:g} s: the network is poor"
            )
        case Stage.PACKETS:
            return (
                f"connected, but no packet of a picture within {DEADLINE_S:g} s: is its camera on?"
            )
        case Stage.KEY_FRAME:
            return "pictures arrive, but no key frame, though it is asked for: restart its media"
    return "pictures arrive but none can be decoded"


def _pairs(peer: Peer) -> str:
    ours, robots = (", ".join(candidates[:4]) for candidates in peer.candidates)
    return f"UDP {ours} to {robots}"


def _listed(candidates: list[str]) -> str:
    """Return the hosts of addresses, which are the same the next time; ports are not."""
    hosts = sorted({candidate.rpartition(":")[0] for candidate in candidates})
    more = f" and {len(hosts) - 3} more" if len(hosts) > 3 else ""
    return ", ".join(hosts[:3]) + more
