# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A test picture that moves, without any robot: the simulation's room, looked around in."""

import math
import time

import av
import numpy as np

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.sources.base import OnConnection
from reachy_mini_ros.media.sources.polled import No, PolledSource
from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.overlay import Overlay
from reachy_mini_ros.simulation.picture import Picture

WIDTH, HEIGHT = 1280, 720
RATE_HZ = 30.0
_YAW_RAD, _PITCH_RAD = 0.5, 0.12
_PERIOD_S = 8.0


class SyntheticSource(PolledSource):
    """Pictures at exactly ``rate_hz``, each with its number and its time in it."""

    def __init__(
        self,
        rate_hz: float,
        on_connection: OnConnection | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        super().__init__("synthetic", on_connection, supervisor)
        self._rate_hz = rate_hz

    async def _reader(self) -> "_Room":
        return _Room(self._rate_hz)


class _Room:
    def __init__(self, rate_hz: float) -> None:
        self._period_ns = round(1e9 / rate_hz)
        self._frame = 0
        self._due_ns = 0
        self._picture: Picture | None = None

    def open(self) -> None:
        """Furnish the room."""
        self._picture = Picture(WIDTH, HEIGHT, seed=0)
        self._due_ns = time.monotonic_ns()

    def read(self, wanted: bool) -> Frame | No:
        """Return the picture of the next moment; a late one is left out, never caught up with."""
        assert self._picture is not None
        late = max(0, time.monotonic_ns() - self._due_ns) // self._period_ns
        self._frame += 1 + late
        self._due_ns += (1 + late) * self._period_ns
        time.sleep(max(0, self._due_ns - time.monotonic_ns()) / 1e9)
        if not wanted:
            return No.NEED
        captured_ns = time.monotonic_ns()
        picture = self._picture.draw(_head_pose(captured_ns / 1e9))
        overlay.draw(picture, Overlay(self._frame, time.time_ns()))
        image = av.VideoFrame.from_ndarray(picture.buffer, format="yuv420p")
        return Frame(image, captured_ns, time.monotonic_ns())

    def close(self) -> None:
        """Leave the room."""


def _head_pose(moment_s: float) -> Matrix:
    """Return where the head would look then: slowly to and fro, 4x4, world -> head."""
    phase = 2 * math.pi * moment_s / _PERIOD_S
    yaw, pitch = _YAW_RAD * math.sin(phase), _PITCH_RAD * math.sin(2 * phase)
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    pose: Matrix = np.eye(4)
    pose[:3, :3] = [[cy * cp, -sy, cy * sp], [sy * cp, cy, sy * sp], [-sp, 0.0, cp]]
    return pose
