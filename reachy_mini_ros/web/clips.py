# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/clips``: what was recorded, over HTTP."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.web.command_routes import forbid_if
from reachy_mini_ros.web.commands import Done
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_query
from reachy_mini_ros.web.gallery import CLIP_TYPES, ClipFolder, Clips
from reachy_mini_ros.web.photos import AT_ONCE, PhotoQuery, Thumbnails, on_disk
from reachy_mini_ros.web.sending import FileAnswer

NAME = {"name": "The file's name, as the list has it."}


class ClipRoutes:
    """Lists, sends and deletes clips."""

    def __init__(self, folder: Path, refusal: str) -> None:
        self.folder = ClipFolder(folder)
        self._refusal = refusal
        self._thumbnails = Thumbnails()
        self._decoding = asyncio.Semaphore(AT_ONCE)

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the list, the clips and their first pictures."""
        yield Endpoint(*("GET", "/api/clips", self._list), "Clips, the newest first.", Clips)
        yield Endpoint(
            *("GET", "/api/clips/{name}", self._send),
            *("A clip as MP4, also a range of it, or its states as CSV.", "video/mp4"),
            path_parameters=NAME,
            failures=(404, 409, 416),
        )
        yield Endpoint(
            *("GET", "/api/clips/{name}/still", self._still),
            *("The clip's first picture.", "image/jpeg"),
            query=PhotoQuery,
            path_parameters=NAME,
            failures=(404, 409, 422),
        )
        yield Endpoint(
            *("DELETE", "/api/clips/{name}", self._delete),
            *("Delete a clip, and its states.", Done),
            path_parameters=NAME,
            failures=(403, 404, 409),
        )

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return json_answer(await asyncio.to_thread(self.folder.clips))

    async def _send(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        response = FileAnswer(await on_disk(self.folder.path, name, "clip"))
        response.content_type = CLIP_TYPES[Path(name).suffix.lower()]
        response.headers["Cache-Control"] = "no-cache"  # it may grow
        return response

    async def _still(self, request: web.Request) -> web.StreamResponse:
        name, query = request.match_info["name"], read_query(request, PhotoQuery)
        try:
            async with self._decoding:
                content = await on_disk(self.folder.still, name, "clip")
        except MalformedError as error:
            raise web.HTTPConflict(text=f"{name}: {error}") from None
        if query.width is not None:
            content = await self._thumbnails.of(content, query.width, name)
        return web.Response(body=content, content_type="image/jpeg")

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)
        name = request.match_info["name"]
        await on_disk(self.folder.delete, name, "clip")
        return json_answer(Done(f"deleted {name}"))
