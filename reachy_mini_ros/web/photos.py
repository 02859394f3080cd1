# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/photos``: the gallery over HTTP."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import BaseModel, Field

from reachy_mini_ros.web.command_routes import forbid_if
from reachy_mini_ros.web.commands import Done
from reachy_mini_ros.web.encoded import Width
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_query
from reachy_mini_ros.web.gallery import CONTENT_TYPES, Folder, Gallery, Photos
from reachy_mini_ros.web.transcoding import UnreadablePictureError, transcode

T = TypeVar("T")

NAME = {"name": "The file's name, as the list has it."}
PERIOD_S = 1.0
"""Between two looks at the folder while somebody listens: photos are saved by other programs."""
AT_ONCE = 2
"""Thumbnails made at the same time."""


async def watch(folders: Mapping[Folder, Callable[[], object]]) -> None:
    """Call back at the first look at a folder and on each change of it, until cancelled.

    At the first too: who read the folder before does not know what changed until then.
    """
    known: dict[Folder, object] = {}
    while True:
        for folder, tell in folders.items():
            found = await asyncio.to_thread(folder.version)
            if found != known.get(folder):
                known[folder] = found
                tell()
        await asyncio.sleep(PERIOD_S)


class PhotoQuery(BaseModel):
    """How to send a photo."""

    width: Annotated[Width | None, Field(description="a JPEG of at most this width, px")] = None


class Thumbnails:
    """Makes pictures smaller, few at a time."""

    def __init__(self) -> None:
        self._making = asyncio.Semaphore(AT_ONCE)

    async def of(self, picture: bytes, width: int, name: str) -> bytes:
        """Return a JPEG of at most this width, px; raises the HTTP error for what is no picture."""
        try:
            async with self._making:
                return await asyncio.to_thread(transcode, picture, width, None)
        except UnreadablePictureError as error:
            raise web.HTTPConflict(text=f"{name}: {error}") from None


class PhotoRoutes:
    """Lists, sends and deletes photos."""

    def __init__(self, folder: Path, refusal: str) -> None:
        self.folder = Gallery(folder)
        self._refusal = refusal
        self._thumbnails = Thumbnails()

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the list and the photos."""
        yield Endpoint(*("GET", "/api/photos", self._list), "Photos, the newest first.", Photos)
        yield Endpoint(
            *("GET", "/api/photos/{name}", self._send),
            *("A photo, or a small picture of it.", "image/*"),
            query=PhotoQuery,
            path_parameters=NAME,
            failures=(404, 409, 422),
        )
        yield Endpoint(
            *("DELETE", "/api/photos/{name}", self._delete),
            *("Delete a photo.", Done),
            path_parameters=NAME,
            failures=(403, 404, 409),
        )

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return json_answer(await asyncio.to_thread(self.folder.photos))

    async def _send(self, request: web.Request) -> web.StreamResponse:
        name, query = request.match_info["name"], read_query(request, PhotoQuery)
        content = await on_disk(self.folder.read, name)
        content_type = CONTENT_TYPES[Path(name).suffix.lower()]
        if query.width is not None:
            content_type = "image/jpeg"
            content = await self._thumbnails.of(content, query.width, name)
        return web.Response(body=content, content_type=content_type)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)
        name = request.match_info["name"]
        await on_disk(self.folder.delete, name)
        return json_answer(Done(f"deleted {name}"))


async def on_disk(work: Callable[[str], T], name: str, kind: str = "photo") -> T:
    """Return what ``work`` makes of the file of a name; raises the HTTP error if it is not there.

    ``kind`` says what it was to be.
    """
    try:
        return await asyncio.to_thread(work, name)
    except FileNotFoundError:
        raise web.HTTPNotFound(text=f"there is no {kind} {name!r}") from None
    except OSError as error:
        raise web.HTTPConflict(text=f"{name}: {error.strerror or error}") from None
