# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/video``: the robot's own video over a WebSocket, as fragmented MP4."""

from collections.abc import Iterator
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from reachy_mini_ros.web.endpoints import Endpoint, read_query
from reachy_mini_ros.web.sockets import feed, opened
from reachy_mini_ros.web.video import Video

MAX_VIEWERS = 100


class VideoQuery(BaseModel):
    """What is wanted of the film."""

    model_config = ConfigDict(frozen=True)

    sound: Annotated[bool, Field(description="whether the robot's Opus is to be in it")] = False


class VideoRoute:
    """Lets viewers in, and sends each what it can take."""

    def __init__(self, video: Video) -> None:
        self._video = video

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the address that video is at."""
        yield Endpoint(
            *("GET", "/api/video", self._handle),
            "WebSocket: live video as H264 in fragmented MP4, one picture a message; sound is Opus "
            "in the same film, one packet a message.",
            "video/mp4",
            query=VideoQuery,
            failures=(422, 426, 503),
            is_socket=True,
        )

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self._video.closed:
            raise web.HTTPServiceUnavailable(text="the dashboard is closing")
        if self._video.viewers >= MAX_VIEWERS:
            raise web.HTTPServiceUnavailable(
                text=f"{MAX_VIEWERS} viewers are looking already, which is the limit"
            )
        query = read_query(request, VideoQuery)
        with self._video.looking(sound=query.sound) as viewer:
            socket = await opened(request)
            await feed(request, socket, viewer.outbox)
        return socket
