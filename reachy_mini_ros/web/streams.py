# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/stream`` and ``/api/snapshot``."""

import time
from contextlib import AbstractContextManager

from aiohttp import web

from reachy_mini_ros.web.pictures import BOUNDARY, OPENING, NoPictureError, Picture, Pictures
from reachy_mini_ros.web.sending import begin, send

MAX_VIEWERS = 100


class Streams:
    """Pictures for whoever looks."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send one picture after the other until none comes any more."""
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

    async def snapshot(self, request: web.Request) -> web.Response:
        """Send the first picture that comes from now on."""
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
