# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Node ``stream``: picture and sound to platforms, own servers, and browsers as HLS and DASH."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.files import live_directory
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.media.streaming.destination import State, Status
from reachy_mini_ros.media.streaming.encoder import Quality
from reachy_mini_ros.media.streaming.streamer import LiveStream
from reachy_mini_ros.media.streaming.target import Target
from reachy_mini_ros.nodes.common.diagnostics import Level, Report, publish_diagnostics, status
from reachy_mini_ros.nodes.common.on_demand import TimerOnDemand
from reachy_mini_ros.nodes.common.parameters import declare
from reachy_mini_ros.nodes.common.qos import latched
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.secrets import secret_lines
from reachy_mini_ros.nodes.common.work import Work
from reachy_mini_ros.nodes.stream.parameters import (
    BITRATE_KBPS,
    PARAMETERS,
    dashboard_url,
    targets,
)
from reachy_mini_ros.nodes.stream.pictures import Pictures
from reachy_mini_ros.nodes.stream.sound import Sound

FOLLOW_S = 1.0
POLL_S = 0.05
"""Between two looks at what has come: shorter than sound is waited for."""
SETTLE_S = 6.0
"""The longest that ``stream/start`` waits to tell what became of each destination."""
_LEVELS = {State.RECONNECTING: Level.WARN, State.ERROR: Level.ERROR}
_QUALITY = ("bitrate", "keyframe_interval")


