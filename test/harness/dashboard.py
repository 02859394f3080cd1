# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Dashboards served by the test process, with no ROS in them."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from harness.processes import free_port
from harness.video import Encoder
from harness.waiting import Awaited
from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.app.settings import settings as app_settings
from reachy_mini_ros.app.settings_store import AppSettings
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.robot.geometry.camera_models import SIMULATION, camera_model
from reachy_mini_ros.robot.geometry.rotations import head_pose
from reachy_mini_ros.web.application import Dashboard, Settings
from reachy_mini_ros.web.commands import Command, Done, Moves, Photo, PhotoTaken
from reachy_mini_ros.web.hearing import Hearing
from reachy_mini_ros.web.pictures import Pictures
from reachy_mini_ros.web.robot import (
    HeadPose,
    JointPositions,
    Limits,
    Robot,
    Shot,
    Status,
    Volumes,
)
from reachy_mini_ros.web.video import Video

CAMERA = {"lifecycle": "active", "reason": ""}


class Served(Robot):
    """A running dashboard, the source that feeds it, and the robot that it shows."""

    def __init__(self, io: LoopThread, **settings: Any) -> None:
        self.io = io
        self.port: int = settings.pop("port", 0) or free_port()
        self.token = str(settings.get("token", ""))
        self.known = Status(
            "connected",
            {"robot_name": "test"},
            HeadPose(1.0, -2.0, 3.0, 0.0, 0.0, 0.01),
            camera=CAMERA,
        )
        self.joints: dict[str, float] = {}
        """Of the URDF, rad."""
        self.demands: list[bool] = []
        self.pictures = Pictures(self.demands.append, fresh_s=1.0, linger_s=0.2)
        self.video_demands: list[bool] = []
        self.video_problem = ""
        self.video_sound_demands: list[bool] = []
        self.hearing_demands: list[bool] = []
        self.hearing = Hearing(self.hearing_demands.append, fresh_s=1.0, linger_s=0.2)
        self.set: list[dict[str, int]] = []
        self.said: list[tuple[int, bytes]] = []
        self.key_wanted = False
        self.keys_asked = 0
        self.video = Video(
            *(self.video_demands.append, self._ask_for_key, lambda: self.video_problem),
            on_sound_demand=self.video_sound_demands.append,
            fresh_s=1.0,
            linger_s=0.2,
        )
        address = settings.pop("address", "127.0.0.1")
        # The tests' home is a temporary folder.
        self.photos = Path.home() / "photos"
        self.clips = Path.home() / "clips"
        self.live = Path.home() / "live"
        found = settings.pop("found", [])  # robots that announce themselves
        chosen = Settings(self.photos, self.clips, self.live, **settings)
        self.supervisor = Supervisor()
        self.changes = 0
        """How often settings were kept; nobody goes by them here."""
        self.store = AppSettings(app_settings({}), self._on_change, lambda: found)
        self.dashboard = Dashboard(
            *(self.pictures, self, chosen, self.supervisor),
            video=self.video,
            hearing=self.hearing,
            store=self.store,
            address=address,
            port=self.port,
        )
        Awaited(io.submit(self.dashboard.start())).result(10)
        self._feeding: Any = None
        self._filming: Any = None
        self.asked = self.sound_asked = self.published = 0
        self.commands: list[Command] = []
        self.waited: list[bool] = []
        self.holders: list[str] = []
        self.refusal: ReachyMiniRosError | None = None
        self.takes_long = False
        """Whether what lasts has no end."""

    def status(self, *, sound: bool = False) -> Status:
        self.asked += 1
        self.sound_asked += sound
        return self.known

    def joint_positions(self) -> JointPositions | None:
        return JointPositions(time.time(), self.joints) if self.joints else None

    async def obey(self, command: Command, *, to_its_end: bool = False, holder: str = "") -> Done:
        self.commands.append(command)
        self.waited.append(to_its_end)
        self.holders.append(holder)
        if self.refusal is not None:
            raise self.refusal
        if self.takes_long and to_its_end:
            await asyncio.Event().wait()
        if isinstance(command, Photo):
            return PhotoTaken("saved", "photo.jpg")
        return Done("done")

    async def shot(self) -> Shot:
        head = self.known.head
        assert head is not None
        pose = head_pose(*map(math.radians, (head.roll, head.pitch, head.yaw)))
        image = np.full((180, 320, 3), 128, np.uint8)
        return Shot(image, time.time(), pose, camera_model(SIMULATION, 320, 180))

    def _on_change(self) -> None:
        self.changes += 1

    async def limits(self) -> Limits:
        return Limits(40.0, 65.0, 0.1, 160.0, 180.0, 1.0)

    async def volumes(self) -> Volumes:
        return Volumes(speaker=40)

    async def set_volumes(self, percents: Mapping[str, int]) -> Done:
        if self.refusal is not None:
            raise self.refusal
        self.set.append(dict(percents))
        return Done("set")

    async def say(self, samples: bytes, rate_hz: int) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.said.append((rate_hz, samples))

    async def moves(self) -> Moves:
        return Moves(("wave",), ("mine",))

    def publish(self, jpeg: bytes) -> None:
        self.io.call(self.pictures.publish, jpeg)

    def feed(self, make: Callable[[], bytes], period_s: float = 0.04) -> None:
        """Publish what ``make`` returns, again and again, as a camera would."""

        async def run() -> None:
            while True:
                self.pictures.publish(make())
                self.published += 1
                await asyncio.sleep(period_s)

        self._feeding = self.io.submit(run())

    def film(self, encoder: Encoder, period_s: float = 1 / 30) -> None:
        """Send video as a robot would: while somebody looks, and a key frame when asked for."""
        self.key_wanted = True

        async def run() -> None:
            while True:
                if self.video_demands and self.video_demands[-1]:
                    key, self.key_wanted = self.key_wanted, False
                    self.video.publish(encoder.frame(key=key))
                else:
                    self.key_wanted = True
                await asyncio.sleep(period_s)

        self._filming = self.io.submit(run())

    def _ask_for_key(self) -> None:
        self.keys_asked += 1
        self.key_wanted = True

    def stop_film(self) -> None:
        if self._filming is not None:
            self._filming.cancel()
            self._filming = None

    def silence(self) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
            self._feeding = None

    def stop(self) -> None:
        self.silence()
        self.stop_film()
        Awaited(self.io.submit(self.dashboard.stop())).result(10)


Serve = Callable[..., Served]


@contextmanager
def serving() -> Iterator[Serve]:
    """Give a function that starts dashboards; all end with the block."""
    started: list[Served] = []

    def serve(**settings: Any) -> Served:
        started.append(Served(io, **settings))
        return started[-1]

    with LoopThread() as io:
        try:
            yield serve
        finally:
            for served in started:
                served.stop()
