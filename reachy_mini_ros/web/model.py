# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/model``: the robot's shape for the page, out of the SDK's URDF and meshes.

The meshes are made small once, and kept in the user's cache.
"""

import asyncio
import gzip
import hashlib
import logging
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from reachy_mini_ros.errors import MalformedError, SetupError
from reachy_mini_ros.files import cache_directory, write_atomically
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.geometry.meshes import (
    CELLS_M,
    LARGE_M,
    MAGIC,
    packed,
    read_stl,
    simplified,
)
from reachy_mini_ros.web.endpoints import Endpoint
from reachy_mini_ros.web.lasting import Lasting

T = TypeVar("T")

_log = logging.getLogger("reachy_mini_ros")

MESHES = "meshes/"
"""Before the names of meshes in the URDF: beside it."""
BINARY = "application/octet-stream"


class ModelRoutes:
    """Sends the URDF, and each mesh that it names, by that name alone."""

    def __init__(self) -> None:
        self._files: dict[str, Path] | None = None
        self._made: dict[str, Lasting] = {}
        self._one = asyncio.Lock()
        """Meshes are made one after the other: there are other things to do."""

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the addresses."""
        yield Endpoint(
            *("GET", "/api/model/robot.urdf", self._send_urdf),
            *("The robot's URDF; its meshes are below meshes/, packed.", "application/xml"),
            failures=(404,),
        )
        yield Endpoint(
            *("GET", "/api/model/meshes/{name}", self._send_mesh),
            *("A mesh of the URDF, packed for the page.", BINARY),
            path_parameters={"name": "as the URDF names it"},
            failures=(404,),
        )

    async def _send_urdf(self, request: web.Request) -> web.StreamResponse:
        return (await self._kept("", _urdf)).answer(request)

    async def _send_mesh(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if self._files is None:
            self._files = await _read(sdk.mesh_files)
        file = self._files.get(name)
        if file is None:
            raise web.HTTPNotFound(text=f"the robot's URDF has no mesh {name!r}")
        return (await self._kept(name, lambda: _mesh(file))).answer(request)

    async def _kept(self, name: str, make: Callable[[], Lasting]) -> Lasting:
        async with self._one:
            if name not in self._made:
                self._made[name] = await _read(make)
            return self._made[name]


async def _read(read: Callable[[], T]) -> T:
    """Read something of the SDK; what is not there, or not as it should be, is not found."""
    try:
        return await asyncio.to_thread(read)
    except (SetupError, MalformedError, OSError, ValueError) as error:
        raise web.HTTPNotFound(text=f"the SDK's model of the robot is not there: {error}") from None


def _urdf() -> Lasting:
    return Lasting.of(sdk.robot_description(MESHES).encode(), "application/xml")


def _mesh(file: Path) -> Lasting:
    """Return a mesh out of the cache, or make it."""
    content = file.read_bytes()
    what = MAGIC + repr((CELLS_M, LARGE_M)).encode() + content
    tag = hashlib.sha256(what).hexdigest()[:32]
    cached = cache_directory() / "meshes" / f"{tag}.gz"
    gzipped = _whole(cached)
    if gzipped is None:
        gzipped = gzip.compress(packed(simplified(read_stl(content))), mtime=0)
        try:
            write_atomically(cached, gzipped)
        except OSError as error:
            _log.warning("meshes cannot be kept in %s: %s", cached.parent, error)
    return Lasting(gzipped, BINARY, tag)


def _whole(file: Path) -> bytes | None:
    """Return what is in the cache if it is what was written."""
    try:
        gzipped = file.read_bytes()
        return gzipped if gzip.decompress(gzipped).startswith(MAGIC) else None
    except (OSError, EOFError, zlib.error):  # gzip's BadGzipFile is an OSError
        return None
