# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every answer has in common: errors as JSON with a reason, and headers."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from reachy_mini_ros.aio import Supervisor, summary
from reachy_mini_ros.texts import LONGEST_SENTENCE, shown
from reachy_mini_ros.web.access import HEADERS

Signal = Callable[[web.Request, web.StreamResponse], Awaitable[None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def error(status: int, reason: str) -> web.Response:
    """Return the answer to a request that failed; what is in the reason may come from it."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    body = {"error": shown(reason, LONGEST_SENTENCE)}
    return web.json_response(body, status=status, headers=headers)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Forbid foreign content and storing, unless a handler chose."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")


def errors_as_json(supervisor: Supervisor) -> Middleware:
    """Return what turns aiohttp's errors, those of its router too, into :func:`error`.

    Of those of our own, which are bugs, the supervisor hears.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as failed:
            return _answer(request, failed)
        except web.RequestPayloadError:
            return error(400, "the body is not what the request's headers say of it")
        except (ConnectionError, TimeoutError):
            raise  # the viewer left
        except Exception as failed:  # noqa: BLE001 - one request is no more than that
            supervisor.failed(_part(request), failed)
            if request.writer.output_size:  # the answer has begun
                raise ConnectionAbortedError from None
            return error(500, f"internal error, please report it: {summary(failed)}")

    return middleware


def works_again(supervisor: Supervisor) -> Signal:
    """Return what tells the supervisor of answers that are no internal errors, as they begin."""

    async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:
        if response.status != 500:
            supervisor.works(_part(request))

    return on_prepare


def _part(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource is not None else 'nothing'}"


def _answer(request: web.Request, failed: web.HTTPException) -> web.StreamResponse:
    match failed:
        case web.HTTPNotFound():
            usual = failed.text == f"404: {failed.reason}"
            return error(404, f"there is nothing at {request.path}" if usual else str(failed.text))
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(failed.allowed_methods))
            response = error(405, f"{request.method} is not answered here, {allowed} is")
            response.headers["Allow"] = allowed
            return response
        case web.HTTPError():
            response = error(failed.status, failed.text or failed.reason)
            if "Retry-After" in failed.headers:
                response.headers["Retry-After"] = failed.headers["Retry-After"]
            return response
    raise failed
