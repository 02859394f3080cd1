# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/video``: the robot's own video over a WebSocket, as fragmented MP4."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict

from aiohttp import WSCloseCode, web

from reachy_mini_ros.web.endpoints import Endpoint
from reachy_mini_ros.web.sending import WRITE_TIMEOUT_S, hold_little_back
from reachy_mini_ros.web.video import Beginning, Part, Video, Viewer, Waiting

MAX_VIEWERS = 100
MAX_MESSAGE_BYTES = 1024
"""Viewers have nothing to say."""


class VideoRoute:
    """Lets viewers in, and sends each what it can take."""

    def __init__(self, video: Video) -> None:
        self._video = video

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the address that video is at."""
        yield Endpoint(
            *("GET", "/api/video", self._handle),
            "WebSocket: live video as H264 in fragmented MP4, one picture a message.",
            "video/mp4",
            failures=(426, 503),
            is_socket=True,
        )

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self._video.closed:
            raise web.HTTPServiceUnavailable(text="the dashboard is closing")
        if self._video.viewers >= MAX_VIEWERS:
            raise web.HTTPServiceUnavailable(
                text=f"{MAX_VIEWERS} viewers are looking already, which is the limit"
            )
        # No compression: there is nothing to gain.
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE_BYTES)
        if not socket.can_prepare(request):
            raise web.HTTPUpgradeRequired(text="video comes over a WebSocket only: open one")
        with self._video.looking() as viewer:
            hold_little_back(request)
            await socket.prepare(request)
            sending = asyncio.create_task(_send(request, socket, viewer))
            try:
                async for _ in socket:
                    pass  # so that the viewer's end is seen
            finally:
                sending.cancel()
                await asyncio.wait([sending])
        return socket


async def _send(request: web.Request, socket: web.WebSocketResponse, viewer: Viewer) -> None:
    """Send until the end of the video or of the viewer."""
    try:
        while parts := await viewer.next():
            for part in parts:
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await _send_part(socket, part)
                    await request.writer.drain()  # nothing old waits here
    except (ConnectionError, TimeoutError):
        if request.transport is not None:
            request.transport.abort()
    else:
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the dashboard is closing")


async def _send_part(socket: web.WebSocketResponse, part: Part) -> None:
    match part:
        case Beginning():
            told = asdict(part)
            segment = told.pop("segment")
            await socket.send_json(told)
            await socket.send_bytes(segment)
        case Waiting():
            await socket.send_json({"waiting": part.reason})
        case bytes():
            await socket.send_bytes(part)
