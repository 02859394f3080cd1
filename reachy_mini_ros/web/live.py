# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/live/``: the HLS and DASH files that the stream node writes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from reachy_mini_ros.web.endpoints import Endpoint
from reachy_mini_ros.web.sending import FileAnswer

CONTENT_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
}


class LiveRoutes:
    """Sends files of one folder, and of those below it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the address below which the files are."""
        yield Endpoint(
            *("GET", "/live/{path:.+}", self._send),
            *("A playlist or a segment of a live stream.", "video/*"),
            path_parameters={"path": "as the playlist names it, e.g. index.m3u8"},
            failures=(404, 416),
        )

    async def _send(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["path"]
        file = await asyncio.to_thread(self._find, name)
        if file is None:
            raise web.HTTPNotFound(text=f"there is no live stream {name!r}: is the stream on?")
        response = FileAnswer(file)
        response.content_type = CONTENT_TYPES[Path(name).suffix]
        # Names are used again: whoever keeps a file asks whether it is still the same.
        response.headers["Cache-Control"] = "no-cache"
        return response

    def _find(self, name: str) -> Path | None:
        """Return the regular file of a name, by no link out of the folder and with no ``..``."""
        parts = name.split("/")
        if any(part.startswith(".") or "\0" in part or not part for part in parts):
            return None
        if Path(name).suffix not in CONTENT_TYPES:
            return None
        try:
            folder = self._folder.resolve(strict=True)
            file = folder.joinpath(*parts).resolve(strict=True)
        except OSError:
            return None
        return file if file.is_relative_to(folder) and file.is_file() else None
