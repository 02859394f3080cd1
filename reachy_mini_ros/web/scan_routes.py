# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/scan`` and ``/api/scans``: panoramas over HTTP."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from reachy_mini_ros.web import scan_files
from reachy_mini_ros.web.command_routes import FAILURES, answered, forbid_if, holder_of
from reachy_mini_ros.web.commands import Done, Scan
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_body, read_query
from reachy_mini_ros.web.photos import PhotoQuery, Thumbnails, on_disk
from reachy_mini_ros.web.scanning import Scanner, ScanState

CONTENT_TYPES = {".jpg": "image/jpeg", ".json": "application/json"}


@dataclass(frozen=True, slots=True)
class Scans:
    """The scans that are kept, the newest first."""

    scans: tuple[str, ...]


class ScanRoutes:
    """Begins, tells of and cancels a scan, and sends what was made."""

    def __init__(self, scanner: Scanner, folder: Path, refusal: str) -> None:
        self._scanner = scanner
        self._folder = folder
        self._refusal = refusal
        self._thumbnails = Thumbnails()

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the scan that runs, and the files of all."""
        yield Endpoint(*("GET", "/api/scan", self._state), "How the newest scan does.", ScanState)
        yield Endpoint(
            *("POST", "/api/scan", self._begin, "Look around, and keep pictures.", ScanState),
            body=Scan,
            failures=FAILURES,
        )
        yield Endpoint(
            *("DELETE", "/api/scan", self._cancel, "Cancel the scan that runs.", Done),
            failures=(403, 409),
        )
        yield Endpoint(*("GET", "/api/scans", self._list), "The scans that are kept.", Scans)
        yield Endpoint(
            *("GET", "/api/scans/{name}/{file}", self._send),
            *("A file of a scan, as its state or its manifest names it; smaller on wish.", "*/*"),
            query=PhotoQuery,
            path_parameters={
                "name": "The scan's name.",
                "file": "manifest.json, panorama.jpg, ...",
            },
            failures=(404, 409, 422),
        )

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._scanner.state)

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)
        scan = await read_body(request, Scan)
        holder = holder_of(request)

        async def begin() -> ScanState:
            await self._scanner.begin(scan, holder)
            return self._scanner.state

        return json_answer(await answered(begin()))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)

        async def cancel() -> Done:
            self._scanner.cancel()
            return Done("cancelled: the robot goes back to where it was")

        return json_answer(await answered(cancel()))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return json_answer(Scans(await asyncio.to_thread(scan_files.names, self._folder)))

    async def _send(self, request: web.Request) -> web.StreamResponse:
        name, file = request.match_info["name"], request.match_info["file"]
        width = read_query(request, PhotoQuery).width
        body = await on_disk(
            lambda file: scan_files.find(self._folder, name, file), file, "file of a scan"
        )
        if width is not None and file.endswith(".jpg"):
            body = await self._thumbnails.of(body, width, file)
        return web.Response(body=body, content_type=CONTENT_TYPES[Path(file).suffix])
