# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Answers that seldom change: sent compressed, and not again to who has them."""

import gzip
import hashlib
from dataclasses import dataclass

from aiohttp import ETag, web


@dataclass(frozen=True, slots=True)
class Lasting:
    """A body, compressed once."""

    gzipped: bytes
    content_type: str
    tag: str
    """Another one for another body."""

    @classmethod
    def of(cls, body: bytes, content_type: str) -> "Lasting":
        """Compress a body."""
        tag = hashlib.sha256(body).hexdigest()[:32]
        return cls(gzip.compress(body, mtime=0), content_type, tag)

    def answer(self, request: web.Request) -> web.Response:
        """Return what a request for it is answered with."""
        headers = {
            "Cache-Control": "no-cache",  # asked for anew, and answered so: nothing has changed
            "ETag": f'"{self.tag}"',
            "Vary": "Accept-Encoding",
        }
        if ETag(self.tag) in (request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        body = self.gzipped
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            body = gzip.decompress(body)
        charset = None if self.content_type == "application/octet-stream" else "utf-8"
        return web.Response(
            body=body, headers=headers, content_type=self.content_type, charset=charset
        )
