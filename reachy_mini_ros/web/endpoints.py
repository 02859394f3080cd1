# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What one address of the API takes and gives: the router and the OpenAPI document read it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from reachy_mini_ros.texts import LONGEST_NAME, shown
from reachy_mini_ros.web.middleware import Handler

Model = TypeVar("Model", bound=BaseModel)

BODY_S = 10.0
"""How long the body of a request may take."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The body of every answer that is not a success."""

    error: str
    """What failed, why, and what to do, in one line."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Of settings: which were refused, and why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    handler: Handler
    summary: str
    answer: Any
    """The type that the JSON of a success holds, or a media type."""
    body: type[BaseModel] | str | None = None
    """What its JSON holds, or a media type."""
    query: type[BaseModel] | None = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    """Name -> what it is."""
    failures: tuple[int, ...] = ()
    """Statuses besides those that every request can get."""
    is_socket: bool = False
    """Whether it is a WebSocket."""

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Have requests answered."""
        router.add_route(self.method, self.path, self.handler)


def json_answer(content: Any, status: int = 200) -> web.Response:
    """Answer with a dataclass as JSON."""
    body = TypeAdapter(type(content)).dump_json(content)
    return web.Response(body=body, status=status, content_type="application/json")


async def read_body(request: web.Request, model: type[Model]) -> Model:
    """Return the body of a request.

    Raises the HTTP error for one that is not JSON, not what ``model`` says, or does not come.
    """
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(
            text=f"the body is {request.content_type}: send JSON, as application/json"
        )
    try:
        async with asyncio.timeout(BODY_S):
            content = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"no whole body came within {BODY_S:g} s") from None
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise web.HTTPUnprocessableEntity(text=_first(error, "body")) from None


def read_query(request: web.Request, model: type[Model]) -> Model:
    """Return the query's parameters that ``model`` names; raises like :func:`read_body`."""
    given = {name: request.query[name] for name in model.model_fields if name in request.query}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise web.HTTPUnprocessableEntity(text=_first(error, "query")) from None


def _first(error: ValidationError, whole: str) -> str:
    """Say which field is wrong and why."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or whole
    return f"{shown(where, LONGEST_NAME)}: {first['msg'].removeprefix('Value error, ')}"
