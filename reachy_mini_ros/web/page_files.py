# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page itself, out of the package."""

import mimetypes
from collections.abc import Collection
from importlib import resources

from aiohttp import web

from reachy_mini_ros.web.middleware import Handler

ADDRESSES = {"index.html": "/", "settings.html": "/settings"}


def page_handlers(
    package: str = __package__, only: Collection[str] | None = None
) -> dict[str, Handler]:
    """Return what answers at the path of each of the files in a package's page, or of some."""
    return {
        ADDRESSES.get(entry.name, f"/{entry.name}"): _file_handler(
            entry.read_bytes(), _content_type(entry.name)
        )
        for entry in resources.files(package).joinpath("page").iterdir()
        if not entry.name.startswith(".") and (only is None or entry.name in only)
    }


def _content_type(name: str) -> str:
    if name.endswith(".webmanifest"):  # which not every system's tables know
        return "application/manifest+json"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _file_handler(body: bytes, content_type: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        charset = None if content_type == "image/png" else "utf-8"
        response = web.Response(body=body, content_type=content_type, charset=charset)
        response.headers["Cache-Control"] = "no-cache"
        return response

    return handler
