# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Node ``audio``: what the robot hears and where from, and what its speaker is to play."""

from collections.abc import Mapping
from typing import Any

from reachy_mini_ros.aio import LoopThread, Switch
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.media.sessions import SharedSession
from reachy_mini_ros.media.speaker import RATE_HZ
from reachy_mini_ros.nodes.audio.direction import DirectionTopics
from reachy_mini_ros.nodes.audio.microphone import MicrophoneTopics
from reachy_mini_ros.nodes.audio.opus import OpusTopic
from reachy_mini_ros.nodes.audio.parameters import FRAME_ID, PARAMETERS
from reachy_mini_ros.nodes.audio.speaker import SpeakerTopics
from reachy_mini_ros.nodes.common.diagnostics import Level, Report, publish_diagnostics
from reachy_mini_ros.nodes.common.managed import ManagedNode
from reachy_mini_ros.nodes.common.parameters import declare
from reachy_mini_ros.nodes.common.work import Work
from reachy_mini_ros.robot.daemon.sound import SoundApi


class AudioNode(ManagedNode):
    """The session with the robot is open while the node is active."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("audio")
        self._io = io
        values = declare(self, PARAMETERS, self._apply, io)
        self._work = Work(self, io)
        self._api = SoundApi(values["robot_host"], values["robot_port"])
        self._session = SharedSession(
            values["robot_host"],
            values["signalling_port"],
            on_connection=self._on_connection,
            supervisor=self.supervisor,
        )
        self._switch = Switch(lambda: self.supervisor.keep("session", self._stream))
        frame_id, channels = values["frame_prefix"] + FRAME_ID, values["channels"]
        self._microphone = MicrophoneTopics(self, io, self._session, channels, frame_id)
        self._opus = OpusTopic(self, io, self._session, frame_id)
        self._direction = DirectionTopics(self, io, self._work, self._api, frame_id)
        self._speaker = SpeakerTopics(self, io, self._work, self._session, self._api)
        self._apply(values)
        address = f"{values['robot_host']}:{values['robot_port']}"
        publish_diagnostics(self, address, self._report)
        self.start(values["autostart"])

    def open_stream(self) -> None:
        """Open the session with the robot, or join in that of the camera."""
        self._io.call(self._switch.want, True)

    def close_stream(self) -> None:
        """Let go of the session, and drop what the speaker had still to play."""
        self._io.call(self._switch.want, False)

    def close(self) -> None:
        """End the session and all that runs."""
        self._io.submit(self._end()).result()

    # On the executor's thread

    def _apply(self, values: Mapping[str, Any]) -> None:
        microphone, activity = self._microphone.microphone, self._microphone.activity
        microphone.fill_gaps = values.get("fill_gaps", microphone.fill_gaps)
        activity.threshold_dbfs = values.get("activity_threshold", activity.threshold_dbfs)
        rate_hz = values.get("play_sample_rate", self._speaker.play_sample_rate)
        self._speaker.play_sample_rate = rate_hz
        self._speaker.set_volumes(values)

    def _report(self) -> Report:
        session, microphone, speaker = self._session, self._microphone, self._session.speaker
        connected = session.connection is Connection.CONNECTED
        values = {
            "lifecycle": self.lifecycle,
            "connection": session.connection.value,
            "stage": session.stage if self.lifecycle == "active" else None,
            "reason": session.reason,
            "published": microphone.published,
            "rate_hz": microphone.latencies_ms.rate_hz(),
            "latency_p50_ms": microphone.latencies_ms.percentile(50),
            "latency_p95_ms": microphone.latencies_ms.percentile(95),
            "opus_published": self._opus.published,
            "samples_lost": microphone.microphone.lost,
            "gaps": microphone.microphone.gaps,
            "bursts": session.sound_backlog.bursts,
            "dropped_stale_s": session.sound_backlog.dropped_ns / 1e9,
            "speaker_fill_s": speaker.fill_s,
            "speaker_played_s": speaker.counts.played / RATE_HZ,
            "speaker_dropped_s": speaker.counts.dropped / RATE_HZ,
            "speaker_underruns": speaker.counts.underruns,
            "refused": self._speaker.refused,
            "doa": self._direction.reason or "published",
            "reconnects": max(0, session.connections - 1),
            "last_error": self._speaker.last_error or session.last_error,
        }
        if self.lifecycle != "active":
            return Report(Level.OK, f"{self.lifecycle}: the stream is closed", values)
        if not connected:
            return Report(Level.ERROR, f"{session.connection.value}: {session.reason}", values)
        watched = "somebody listens" if microphone.watched else "nobody listens"
        return Report(Level.OK, f"connected, {watched}", values)

    # On the event loop

    async def _stream(self) -> None:
        """Hold the session until cancelled."""
        self._direction.activate(True)
        try:
            await self._session.run()
        finally:
            self._direction.activate(False)
            self._session.speaker.close()
            self._microphone.restart()

    async def _end(self) -> None:
        await self._switch.close()
        await self._work.end()
        await self._api.close()

    def _on_connection(self, connection: Connection, reason: str) -> None:
        self._microphone.restart()
        if connection is Connection.CONNECTED:
            self.get_logger().info("the robot's sound is there")
        else:
            self.get_logger().warning(f"{connection.value}: {reason}")
