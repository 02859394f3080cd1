# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/stream`` and ``/api/snapshot``."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

from aiohttp import web

from reachy_mini_ros.web.endpoints import Endpoint
from reachy_mini_ros.web.pictures import BOUNDARY, OPENING, NoPictureError, Picture, Pictures
from reachy_mini_ros.web.sending import begin, send

MAX_VIEWERS = 100


class Streams:
    """Pictures for whoever looks."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the addresses that pictures are at."""
        yield Endpoint(
            *("GET", "/api/stream", self._stream),
            "Live pictures, newest first, as long as any come.",
            "multipart/x-mixed-replace",
            failures=(503,),
        )
        yield Endpoint(
            *("GET", "/api/snapshot", self._snapshot),
            "The next picture.",
            "image/jpeg",
            failures=(503,),
        )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        with self._looking():
            picture = await _or_unavailable(self._pictures)
            response = await begin(request, f"multipart/x-mixed-replace; boundary={BOUNDARY}")
            try:
                await send(request, response, OPENING)
                while True:
                    await send(request, response, picture.part)
                    picture = await self._pictures.newer_than(picture)
            except (NoPictureError, TimeoutError):
                pass  # The stream ends rather than freeze; whoever looks sees that and asks again.
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

    def _looking(self) -> AbstractContextManager[None]:
        if self._pictures.viewers >= MAX_VIEWERS:
            raise web.HTTPServiceUnavailable(
                text=f"{MAX_VIEWERS} viewers are looking already, which is the limit"
            )
        return self._pictures.looking()


async def _or_unavailable(pictures: Pictures) -> Picture:
    try:
        return await pictures.next()
    except NoPictureError as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from None
