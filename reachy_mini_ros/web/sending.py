# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Answers of files, and answers without end to viewers that may be slow, or gone."""

import asyncio
import socket

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

WRITE_TIMEOUT_S = 10.0
"""A viewer that takes nothing for this long has vanished."""

UNSENT_BYTES = 128 * 1024
"""What the kernel may hold back for one viewer: about one picture, so that no old ones queue."""


class FileAnswer(web.FileResponse):
    """A file, whose head may be asked for twice, as :func:`connections.serve_whole` does.

    aiohttp's own opens the file again then, and never closes it.
    """

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Send the head and the file, once."""
        return None if self.prepared else await super().prepare(request)


def hold_little_back(request: web.Request) -> None:
    """Have the kernel keep :data:`UNSENT_BYTES` at most for the viewer behind a request."""
    connection = request.get_extra_info("socket")
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux and macOS
    if connection is not None and option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)


def hold_nothing_back(request: web.Request) -> None:
    """Have nothing old wait in this process for the viewer behind a request."""
    if request.transport is not None:
        request.transport.set_write_buffer_limits(0)


async def begin(request: web.Request, content_type: str) -> web.StreamResponse:
    """Send the head of an answer whose body is written bit by bit."""
    hold_little_back(request)
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(request)
    return response


async def send(request: web.Request, response: web.StreamResponse, content: bytes) -> None:
    """Write, and return when the viewer can take more.

    Ends the connection and raises TimeoutError if it takes nothing for :data:`WRITE_TIMEOUT_S`.
    """
    try:
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await response.write(content)
            await request.writer.drain()  # which write() leaves out for small contents
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise
