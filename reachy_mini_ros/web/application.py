# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard's HTTP server: what answers where.

It knows nothing of ROS: pictures come in through :class:`Pictures`, encoded video through
:class:`Video`, sound through :class:`Hearing`, the rest through a :class:`Robot`.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.web import openapi
from reachy_mini_ros.web.access import Access
from reachy_mini_ros.web.admin_routes import AdminRoutes
from reachy_mini_ros.web.agent_routes import AgentRoutes
from reachy_mini_ros.web.agents import Agents
from reachy_mini_ros.web.clips import ClipRoutes
from reachy_mini_ros.web.command_routes import CommandRoutes
from reachy_mini_ros.web.connections import serve_whole
from reachy_mini_ros.web.endpoints import Endpoint, read_query
from reachy_mini_ros.web.events import Events, EventsQuery
from reachy_mini_ros.web.hearing import Hearing
from reachy_mini_ros.web.joints import Joints
from reachy_mini_ros.web.live import LiveRoutes
from reachy_mini_ros.web.middleware import Handler, add_headers, errors_as_json, works_again
from reachy_mini_ros.web.model import ModelRoutes
from reachy_mini_ros.web.page_files import page_handlers
from reachy_mini_ros.web.photos import PhotoRoutes, watch
from reachy_mini_ros.web.pictures import Pictures, PictureState
from reachy_mini_ros.web.report import Report, report
from reachy_mini_ros.web.robot import Robot
from reachy_mini_ros.web.scan_routes import ScanRoutes
from reachy_mini_ros.web.scanning import Scanner, ScanState
from reachy_mini_ros.web.senses import Senses
from reachy_mini_ros.web.server import Server
from reachy_mini_ros.web.settings import SettingsStore
from reachy_mini_ros.web.settings_routes import SettingsRoutes
from reachy_mini_ros.web.sound_routes import SoundRoutes
from reachy_mini_ros.web.streams import Streams
from reachy_mini_ros.web.timeline import Kind, Timeline
from reachy_mini_ros.web.timeline_routes import TimelineRoutes
from reachy_mini_ros.web.vendored import vendored_handlers
from reachy_mini_ros.web.video import Video
from reachy_mini_ros.web.video_route import VideoRoute

MAX_BODY_BYTES = 64 * 1024
SCANS = "scans"
"""The folder of panoramas, in that of the photos."""


@dataclass(frozen=True)
class Settings:
    """What the user decides."""

    photo_directory: Path
    """Of the gallery."""
    record_directory: Path
    """Of the clips."""
    live_directory: Path
    """Of the files below ``/live/``."""
    token: str = ""
    """Who does not have it is not let in; empty for none."""
    read_only: bool = False
    """Refuse all that changes anything."""
    tls: ssl.SSLContext | None = None
    """For HTTPS."""
    public: bool = False
    """Without a token, let everybody look, wherever it listens; only where it is read-only."""
    unlock: str = "set its parameter 'read_only' to false"
    """What to do about its being read-only."""
    port_setting: str = "the parameter 'port'"
    """What the port is set by."""