class StreamNode(RobotNode):
    """Subscribes to the camera and the microphone only while it streams."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("stream")
        self._io = io
        self._values: Mapping[str, Any] = declare(
            self, PARAMETERS, self._on_change, io, self._wanted
        )
        values = self._values
        self._directory = live_directory(values["live_directory"], self.get_namespace())
        self._destinations = secret_lines(self, values, "destinations")
        self._turn = asyncio.Lock()
        try:
            wanted = targets(values, self._directory, self._destinations)
        except ValueError as error:
            raise SetupError(f"parameter {error}") from None
        self._status = self.create_publisher(DiagnosticArray, "~/status", latched())
        self._streamer = LiveStream(
            io, wanted, _quality(values), self._publish_status, self.supervisor
        )
        self._pictures = Pictures(
            self, values["image_topic"], values["video_topic"], self._streamer.add_picture
        )
        self._sound = Sound(self, values["audio_topic"], values["opus_topic"], self._streamer)
        self._timer = TimerOnDemand(self, POLL_S, self._poll)
        self._work = Work(self, io)
        self._work.serve("~/start", self._start)
        self._work.serve("~/stop", self._stop)
        self._work.serve("get_stream_access", self._access)
        publish_diagnostics(self, "", self._report)
        io.call(self._publish_status)
        if values["autostart"]:
            self._require_targets()
            self._work.begin("autostart", self._begin)
        self._work.begin("choice of pictures", self._follow)

    def close(self) -> None:
        """End all destinations."""
        self._io.submit(self._work.end()).result()
        self._io.submit(self._streamer.stop()).result()

    # On the executor's thread

    def _on_change(self, changed: Mapping[str, Any]) -> None:
        wanted = self._wanted(changed)
        self._values = {**self._values, **changed}
        if changed.keys() & set(_QUALITY):
            self._streamer.set_quality(_quality(self._values))
        self._work.start("destinations", self._set_targets(wanted))

    def _wanted(self, changed: Mapping[str, Any]) -> list[Target]:
        """Return where to stream to with these parameters; raises ValueError for a bad one."""
        return targets({**self._values, **changed}, self._directory, self._destinations)

    def _poll(self) -> None:
        self._pictures.poll()
        self._sound.poll()

    def _report(self) -> Report:
        encoder = self._streamer.encoder
        if encoder is None:
            return Report(Level.OK, "not streaming", {"last_error": self._sound.last_error})
        statuses = self._streamer.statuses
        active = sum(status.state is State.ACTIVE for status in statuses)
        counts, sound = encoder.counts, encoder.packets or encoder.sound
        sent = ("opus", encoder.packets is not None), ("aac", encoder.encodes_sound)
        values = {
            "video": "copied" if self._streamer.copies else "encoded",
            "video_reason": self._pictures.reason,
            "destinations": len(statuses),
            "active": active,
            "picture_age_s": encoder.age_s,
            "pictures": counts.encoded,
            "repeated": counts.repeated,
            "skipped": counts.skipped,
            "undecodable": counts.undecodable,
            "sound": "heard" if sound.flows else "silence",
            "sound_sent": " ".join(name for name, is_sent in sent if is_sent),
            "sound_corrected": sound.corrected,
            "dropped": self._streamer.dropped,
            "last_error": self._sound.last_error,
        }
        level = Level.OK if active == len(statuses) and not encoder.stale else Level.WARN
        return Report(level, f"{active} of {len(statuses)} destinations are streamed to", values)

    # On the event loop

    async def _start(self) -> str:
        self._require_targets()
        await self._begin()
        await self._streamer.settle(SETTLE_S)
        return self._told()

    async def _begin(self) -> None:
        async with self._turn:
            if self._streamer.encoder is None:
                self._timer.want(True)
                copy = await self._pictures.choose(self._copy_wanted())
                await self._sound.choose(self._opus_wanted())
                await self._streamer.start(copy=copy, opus=self._sound.copies)

    async def _stop(self) -> str:
        async with self._turn:
            self._pictures.end()
            self._sound.end()
            self._timer.want(False)
            await self._streamer.stop()
        return self._told()

    async def _follow(self) -> None:
        """Change between copied and encoded where another choice becomes right."""
        while True:
            await asyncio.sleep(FOLLOW_S)
            async with self._turn:
                if (encoder := self._streamer.encoder) is None:
                    continue
                idle = encoder.age_s is None or encoder.stale
                copy = self._pictures.better(self._copy_wanted(), idle=idle)
                opus = self._sound.better(self._opus_wanted())
                if (copy, opus) != (self._streamer.copies, self._sound.copies):
                    await self._streamer.stop()
                    self._pictures.take(copy)
                    await self._sound.choose(opus)
                    await self._streamer.start(copy=copy, opus=self._sound.copies)

    async def _set_targets(self, wanted: list[Target]) -> None:
        await self._streamer.set_targets(wanted)
        if self._streamer.encoder is not None:
            self._sound.take()

    def _opus_wanted(self) -> bool:
        return bool(self._values["sound"] == "auto")

    def _copy_wanted(self) -> bool | None:
        """Return whether pictures are to be copied; None where that depends on what there is."""
        video, bitrate = self._values["video"], self._values["bitrate"]
        if video == "auto":
            return False if bitrate != BITRATE_KBPS else None
        return bool(video == "copy")

    async def _access(self) -> str:
        values = self._values
        dashboard = dashboard_url(values)
        server = network_address(values["public_host"], values["web_video_server_port"])
        image = self.resolve_topic_name(values["image_topic"]).removesuffix("/compressed")
        robot = network_address(values["robot_host"], values["signalling_port"])
        urls = {target.name: target.viewer_urls for target in self._streamer.targets}
        access = {
            "webrtc": {"signalling": f"ws://{robot}", "producer": "reachymini"},
            "mjpeg": {
                "dashboard": f"{dashboard}/api/stream",
                "web_video_server": f"http://{server}/stream?topic={image}",
            },
            "snapshot": f"{dashboard}/api/snapshot",
            "hls": next(iter(urls.get("hls", ())), None),
            "dash": next(iter(urls.get("dash", ())), None),
            "rtmp": [name for name in urls if name.startswith("rtmp")],
            "streaming": self._streamer.encoder is not None,
            **json.loads(self._told()),
        }
        return json.dumps(access)

    def _require_targets(self) -> None:
        if not self._streamer.targets:
            raise SetupError("there is nowhere to stream to: set destinations, hls or dash")

    def _told(self) -> str:
        return json.dumps(
            {
                "destinations": [
                    {
                        "name": status.name,
                        "state": status.state.value,
                        "reason": status.reason,
                        "viewer_urls": status.viewer_urls,
                    }
                    for status in self._streamer.statuses
                ]
            }
        )

    def _publish_status(self) -> None:
        message = DiagnosticArray(status=[_message(one) for one in self._streamer.statuses])
        message.header.stamp = self.get_clock().now().to_msg()
        self._status.publish(message)


def _quality(values: Mapping[str, Any]) -> Quality:
    """Return what the encoder is to aim at."""
    return Quality(*(values[name] for name in _QUALITY))


def _message(known: Status) -> DiagnosticStatus:
    values = {
        "state": known.state.value,
        "reason": known.reason,
        "viewer_urls": " ".join(known.viewer_urls),
    }
    level = _LEVELS.get(known.state, Level.OK)
    return status(known.name, "", Report(level, known.reason or known.state.value, values))
