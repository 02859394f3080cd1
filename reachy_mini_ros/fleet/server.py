# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page that shows all robots of a fleet: its HTTP server.

It is a client of the robots' dashboards and hands on what they say, so that a browser asks one
origin only, and their tokens stay here.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from reachy_mini_ros.aio import Supervisor, Tasks
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.fleet.dashboards import Card, WatchedDashboard
from reachy_mini_ros.fleet.file import Page
from reachy_mini_ros.hosts import is_loopback
from reachy_mini_ros.web.access import Access
from reachy_mini_ros.web.command_routes import forbid_if
from reachy_mini_ros.web.commands import Stop
from reachy_mini_ros.web.connections import serve_whole
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_body
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.middleware import Handler, add_headers, errors_as_json, works_again
from reachy_mini_ros.web.page_files import page_handlers
from reachy_mini_ros.web.server import Server

LINGER_S = 5.0
"""The robots are asked for so long after the last question of a page."""
SHARED_FILES = ("base.css", "layout.css", "icon.svg", "icon-192.png", "dom.js", "api.js")
"""Of the dashboard's page."""


@dataclass(frozen=True, slots=True)
class Cards:
    """What the page shows."""

    robots: tuple[Card, ...]
    read_only: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of a stop of all; ``error`` and ``fields`` only where one was not stopped."""

    stopped: tuple[str, ...]
    error: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Who was not stopped, and why."""


class FleetPage:
    """The server; lives on one asyncio loop. Raises SetupError if its address needs a token."""

    def __init__(
        self,
        page: Page,
        token: str,
        dashboards: Sequence[WatchedDashboard],
        supervisor: Supervisor | None = None,
    ) -> None:
        supervisor = supervisor or Supervisor()
        self._access = Access(page.address, page.port, token)
        self._dashboards = {one.robot.name: one for one in dashboards}
        self._read_only = page.read_only == "true" or (
            page.read_only == "auto" and not is_loopback(page.address)
        )
        self._refusal = "the page is read-only here: set read_only of the fleet's page to false"
        self._supervisor = supervisor
        self._tasks = Tasks(supervisor)
        self._watching: list[asyncio.Task[None]] = []
        self._interest = Interest(self._want, LINGER_S)
        application = web.Application(
            middlewares=[serve_whole, errors_as_json(supervisor), self._guard],
            client_max_size=1024,
        )
        application.on_response_prepare.append(add_headers)
        application.on_response_prepare.append(works_again(supervisor))
        for endpoint in self._endpoints():
            endpoint.add_to(application.router)
        files = {**page_handlers(only=SHARED_FILES), **page_handlers(__package__)}
        for path, handler in files.items():
            application.router.add_get(path, handler)
        self._server = Server(
            application, page.address, page.port, port_setting="port of the fleet's page"
        )

    @property
    def url(self) -> str:
        """Where it is, without the token."""
        return self._server.url

    async def start(self) -> None:
        """Begin to listen; raises UnavailableError if the address or the port cannot be had."""
        await self._server.start()

    async def close(self) -> None:
        """Listen no more, and ask nobody."""
        self._interest.drop()
        await self._server.stop()
        await self._tasks.end()

    def _endpoints(self) -> Iterator[Endpoint]:
        yield Endpoint("GET", "/api/robots", self._robots, "What is known of each robot.", Cards)
        yield Endpoint(
            *("GET", "/api/robots/{name}/picture", self._picture),
            *("The newest small picture of one.", "image/jpeg"),
            path_parameters={"name": "of the robot"},
            failures=(404, 503),
        )
        yield Endpoint(
            *("POST", "/api/stop", self._stop, "Stops all.", Stopped),
            body=Stop,
            failures=(403, 502),
        )

    def _want(self, wanted: bool) -> None:
        for task in self._watching:
            task.cancel()
        self._watching = []
        if wanted:
            self._watching = [
                self._tasks.keep(f"robot {name}", partial(one.watch, self._supervisor))
                for name, one in self._dashboards.items()
            ]

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._access.check(request)
        if request.path == "/" and self._access.has_token(request):
            # The token is not left in the address bar, the history or a bookmark.
            response = web.HTTPSeeOther(".")
            self._access.grant(request, response)
            raise response
        return await handler(request)

    async def _robots(self, request: web.Request) -> web.Response:
        self._interest.touch()
        cards = tuple(one.card() for one in self._dashboards.values())
        return json_answer(Cards(cards, self._read_only))

    async def _picture(self, request: web.Request) -> web.Response:
        dashboard = self._dashboards.get(request.match_info["name"])
        if dashboard is None:
            raise web.HTTPNotFound(text="there is no such robot in the fleet")
        self._interest.touch()
        picture = dashboard.picture()
        if picture is None:
            raise web.HTTPServiceUnavailable(text=dashboard.card().reason or "no picture came yet")
        return web.Response(body=picture, content_type="image/jpeg")

    async def _stop(self, request: web.Request) -> web.Response:
        forbid_if(self._refusal if self._read_only else "")
        await read_body(request, Stop)
        names = tuple(self._dashboards)
        ends = await asyncio.gather(*(_why_not(one) for one in self._dashboards.values()))
        failed = {name: why for name, why in zip(names, ends, strict=True) if why}
        stopped = tuple(name for name in names if name not in failed)
        if not failed:
            return json_answer(Stopped(stopped))
        text = "; ".join(f"{name}: {why}" for name, why in failed.items())
        return json_answer(Stopped(stopped, f"not stopped: {text}", failed), 502)


async def _why_not(dashboard: WatchedDashboard) -> str:
    """Stop a robot; return why it was not stopped, empty if it was."""
    try:
        await dashboard.stop()
    except ReachyMiniRosError as error:
        return str(error)
    return ""
