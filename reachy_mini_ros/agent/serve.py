# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The server on its transports: stdin and stdout, or HTTP on loopback."""

import asyncio
import hmac
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from mcp.server.stdio import stdio_server

from reachy_mini_ros.agent.api import Api
from reachy_mini_ros.agent.calls import Calls
from reachy_mini_ros.agent.server import mcp_server
from reachy_mini_ros.agent.settings import Settings
from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.errors import UnavailableError
from reachy_mini_ros.signals import SIGNALS

HOST = "127.0.0.1"
MOST_SESSIONS = 20

_log = logging.getLogger("reachy_mini_ros")


def over_stdio(settings: Settings) -> None:
    """Serve one agent's program until it closes stdin, or a signal comes."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(_stdio(settings))


def over_http(settings: Settings, port: int) -> None:
    """Serve on loopback until a signal comes; raises UnavailableError if the port is taken."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(_http(settings, port))


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[Any]:
    async with Api(settings.url, settings.token) as api:
        calls = Calls(api, settings, Supervisor())
        try:
            yield mcp_server(calls)
        finally:
            await calls.close()


async def _stdio(settings: Settings) -> None:
    serving = asyncio.current_task()
    assert serving is not None
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        async with _served(settings) as server, stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
    except asyncio.CancelledError:
        pass  # by a signal


async def _http(settings: Settings, port: int) -> None:
    async with _served(settings) as server:
        app = server.streamable_http_app(host=HOST, max_sessions=MOST_SESSIONS)
        config = uvicorn.Config(
            *(_guarded(app, settings.token),),
            host=HOST,
            port=port,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        serving = uvicorn.Server(config)
        try:
            listening = socket.create_server((HOST, port))
        except OSError as error:
            reason = error.strerror or error
            raise UnavailableError(
                f"cannot listen on port {port} ({reason}): give --http another one"
            ) from None
        for number in SIGNALS:
            signal.signal(number, _nothing)  # to whom the signals go back that ended it
        print(f"serving http://{HOST}:{port}/mcp", file=sys.stderr, flush=True)
        await serving.serve(sockets=[listening])


def _nothing(*_: object) -> None:
    pass


def _guarded(app: Any, token: str) -> Callable[..., Awaitable[None]]:
    """Return an application that lets in only who has the token, where there is one."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if not token or scope["type"] != "http" or _has(scope, token):
            await app(scope, receive, send)
            return
        body = b'{"error": "a token is needed: send Authorization: Bearer ..."}'
        headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return guarded


def _has(scope: Any, token: str) -> bool:
    given = dict(scope["headers"]).get(b"authorization", b"")
    scheme, _, value = given.partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(value.strip(), token.encode())
