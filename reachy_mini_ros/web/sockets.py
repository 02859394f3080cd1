# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""WebSockets: opened, and fed from an outbox."""

import asyncio

from aiohttp import WSCloseCode, web

from reachy_mini_ros.web.outbox import Outbox
from reachy_mini_ros.web.sending import WRITE_TIMEOUT_S, hold_little_back

MAX_TEXT_BYTES = 1024
"""Of who has nothing to send but texts."""
HEARTBEAT_S = 20.0
"""Who vanished while there is nothing to send is found so."""


async def opened(request: web.Request, most_bytes: int = MAX_TEXT_BYTES) -> web.WebSocketResponse:
    """Open a WebSocket, on which messages are no longer; raises HTTPUpgradeRequired for none."""
    # No compression: what is sent is compressed already, or noise.
    socket = web.WebSocketResponse(compress=False, max_msg_size=most_bytes, heartbeat=HEARTBEAT_S)
    if not socket.can_prepare(request):
        raise web.HTTPUpgradeRequired(text="this is a WebSocket: open one")
    hold_little_back(request)
    await socket.prepare(request)
    return socket


async def feed(request: web.Request, socket: web.WebSocketResponse, outbox: Outbox) -> None:
    """Send what comes into an outbox, until either side ends."""
    sending = asyncio.create_task(_send(request, socket, outbox))
    try:
        async for _ in socket:
            pass  # so that the other side's end is seen
    finally:
        sending.cancel()
        await asyncio.wait([sending])


async def refuse(socket: web.WebSocketResponse, reason: str) -> None:
    """Say why a WebSocket is closed, and close it."""
    await socket.send_json({"error": reason})
    await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)


async def _send(request: web.Request, socket: web.WebSocketResponse, outbox: Outbox) -> None:
    try:
        while parts := await outbox.next():
            for part in parts:
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    if isinstance(part, bytes):
                        await socket.send_bytes(part)
                    else:
                        await socket.send_json(part)
                    await request.writer.drain()  # nothing old waits here
    except (ConnectionError, TimeoutError):
        if request.transport is not None:
            request.transport.abort()
    else:
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the dashboard is closing")
