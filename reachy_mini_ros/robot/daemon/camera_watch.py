# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the daemon says of its camera: which one it is, and why it gives no pictures."""

import asyncio
import time
from collections.abc import Callable

from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.geometry.camera_models import camera_of

_PERIOD_S = 1.0
_PATIENCE_S = 2.0
"""How long pictures may stay away before anybody is asked why: a reconnect takes less."""


class CameraWatch:
    """Asks the daemon while :meth:`run` runs, which belongs to one event loop."""

    def __init__(
        self,
        api: DaemonApi,
        is_connected: Callable[[], bool],
        on_problem: Callable[[str], None],
    ) -> None:
        """``is_connected`` tells whether pictures arrive; ``on_problem`` gets each new problem."""
        self._api = api
        self._is_connected = is_connected
        self._on_problem = on_problem
        self._changed = asyncio.Event()
        self.camera_name: str | None = None
        """As :func:`.camera_models.camera_model` takes it; None while it is not known."""
        self.problem = ""
        """Why there are no pictures or no intrinsics, as far as the daemon knows."""

    def wake(self) -> None:
        """Ask again: pictures began or ceased to arrive."""
        self._changed.set()

    async def run(self) -> None:
        """Keep name and problem true until cancelled."""
        known, connected_s = False, time.monotonic()
        while True:
            self._changed.clear()
            connected = self._is_connected()
            problem = self.problem
            try:
                if not connected:
                    if known:
                        known, connected_s = False, time.monotonic()
                    if time.monotonic() - connected_s > _PATIENCE_S:
                        problem = await self._api.media_problem()
                elif not known:
                    # The SDK takes long to import, and without it the camera is not known.
                    await asyncio.to_thread(sdk.require)
                    self.camera_name = camera_of(await self._api.info())
                    known, problem = True, ""
            except ReachyMiniRosError as error:
                problem = f"no camera_info yet: {error}" if connected else ""
            self._tell(problem)
            if connected:
                connected_s = time.monotonic()
            try:
                async with asyncio.timeout(None if known else _PERIOD_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            if problem:
                self._on_problem(problem)
