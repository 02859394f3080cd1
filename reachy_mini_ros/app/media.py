# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Camera and microphone of the robot: open while somebody wants something of them."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import ExitStack

from reachy_mini_ros.aio import Supervisor, Switch
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.sessions import SharedSession
from reachy_mini_ros.media.sources.base import CLOSED, OPENING
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.camera_watch import CameraWatch
from reachy_mini_ros.robot.geometry.camera_models import CameraModel, camera_model
from reachy_mini_ros.web.interest import Interest

MODEL_S = 3.0
"""For the daemon to tell which camera it has."""
LINGER_S = 10.0
"""The session with the robot stays open for so long after the last one who wanted anything."""
CONNECT_S = 5.0
"""What is to be played waits for so long for a session that is just being opened."""

_log = logging.getLogger("reachy_mini_ros")


class Media:
    """One WebRTC session, on the event loop's thread; the daemon's media is never released."""

    def __init__(
        self, host: str, signalling_port: int, api: DaemonApi, supervisor: Supervisor
    ) -> None:
        self.session = SharedSession(
            host, signalling_port, on_connection=self._on_connection, supervisor=supervisor
        )
        self._changed = asyncio.Event()
        self._watch = CameraWatch(api, self._is_connected, _log.warning)
        self._switch = Switch(lambda: supervisor.keep("camera and sound", self._stream))
        self.interest = Interest(self._switch.want, LINGER_S)
        """Keeps the session open while it is held."""

    async def close(self) -> None:
        """Close the session."""
        self.interest.drop()
        await self._switch.close()

    def state(self) -> Mapping[str, str]:
        """Return what is told of the camera: its lifecycle, and why it gives no pictures."""
        connection, reason = self.session.connection.value, self.reason()
        return {"lifecycle": "active", "connection": connection, "reason": reason, "flip": "none"}

    def reason(self) -> str:
        """Return why there are neither pictures nor sound; empty if there are, or soon."""
        known = (self.session.reason, self._watch.problem)
        reason = "; ".join(text for text in known if text not in ("", CLOSED, OPENING))
        return "" if self._is_connected() else reason

    def model(self, width: int, height: int) -> CameraModel | None:
        """Return the camera's model for pictures of a size; None while it is not known."""
        name = self._watch.camera_name
        return None if name is None else camera_model(name, width, height)

    async def known_model(self, width: int, height: int) -> CameraModel | None:
        """Return the model, which is known soon after the session has begun; None if it is not."""
        with self.interest.held():
            end_s = time.monotonic() + MODEL_S
            while True:
                model = self.model(width, height)
                if model is not None or time.monotonic() > end_s:
                    return model
                await asyncio.sleep(0.05)

    async def frame(self) -> Frame:
        """Return the next picture; raises NotConnectedError, with the reason, if none comes."""
        with self.interest.held():
            try:
                return await self.session.frame()
            except NotConnectedError as error:
                raise self.explained(error) from None

    async def connected(self) -> None:
        """Return when the session is there; raises NotConnectedError, with the reason, if not."""
        with self.interest.held():
            try:
                async with asyncio.timeout(CONNECT_S):
                    while not self._is_connected():
                        self._changed.clear()
                        await self._changed.wait()
            except TimeoutError:
                reason = self.session.reason
                error = NotConnectedError(f"the robot's sound is not there: {reason}")
                raise self.explained(error) from None

    def explained(self, error: NotConnectedError) -> NotConnectedError:
        """Return the error for no pictures with what the daemon says of it."""
        problem = self._watch.problem
        return NotConnectedError(f"{error}; {problem}" if problem else str(error))

    def _is_connected(self) -> bool:
        return self.session.connection is Connection.CONNECTED

    async def _stream(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.session.run())
            tasks.create_task(self._watch.run())

    def _on_connection(self, connection: Connection, reason: str) -> None:
        self._watch.wake()
        self._changed.set()
        _log.info("camera and sound are %s: %s", connection.value, reason or "pictures arrive")


class Hold:
    """Turns on and off into holding an interest."""

    def __init__(self, interest: Interest) -> None:
        self._interest = interest
        self._held = ExitStack()

    def want(self, wanted: bool) -> None:
        """Hold it once, or let it go."""
        self._held.close()
        if wanted:
            self._held.enter_context(self._interest.held())
