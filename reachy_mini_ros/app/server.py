# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The app as a whole: the page over the robot, from its start until it is to end."""

import logging
import threading

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.app.robot import DirectRobot
from reachy_mini_ros.app.settings import TOKEN_FILE, Settings
from reachy_mini_ros.app.streams import KEYFRAME_INTERVAL_S
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.media.memory import keep_freed_buffers
from reachy_mini_ros.media.streaming import target
from reachy_mini_ros.web import application
from reachy_mini_ros.web.application import Dashboard

UNLOCK = (
    f"put a token of 8 characters or more into {TOKEN_FILE} on the robot (chmod 600), restart the "
    "app, and open the page with ?token=..."
)

_log = logging.getLogger("reachy_mini_ros")


def serve(settings: Settings, stop_event: threading.Event) -> None:
    """Serve the page until the event is set; raises SetupError if that cannot be."""
    keep_freed_buffers()
    supervisor = Supervisor()
    with LoopThread("app", supervisor.failed) as io:
        app = App(io, settings, supervisor)
        io.submit(app.start()).result()
        try:
            _log.info("open %s in a browser", app.invitation)
            stop_event.wait()
        finally:
            io.submit(app.close()).result()


class App:
    """Page and robot; its coroutines belong to the event loop."""

    def __init__(self, io: LoopThread, settings: Settings, supervisor: Supervisor) -> None:
        """Raise SetupError for what cannot be: no SDK, a bad token, a bad destination."""
        try:
            targets = [
                target.folder("hls", settings.live_directory, "/live", KEYFRAME_INTERVAL_S),
                *target.servers(settings.destinations),
            ]
        except ValueError as error:
            raise SetupError(f"REACHY_MINI_DESTINATIONS: {error}") from None
        self._settings = settings
        self.robot = DirectRobot(io, settings, targets, supervisor)
        try:
            self.dashboard = Dashboard(
                self.robot.feed.pictures,
                self.robot,
                application.Settings(
                    settings.photo_directory.expanduser(),
                    settings.record_directory.expanduser(),
                    settings.live_directory,
                    settings.token,
                    settings.read_only,
                    public=True,
                    unlock=UNLOCK,
                    port_setting="REACHY_MINI_PAGE_PORT",
                ),
                supervisor,
                video=self.robot.feed.video,
                hearing=self.robot.sound.hub,
                address=settings.address,
                port=settings.page_port,
            )
        except SetupError:
            self.robot.feed.close()
            raise
        self.robot.on_safety = self._on_safety

    @property
    def invitation(self) -> str:
        """What the user is told of the page."""
        if self._settings.token:
            return f"{self.dashboard.url} with ?token=..."
        if self._settings.read_only:
            return f"{self.dashboard.url} to look; to command too: {UNLOCK};"
        return self.dashboard.url

    async def start(self) -> None:
        """Listen; raises UnavailableError if the port is taken."""
        try:
            await self.dashboard.start()
        except SetupError:
            await self.robot.close()
            raise

    async def close(self) -> None:
        """End everything."""
        await self.dashboard.stop()
        await self.robot.close()

    def _on_safety(self, event: dict[str, str]) -> None:
        self.dashboard.events.publish("safety", event)
