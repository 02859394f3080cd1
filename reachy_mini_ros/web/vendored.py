# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The libraries of others in ``vendor/``, as they were published, for the robot in 3D.

``vendor/vendored.json`` has their versions, licences and sums. They name each other as packages,
which a browser resolves by an import map alone, and the page's policy allows no script in the
page, a map neither: so the names become addresses as the files are sent.
"""

import asyncio
import functools
import json
import re
from importlib import resources
from typing import Any

from aiohttp import web

from reachy_mini_ros.web.lasting import Lasting
from reachy_mini_ros.web.middleware import Handler

PATH = "/vendor/"
ADDRESSES = {
    b"three": b"./three.module.min.js",
    # urdf-loader's formats of meshes, of which the page needs none: it reads its own.
    b"three/examples/jsm/loaders/STLLoader.js": b"../no-loaders.js",
    b"three/examples/jsm/loaders/ColladaLoader.js": b"../no-loaders.js",
}
_IMPORT = re.compile(rb"(?<= from ')[^'\n]+(?=';)")
_FOLDER = resources.files(__package__).joinpath("vendor")


def libraries() -> dict[str, Any]:
    """Return what ``vendored.json`` says of each library."""
    listed: dict[str, Any] = json.loads(_FOLDER.joinpath("vendored.json").read_bytes())
    return listed


def vendored_handlers() -> dict[str, Handler]:
    """Return what answers at the path of each library's files; none is read before it is asked."""
    names = [name for library in libraries().values() for name in library["files"]]
    return {f"{PATH}{name}": functools.partial(_send, name) for name in names}


async def _send(name: str, request: web.Request) -> web.StreamResponse:
    return (await asyncio.to_thread(_file, name)).answer(request)


@functools.cache
def _file(name: str) -> Lasting:
    body = _FOLDER.joinpath(name).read_bytes()
    if not name.endswith(".min.js"):
        body = _IMPORT.sub(lambda found: ADDRESSES.get(found[0], found[0]), body)
    return Lasting.of(body, "text/javascript")
