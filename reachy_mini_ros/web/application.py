# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard's HTTP server: page, MJPEG stream, snapshot, status.

It knows nothing of ROS: pictures come in through :class:`Pictures`, the rest through a function
that returns :class:`Status`.
"""

import asyncio
import errno
import mimetypes
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from importlib import resources

from aiohttp import web

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.web.access import HEADERS, Access
from reachy_mini_ros.web.pictures import BOUNDARY, OPENING, NoPictureError, Picture, Pictures

MAX_VIEWERS = 100
WRITE_TIMEOUT_S = 10.0
"""A viewer that takes nothing for this long has vanished."""

UNSENT_BYTES = 128 * 1024
"""What the kernel may hold back for one viewer: about one picture, so that no old ones queue."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class HeadAngles:
    """The head's orientation in degrees (REP-103: x forward, y left, z up)."""

    roll: float
    pitch: float
    yaw: float


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the robot beside its picture; nothing in it may be stale."""

    connection: str | None = None
    """``connecting``, ``connected``, ``stalled`` or ``lost``; None if nobody says."""
    robot: Mapping[str, str] = field(default_factory=dict)
    """Any facts worth showing: ``robot_name``, ``model``, ``daemon_version``, ..."""
    head: HeadAngles | None = None
    camera: Mapping[str, str] = field(default_factory=dict)
    """Its ``lifecycle`` (``active``, ``inactive``, ...) and its ``reason`` for no pictures."""


class Dashboard:
    """The server on one address and port; lives on one asyncio loop.

    Raises SetupError if the address needs a token that is not there.
    """

    def __init__(
        self,
        pictures: Pictures,
        status: Callable[[], Status],
        *,
        address: str = "127.0.0.1",
        port: int = 8042,
        token: str = "",
    ) -> None:
        self._access = Access(address, port, token)
        self._pictures = pictures
        self._status = status
        self._address = address
        self._port = port
        application = web.Application(middlewares=[_errors_as_json, self._guard])
        application.on_response_prepare.append(_add_headers)
        application.router.add_get("/api/stream", self._stream, allow_head=False)
        application.router.add_get("/api/snapshot", self._snapshot, allow_head=False)
        application.router.add_get("/api/status", self._report, allow_head=False)
        for path, handler in _page_handlers().items():
            application.router.add_get(path, handler)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=30.0,
            shutdown_timeout=0.5,
        )

    @property
    def url(self) -> str:
        """Where the page is, without the token."""
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"http://{host}:{self._port}/"

    async def start(self) -> None:
        """Begin to listen; raises SetupError if the address or the port cannot be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._address, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise SetupError(_listening_failed(error, self._address, self._port)) from None

    async def stop(self) -> None:
        """End all streams and stop listening."""
        self._pictures.close()
        await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._access.check(request)
        if request.path == "/" and self._access.has_token(request):
            # The token is not left in the address bar, the history or a bookmark.
            response = web.HTTPSeeOther(".")
            self._access.grant(response)
            raise response
        return await handler(request)

    def _looking(self) -> AbstractContextManager[None]:
        if self._pictures.viewers >= MAX_VIEWERS:
            raise web.HTTPServiceUnavailable(
                text=f"{MAX_VIEWERS} viewers are looking already, which is the limit"
            )
        return self._pictures.looking()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        with self._looking():
            picture = await _or_unavailable(self._pictures)
            response = web.StreamResponse(
                headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}"}
            )
            _keep_queue_short(request)
            await response.prepare(request)
            try:
                await response.write(OPENING)
                while True:
                    async with asyncio.timeout(WRITE_TIMEOUT_S):
                        await response.write(picture.part)
                    picture = await self._pictures.newer_than(picture)
            except NoPictureError:
                pass  # The stream ends rather than freeze; whoever looks sees that and asks again.
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()
            return response

    async def _snapshot(self, request: web.Request) -> web.Response:
        with self._looking():
            picture = await _or_unavailable(self._pictures)
        name = time.strftime("reachy_mini_%Y%m%d_%H%M%S.jpg")
        return web.Response(
            body=picture.jpeg,
            content_type="image/jpeg",
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )

    async def _report(self, request: web.Request) -> web.Response:
        status = self._status()
        return web.json_response(
            {**asdict(status), "picture": self._pictures.status(), "time": round(time.time(), 3)}
        )


async def _or_unavailable(pictures: Pictures) -> Picture:
    try:
        return await pictures.next()
    except NoPictureError as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from None


def _keep_queue_short(request: web.Request) -> None:
    connection = request.get_extra_info("socket")
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux and macOS
    if connection is not None and option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)


def _page_handlers() -> dict[str, Handler]:
    return {
        "/" if entry.name == "index.html" else f"/{entry.name}": _file_handler(
            entry.read_bytes(), mimetypes.guess_type(entry.name)[0] or "application/octet-stream"
        )
        for entry in resources.files(__package__).joinpath("page").iterdir()
        if not entry.name.startswith(".")
    }


def _file_handler(body: bytes, content_type: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.Response(body=body, content_type=content_type, charset="utf-8")
        response.headers["Cache-Control"] = "no-cache"
        return response

    return handler


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _error(404, f"there is nothing at {request.path}")
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        response = _error(405, f"{request.method} is not answered here, {allowed} is")
        response.headers["Allow"] = allowed
        return response
    except web.HTTPError as error:
        return _error(error.status, error.text or error.reason)


def _error(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)


def _listening_failed(error: OSError, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {address} is in use: set the parameter 'port' to a free one"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights: set the parameter 'port' to 1024 or more"
    return f"the dashboard cannot listen on {address} ({error.strerror or error}): set 'address'"
