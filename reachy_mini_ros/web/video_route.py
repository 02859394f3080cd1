# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/video``: the robot's own video over a WebSocket, as fragmented MP4."""

from collections.abc import Iterator

from aiohttp import web

from reachy_mini_ros.web.endpoints import Endpoint
from reachy_mini_ros.web.sockets import feed, opened
from reachy_mini_ros.web.video import Video

MAX_VIEWERS = 100


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
        with self._video.looking() as viewer:
            socket = await opened(request)
            await feed(request, socket, viewer.outbox)
        return socket
