# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/stream`` and ``/api/snapshot``."""

import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from aiohttp import web

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.web.encoded import (
    EncodedPictures,
    SnapshotQuery,
    StreamQuery,
    TooManySettingsError,
)
from reachy_mini_ros.web.endpoints import Endpoint, read_query
from reachy_mini_ros.web.pictures import (
    BOUNDARY,
    OPENING,
    NoPictureError,
    Picture,
    Pictures,
    PictureState,
)
from reachy_mini_ros.web.sending import begin, send

MAX_VIEWERS = 100
AS_IT_COMES = StreamQuery()
SMALL = StreamQuery(width=320, fps=2.0)


class Streams:
    """Pictures for whoever looks."""

    def __init__(
        self, pictures: Pictures, supervisor: Supervisor, small: Pictures | None = None
    ) -> None:
        """``small`` are the pictures of /api/thumbnail; without them they are encoded for it."""
        self._pictures = pictures
        self._small = small
        self.encoded = EncodedPictures(pictures, supervisor)

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the addresses that pictures are at."""
        yield Endpoint(
            *("GET", "/api/stream", self._stream),
            "Live pictures, newest first, as long as any come.",
            "multipart/x-mixed-replace",
            query=StreamQuery,
            failures=(422, 503),
        )
        yield Endpoint(
            *("GET", "/api/snapshot", self._snapshot),
            "The next picture.",
            "image/jpeg",
            query=SnapshotQuery,
            failures=(422, 503),
        )

        yield Endpoint(
            *("GET", "/api/thumbnail", self._thumbnail),
            "A small picture of now: 320 px wide, two a second at most.",
            "image/jpeg",
            failures=(503,),
        )

    def state(self) -> PictureState:
        """Return what comes in, and who looks at it in whatever setting."""
        viewers = self._pictures.viewers + self.encoded.viewers
        return replace(self._pictures.state(), viewers=viewers)

    def close(self) -> None:
        """Turn away everybody who looks or comes."""
        self.encoded.close()
        if self._small is not None:
            self._small.close()
        self._pictures.close()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        with self._looking(read_query(request, StreamQuery)) as pictures:
            picture = await _or_unavailable(pictures.next())
            response = await begin(request, f"multipart/x-mixed-replace; boundary={BOUNDARY}")
            try:
                await send(request, response, OPENING)
                while True:
                    await send(request, response, picture.part)
                    picture = await pictures.newer_than(picture)
            except (NoPictureError, TimeoutError):
                pass  # The stream ends rather than freeze; whoever looks sees that and asks again.
            return response

    async def _snapshot(self, request: web.Request) -> web.Response:
        query = read_query(request, SnapshotQuery)
        with self._looking(StreamQuery(width=query.width, quality=query.quality)) as pictures:
            picture = await _or_unavailable(pictures.next())
        return _answer(picture)

    async def _thumbnail(self, request: web.Request) -> web.Response:
        with self._looking(SMALL, self._small) as pictures:
            return _answer(await _or_unavailable(pictures.newer_than(None)))

    @contextmanager
    def _looking(self, setting: StreamQuery, ready: Pictures | None = None) -> Iterator[Pictures]:
        """Look at pictures of a setting, or at those that are ``ready``."""
        if self.state().viewers >= MAX_VIEWERS:
            raise web.HTTPServiceUnavailable(
                text=f"{MAX_VIEWERS} viewers are looking already, which is the limit"
            )
        try:
            if ready is None:
                ready = self._pictures if setting == AS_IT_COMES else self.encoded.of(setting)
        except TooManySettingsError as error:
            raise web.HTTPServiceUnavailable(text=str(error)) from None
        with ready.looking():
            yield ready


def _answer(picture: Picture) -> web.Response:
    name = time.strftime("reachy_mini_%Y%m%d_%H%M%S.jpg")
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    if picture.stamp_s is not None:
        headers["X-Stamp"] = f"{picture.stamp_s:.3f}"
    return web.Response(body=picture.jpeg, content_type="image/jpeg", headers=headers)


async def _or_unavailable(wanted: Coroutine[Any, Any, Picture]) -> Picture:
    try:
        return await wanted
    except NoPictureError as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from None
