# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The app as a whole: the page over the robot, from its start until it is to end."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.app.robot import DirectRobot
from reachy_mini_ros.app.settings import Settings, settings
from reachy_mini_ros.app.settings_file import TOKEN_FILE
from reachy_mini_ros.app.settings_store import AppSettings
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.media.memory import keep_freed_buffers
from reachy_mini_ros.media.streaming import target
from reachy_mini_ros.web import application
from reachy_mini_ros.web.application import Dashboard

UNLOCK = (
    f"open /settings there and give a token with the code in the app's log, or put one into "
    f"{TOKEN_FILE} (chmod 600) and restart the app; then open the page with ?token=..."
)
PERIOD_S = 0.25
"""Whether settings were changed is looked for so often: the event that ends the app is not ours."""

_log = logging.getLogger("reachy_mini_ros")


def serve(stop_event: threading.Event) -> None:
    """Serve the page until the event is set, anew when its settings were changed.

    Raises SetupError if that cannot be.
    """
    keep_freed_buffers()
    supervisor = Supervisor()
    changed = threading.Event()
    with LoopThread("app", supervisor.failed) as io:
        app = _begun(io, settings(), supervisor, changed)
        while True:
            try:
                again = _wait(stop_event, changed)
            finally:
                io.submit(app.close()).result()
            if not again:
                return
            app = _anew(io, app, supervisor, changed)


def _wait(stop_event: threading.Event, changed: threading.Event) -> bool:
    """Return when the app is to end, or, with True, when it is to begin anew."""
    while not stop_event.wait(PERIOD_S):
        if changed.is_set():
            changed.clear()
            return True
    return False


def _begun(
    io: LoopThread,
    settings: Settings,
    supervisor: Supervisor,
    changed: threading.Event,
    paused: bool = False,
) -> "App":
    """Return the app, which serves its page; ``paused``: agents are held back from its start."""
    app = App(io, settings, supervisor, changed.set)
    io.submit(app.start(paused)).result()
    if settings.problem:
        _log.warning("%s", settings.problem)
    _log.info("open %s", app.invitation)
    return app


def _anew(io: LoopThread, before: "App", supervisor: Supervisor, changed: threading.Event) -> "App":
    """Begin with what is set now, or, if that cannot be, with what was before."""
    paused = before.dashboard.agents.paused
    try:
        app = _begun(io, settings(), supervisor, changed, paused)
    except SetupError as error:
        text = f"what was set cannot be: {error}; the settings before it are used"
        app = _begun(io, replace(before.settings, problem=text), supervisor, changed, paused)
    io.call(app.robot.timeline.adopt, before.robot.timeline)
    return app


class App:
    """Page and robot; its coroutines belong to the event loop."""

    def __init__(
        self,
        io: LoopThread,
        settings: Settings,
        supervisor: Supervisor,
        on_change: Callable[[], object],
    ) -> None:
        """``on_change`` hears that the settings are others. Raises SetupError without the SDK."""
        interval_s = settings.quality.keyframe_interval_s
        targets = [
            target.folder("hls", settings.live_directory, "/live", interval_s),
            *target.servers(settings.values["destinations"]),
        ]
        self.settings = settings
        self._store = AppSettings(settings, on_change)
        self.robot = DirectRobot(io, settings, targets, supervisor)
        try:
            self.dashboard = Dashboard(
                self.robot.feed.pictures,
                self.robot,
                application.Settings(
                    settings.photo_directory,
                    settings.record_directory,
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
                store=self._store,
                timeline=self.robot.timeline,
                address=settings.address,
                port=settings.page_port,
            )
        except SetupError:
            self.robot.feed.close()
            raise
        self.robot.on_safety = self.dashboard.on_safety

    @property
    def invitation(self) -> str:
        """What the user is told of the page."""
        url = self.dashboard.url
        if self.settings.token:
            return f"{url} with ?token=... in a browser"
        if self.settings.read_only:
            how = f"choose a token at {url}settings with the code {self._store.code}"
            return f"{url} in a browser to look; to command too, {how}"
        return f"{url} in a browser"

    async def start(self, paused: bool) -> None:
        """Listen, with agents held back if ``paused``; raises UnavailableError if it cannot."""
        if paused:
            self.dashboard.agents.hold(True)
        try:
            await self.dashboard.start()
        except SetupError:
            await self.robot.close()
            raise
        self.robot.start()

    async def close(self) -> None:
        """End everything."""
        await self.dashboard.stop()
        await self.robot.close()
