# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One WebRTC session per process and robot, however many want something of it."""

import asyncio
from collections.abc import Callable
from weakref import WeakValueDictionary

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.encoded import EncodedCounts
from reachy_mini_ros.media.frames import EncodedFrame, EncodedSound, Frame, PcmFrame
from reachy_mini_ros.media.sources.base import CLOSED, OPENING, OnConnection, VideoSource
from reachy_mini_ros.media.speaker import Speaker
from reachy_mini_ros.media.stage import Stage
from reachy_mini_ros.media.webrtc import WebRtcSession


class SharedSession(VideoSource):
    """One consumer's share of this process's session with a robot.

    The session is open while :meth:`run` of any share runs; a share whose own does not run gets
    nothing. Shares of one robot belong to one event loop.
    """

    def __init__(
        self,
        host: str,
        signalling_port: int,
        *,
        on_connection: OnConnection | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        super().__init__(on_connection, supervisor)
        self._common = _common(host, signalling_port)
        self._audio: list[Callable[[PcmFrame], None]] = []
        self._audio_packets: list[Callable[[EncodedSound], None]] = []
        self._open = False
        self._turn = asyncio.Lock()

    @property
    def stage(self) -> Stage:
        """Return how far the session with the robot is."""
        return self._common.session.stage

    @property
    def backlog(self) -> Backlog:
        """Return what was left out of the pictures after stalls."""
        return self._common.session.backlogs["video"]

    @property
    def sound_backlog(self) -> Backlog:
        """Return what was left out of the sound after stalls."""
        return self._common.session.backlogs["audio"]

    @property
    def input_rate_hz(self) -> float:
        """Return the rate at which pictures come from the robot, decoded or not."""
        return self._common.session.input_rate_hz

    @property
    def encoded(self) -> EncodedCounts:
        """Return what became of the encoded pictures."""
        return self._common.session.encoded

    @property
    def speaker(self) -> Speaker:
        """Return the way to the robot's speaker."""
        return self._common.speaker

    def add_video(self, consumer: Callable[[Frame], None]) -> None:
        """Hand every decoded picture to ``consumer`` while this share is open."""
        if self._open and not self._video:
            self._common.session.add_video(self._give_video)
        super().add_video(consumer)

    def remove_video(self, consumer: Callable[[Frame], None]) -> None:
        """Undo :meth:`add_video`."""
        super().remove_video(consumer)
        if self._open and not self._video:
            self._common.session.remove_video(self._give_video)

    def add_encoded(self, consumer: Callable[[EncodedFrame], None]) -> None:
        """Hand every picture to ``consumer`` as the robot encoded it, while this share is open."""
        first = not self._encoded
        super().add_encoded(consumer)
        if self._open and first:
            self._common.session.add_encoded(self._give_encoded)
        else:
            self.request_key_frame()

    def remove_encoded(self, consumer: Callable[[EncodedFrame], None]) -> None:
        """Undo :meth:`add_encoded`."""
        super().remove_encoded(consumer)
        if self._open and not self._encoded:
            self._common.session.remove_encoded(self._give_encoded)

    def request_key_frame(self) -> None:
        """Have the robot send a key frame soon."""
        if self._open:
            self._common.session.request_key_frame()

    def add_audio(self, consumer: Callable[[PcmFrame], None]) -> None:
        """Hand the microphone's sound to ``consumer`` while this share is open."""
        if self._open and not self._audio:
            self._common.session.add_audio(self._give_audio)
        self._audio.append(consumer)

    def remove_audio(self, consumer: Callable[[PcmFrame], None]) -> None:
        """Undo :meth:`add_audio`."""
        self._audio.remove(consumer)
        if self._open and not self._audio:
            self._common.session.remove_audio(self._give_audio)

    def add_audio_packets(self, consumer: Callable[[EncodedSound], None]) -> None:
        """Hand the microphone's sound to ``consumer`` as it was encoded, while this is open."""
        if self._open and not self._audio_packets:
            self._common.session.encoded_sounds.add(self._give_audio_packet)
        self._audio_packets.append(consumer)

    def remove_audio_packets(self, consumer: Callable[[EncodedSound], None]) -> None:
        """Undo :meth:`add_audio_packets`."""
        self._audio_packets.remove(consumer)
        if self._open and not self._audio_packets:
            self._common.session.encoded_sounds.remove(self._give_audio_packet)

    async def run(self) -> None:
        """Keep the session open until cancelled; the last one to let go closes it."""
        async with self._turn:  # one that is opened again at once waits for its own end
            await self._hold()

    async def _hold(self) -> None:
        session, listeners = self._common.session, self._common.listeners
        self._open = True
        if self._video:
            session.add_video(self._give_video)
        if self._encoded:
            session.add_encoded(self._give_encoded)
        if self._audio:
            session.add_audio(self._give_audio)
        if self._audio_packets:
            session.encoded_sounds.add(self._give_audio_packet)
        listeners.append(self._on_session)
        self._set(Connection.CONNECTING, OPENING)
        if session.connection is not Connection.CONNECTING or session.reason not in ("", CLOSED):
            self._on_session(session.connection, session.reason)
        try:
            await self._common.hold()
        finally:
            self._open = False
            listeners.remove(self._on_session)
            if self._video:
                session.remove_video(self._give_video)
            if self._encoded:
                session.remove_encoded(self._give_encoded)
            if self._audio:
                session.remove_audio(self._give_audio)
            if self._audio_packets:
                session.encoded_sounds.remove(self._give_audio_packet)
            self._set_closed()

    def _give_audio(self, sound: PcmFrame) -> None:
        self._give(self._audio, sound)

    def _give_audio_packet(self, packet: EncodedSound) -> None:
        self._give(self._audio_packets, packet)

    def _on_session(self, connection: Connection, reason: str) -> None:
        self.last_error = self._common.session.last_error
        self._set(connection, reason)


class _Common:
    """The session and how many hold it."""

    def __init__(self, host: str, signalling_port: int) -> None:
        self.speaker = Speaker()
        self.listeners: list[OnConnection] = []
        self.session = WebRtcSession(
            host, signalling_port, on_connection=self._tell, speaker=self.speaker.track
        )
        self._holds = 0
        self._running: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def hold(self) -> None:
        self._holds += 1
        try:
            if self._running is None or self._running.done():  # it may have failed
                self._running = asyncio.create_task(self._run(self._ending))
            # Shielded: one consumer that goes takes the session from no other.
            await asyncio.shield(self._running)
        finally:
            self._holds -= 1
            if not self._holds:
                await self._close()

    async def _run(self, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        await self.session.run()

    async def _close(self) -> None:
        self._ending, self._running = self._running, None
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.wait([self._ending])

    def _tell(self, connection: Connection, reason: str) -> None:
        for listener in tuple(self.listeners):
            listener(connection, reason)


_all: WeakValueDictionary[tuple[str, int], _Common] = WeakValueDictionary()


def _common(host: str, signalling_port: int) -> _Common:
    common = _all.get((host, signalling_port))
    if common is None:
        common = _all[host, signalling_port] = _Common(host, signalling_port)
    return common