class Dashboard:
    """The server on one address and port; lives on one asyncio loop.

    Raises SetupError if the address needs a token that is not there.
    """

    def __init__(
        self,
        pictures: Pictures,
        robot: Robot,
        settings: Settings,
        supervisor: Supervisor | None = None,
        *,
        video: Video | None = None,
        hearing: Hearing | None = None,
        store: SettingsStore | None = None,
        timeline: Timeline | None = None,
        small: Pictures | None = None,
        address: str = "127.0.0.1",
        port: int = 8042,
    ) -> None:
        supervisor = supervisor or Supervisor()
        public = settings.public and settings.read_only
        self._access = Access(address, port, settings.token, public)
        self._robot = robot
        self._settings = settings
        refusal = f"the dashboard is read-only here: {settings.unlock}"
        refusal = refusal if settings.read_only else ""
        self.streams = Streams(pictures, supervisor, small)
        self._video = video
        self._sound = None
        if hearing is not None:
            self._sound = SoundRoutes(hearing, robot, refusal)
        photos = PhotoRoutes(settings.photo_directory, refusal)
        clips = ClipRoutes(settings.record_directory, refusal)
        folders = {
            photos.folder: lambda: self.events.publish("photos", {}),
            clips.folder: lambda: self.events.publish("clips", {}),
        }
        scans = settings.photo_directory / SCANS
        self.scanner = Scanner(robot, scans, self._on_scan, supervisor)
        self.on_scan: Callable[[ScanState], object] = _nobody
        """Hears how a scan does, beside the page."""
        self.events: Events = Events(self._report, lambda: watch(folders), supervisor)
        self.joints = Joints(robot)
        self.agents = Agents(
            lambda: self.events.publish("agents", asdict(self.agents.state())),
            robot.note_agent,
            watched=lambda: self.events.listeners > 0,
        )
        self.timeline = timeline or Timeline(pictures, supervisor)
        self.timeline.on_change = lambda one: self.events.publish("timeline", asdict(one))
        self.endpoints = (
            *self.streams.endpoints(),
            *(VideoRoute(video).endpoints() if video is not None else ()),
            *(self._sound.endpoints() if self._sound is not None else ()),
            *self.events.endpoints(),
            Endpoint(
                *("GET", "/api/status", self._status, "What is known of the robot.", Report),
                query=EventsQuery,
                failures=(422,),
            ),
            *Senses(pictures, robot, self._senses).endpoints(),
            *self.joints.endpoints(),
            *ModelRoutes().endpoints(),
            *photos.endpoints(),
            *clips.endpoints(),
            *TimelineRoutes(self.timeline, clips.folder).endpoints(),
            *CommandRoutes(robot, refusal).endpoints(),
            *ScanRoutes(self.scanner, scans, refusal).endpoints(),
            *AgentRoutes(self.agents, robot, refusal).endpoints(),
            *AdminRoutes(robot, refusal).endpoints(),
            *(SettingsRoutes(store, refusal).endpoints() if store is not None else ()),
            *LiveRoutes(settings.live_directory).endpoints(),
            Endpoint(
                *("GET", "/api/openapi.json", self._openapi),
                *("This description.", "application/json"),
            ),
        )
        self._description = openapi.document(self.endpoints)
        self.application = application = web.Application(
            middlewares=[serve_whole, errors_as_json(supervisor), self._guard],
            client_max_size=MAX_BODY_BYTES,
        )
        application.on_response_prepare.append(add_headers)
        application.on_response_prepare.append(works_again(supervisor))
        for endpoint in self.endpoints:
            endpoint.add_to(application.router)
        for path, handler in {**page_handlers(), **vendored_handlers()}.items():
            application.router.add_get(path, handler)
        self._server = Server(*(application, address, port), settings.tls, settings.port_setting)

    @property
    def url(self) -> str:
        """Where the page is, without the token."""
        return self._server.url

    async def start(self) -> None:
        """Begin to listen; raises UnavailableError if the address or the port cannot be had."""
        await self._server.start()

    async def stop(self) -> None:
        """End all streams and stop listening."""
        self._server.close()
        self.streams.close()
        if self._video is not None:
            self._video.close()
        if self._sound is not None:
            self._sound.close()
        self.events.close()
        self.joints.close()
        await self.timeline.close()
        await self.scanner.close()
        await self._server.stop()

    def on_safety(self, event: Mapping[str, str]) -> None:
        """Tell and keep a safety event: its ``level``, ``name`` and ``message``."""
        self.events.publish("safety", event)
        self.timeline.note(Kind.SAFETY, f"{event['name']}: {event['message']}", event["level"])

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._access.check(request)
        if request.path == "/" and self._access.has_token(request):
            # The token is not left in the address bar, the history or a bookmark.
            response = web.HTTPSeeOther(".")
            self._access.grant(request, response)
            raise response
        return await self.agents.serve(request, handler)

    def _on_scan(self, state: ScanState) -> None:
        self.events.publish("scan", asdict(state))
        self.on_scan(state)

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._report(read_query(request, EventsQuery).sound))

    async def _openapi(self, request: web.Request) -> web.Response:
        return web.json_response(self._description)

    def _senses(self) -> tuple[PictureState, PictureState | None, bool]:
        video = self._video.state() if self._video is not None else None
        return self.streams.state(), video, self._sound is not None

    def _report(self, sound: bool) -> dict[str, object]:
        pictures, video, _ = self._senses()
        status = self._robot.status(sound=sound)
        read_only, paused = self._settings.read_only, self.agents.paused
        return report(status, pictures, video, read_only, paused)


def _nobody(_: ScanState) -> None:
    pass
