# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's own pictures without WebRTC, for who is on the same machine: at most 10 a second.

Read with the camera class of the SDK's local media backend. Its MediaManager would also take the
sound card, and hide why there is no camera; `ReachyMini` may release the daemon's media for all.
"""

import time
from typing import Any

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.sources.base import OnConnection
from reachy_mini_ros.media.sources.polled import No, PolledSource
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.geometry.camera_models import camera_of

RATE_HZ = 10.0
"""`IPC_FPS` in the daemon."""


class LocalSource(PolledSource):
    """Reads the daemon's local socket; what it cannot see is told by the daemon."""

    def __init__(
        self,
        api: DaemonApi,
        on_connection: OnConnection | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        """Check what is needed; SetupError, naming what to install, if GStreamer cannot do it."""
        super().__init__("sdk", on_connection, supervisor)
        sdk.require_local_camera()
        self._api = api

    async def _reader(self) -> "_Socket":
        # The SDK must be told which camera it is: the size it expects depends on that.
        return _Socket(camera_of(await self._api.info()))


class _Socket:
    def __init__(self, camera_name: str) -> None:
        self._camera_name = camera_name
        self._camera: Any = None

    def open(self) -> None:
        """Open the socket; waits up to 2 s for the first picture.

        Raises RobotError if there is none.
        """
        path = sdk.camera_socket()
        if not path.exists():
            raise RobotError(f"the daemon offers no pictures on {path}; is it on this machine?")
        self._camera = sdk.local_camera(self._camera_name)
        self._camera.open()

    def read(self, wanted: bool) -> Frame | No:
        """Return the next picture; the SDK waits 20 ms for it and knows no capture time."""
        picture = self._camera.read()
        if picture is None:
            return No.PICTURE_YET
        arrived_ns = time.monotonic_ns()
        return Frame(picture, arrived_ns, arrived_ns)

    def close(self) -> None:
        """Close the socket."""
        if self._camera is not None:
            self._camera.close()
