# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard's TCP connections: so many at most, and none for those who say nothing."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from reachy_mini_ros.web.middleware import Handler

MOST = 512
"""Viewers and listeners are fewer, and each browser has a handful."""
HEAD_S = 10.0
"""How long the head of the first request may take."""
IDLE_S = 30.0
"""How long the head of the next one may."""


class Connection(web.RequestHandler):
    """One connection, which is closed unless requests come on it whole and in time.

    aiohttp itself waits for ever for the rest of a head of which a part came.
    """

    def __init__(self, server: web.Server) -> None:
        self._clock = asyncio.get_running_loop()
        no_log: Any = None
        super().__init__(server, loop=self._clock, access_log=no_log, keepalive_timeout=IDLE_S)
        self._others = server.connections
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, if there is room."""
        super().connection_made(transport)
        if len(self._others) >= MOST:
            self.force_close()
        else:
            self.expect_head(HEAD_S)

    def connection_lost(self, error: BaseException | None) -> None:
        """End."""
        self.have_head()
        super().connection_lost(error)

    def log_exception(self, *arguments: Any, **options: Any) -> None:
        """Log a bug with its trace; what somebody sent that is no HTTP is none, and is answered."""
        if not isinstance(options.get("exc_info"), HttpProcessingError):
            super().log_exception(*arguments, **options)

    def expect_head(self, within_s: float) -> None:
        """Close unless :meth:`have_head` is called in time."""
        self.have_head()
        self._due = self._clock.call_later(within_s, self.force_close)

    def have_head(self) -> None:
        """Wait for nothing."""
        if self._due is not None:
            self._due.cancel()
            self._due = None


@web.middleware
async def serve_whole(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request that came whole up to the last byte; one who leaves meanwhile is no error.

    Goes around all other middlewares.
    """
    connection = request.protocol
    assert isinstance(connection, Connection)
    connection.have_head()
    try:
        response = await handler(request)
        await response.prepare(request)
        await response.write_eof()
        return response
    except ConnectionError:
        connection.force_close()
        return web.Response()
    finally:
        if connection.transport is not None:
            connection.expect_head(IDLE_S)
