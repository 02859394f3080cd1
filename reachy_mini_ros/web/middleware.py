# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every answer has in common: errors as JSON with a reason, and headers."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from reachy_mini_ros.web.access import HEADERS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def error(status: int, reason: str) -> web.Response:
    """Return the answer to a request that failed."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return web.json_response({"error": reason}, status=status, headers=headers)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Forbid foreign content and storing, unless a handler chose."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn aiohttp's errors, those of its router too, into :func:`error`."""
    try:
        return await handler(request)
    except web.HTTPNotFound as failed:
        usual = failed.text == f"404: {failed.reason}"
        return error(404, f"there is nothing at {request.path}" if usual else str(failed.text))
    except web.HTTPMethodNotAllowed as failed:
        allowed = ", ".join(sorted(failed.allowed_methods))
        response = error(405, f"{request.method} is not answered here, {allowed} is")
        response.headers["Allow"] = allowed
        return response
    except web.HTTPError as failed:
        return error(failed.status, failed.text or failed.reason)
