# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot hears, while somebody asks for it, and what its speaker plays."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from reachy_mini_ros.aio import Supervisor, Switch
from reachy_mini_ros.app.media import Hold, Media
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.media.frames import PcmFrame
from reachy_mini_ros.media.loudness import Activity, Meter, level_dbfs, power
from reachy_mini_ros.media.microphone import CHUNK, RATE_HZ, Microphone
from reachy_mini_ros.robot.daemon.sound import Direction, SoundApi
from reachy_mini_ros.web.commands import Done
from reachy_mini_ros.web.hearing import Hearing, SoundFormat
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.robot import Sound, Volumes, degrees
from reachy_mini_ros.web.timeline import Kind, Timeline

LINGER_S = 3.0
FRESH_S = 1.0
LEVEL_EVERY = 5
"""Chunks that one level is taken over: 10 Hz."""
DIRECTION_PERIOD_S = 0.1
"""The daemon itself reads its microphone array at 10 Hz."""
PAUSE_S = 1.0


class SoundMeter:
    """Measures the microphone's sound while asked to; on the event loop's thread."""

    def __init__(
        self,
        media: Media,
        api: SoundApi,
        timeline: Timeline,
        supervisor: Supervisor,
        activity_dbfs: float,
    ) -> None:
        """``activity_dbfs``: the level above which activity begins."""
        self._media = media
        self._timeline = timeline
        self._api = api
        self._session = Hold(media.interest)
        self.interest = Interest(self._want, LINGER_S)
        """To be touched by who asks."""
        self._direction = Switch(lambda: supervisor.keep("direction", self._ask))
        self._from: Direction | None = None
        self._microphone = Microphone(1)
        self._meter = Meter(LEVEL_EVERY)
        self._activity = Activity(activity_dbfs)
        self._level: tuple[float, float] | None = None
        """When it was taken (monotonic, s), and what it was."""

    async def close(self) -> None:
        """Ask no more."""
        self.interest.drop()
        await self._direction.close()

    def state(self) -> Sound | None:
        """Return what is heard; None while nothing is known."""
        if self._level is None or time.monotonic() - self._level[0] > FRESH_S:
            return None
        source = self._from
        return Sound(
            round(self._level[1], 1),
            self._activity.active,
            None if source is None else source.speaking,
            None if source is None else degrees(source.yaw_rad),
        )

    def add(self, frame: PcmFrame) -> None:
        """Take a piece of the microphone's sound."""
        for chunk in self._microphone.add(frame):
            mean_square = power(chunk.samples)
            self._activity.add(level_dbfs(mean_square), CHUNK / RATE_HZ)
            if (level := self._meter.add(mean_square)) is not None:
                self._level = time.monotonic(), level
                self._note()

    def _want(self, wanted: bool) -> None:
        self._session.want(wanted)
        self._direction.want(wanted)
        self._microphone.restart()
        if wanted:
            self._media.session.add_audio(self.add)
        else:
            self._media.session.remove_audio(self.add)
            self._level = self._from = None
            self._note()

    def _note(self) -> None:
        heard = self._level is not None
        speaks = self._from is not None and bool(self._from.speaking)
        self._timeline.follow(Kind.SOUND, heard and bool(self._activity.active))
        self._timeline.follow(Kind.SPEECH, heard and speaks)

    async def _ask(self) -> None:
        while True:
            pause_s = DIRECTION_PERIOD_S
            try:
                self._from = await self._api.doa()
                if self._from is None:  # it has no array of microphones
                    pause_s = PAUSE_S
            except ReachyMiniRosError:  # the status tells that the robot is away
                self._from, pause_s = None, PAUSE_S
            await asyncio.sleep(pause_s)


class SoundFeed:
    """The microphone for who listens, and the speaker; on the event loop's thread."""

    def __init__(self, media: Media, api: SoundApi) -> None:
        self._media = media
        self._api = api
        self._session = Hold(media.interest)
        self._microphone = Microphone(1)
        self._talk = Interest(Hold(media.interest).want, LINGER_S)
        self._volumes = Volumes()
        self.hub = Hearing(self._want, media.reason)

    def close(self) -> None:
        """Let go of the speaker."""
        self._talk.drop()
        self._media.session.speaker.close()

    async def say(self, samples: bytes, rate_hz: int) -> None:
        """Play 16-bit samples of one channel; raises NotConnectedError if nobody hears them."""
        self._talk.touch()
        await self._media.connected()
        self._media.session.speaker.play(np.frombuffer(samples, "<i2").reshape(-1, 1), rate_hz)

    def volumes(self) -> Volumes:
        """Return the volumes that were set here."""
        return self._volumes

    async def set_volumes(self, percents: Mapping[str, int]) -> Done:
        """Set them, for all clients of the robot; raises RobotError if it cannot."""
        for device, percent in percents.items():
            await self._api.set_volume(device, percent)
            self._volumes = replace(self._volumes, **{device: percent})
        return Done(", ".join(f"{device} {percent} %" for device, percent in percents.items()))

    def _want(self, wanted: bool) -> None:
        self._session.want(wanted)
        self._microphone.restart()
        if wanted:
            self._media.session.add_audio(self._on_frame)
        else:
            self._media.session.remove_audio(self._on_frame)

    def _on_frame(self, frame: PcmFrame) -> None:
        for chunk in self._microphone.add(frame):
            self.hub.publish(chunk.samples.astype("<i2").tobytes(), SoundFormat(RATE_HZ, 1))
