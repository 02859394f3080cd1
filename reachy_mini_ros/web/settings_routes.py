# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/settings``: read, checked, changed, tried; and the first token, for who has the code."""

import asyncio
import hmac
import math
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from reachy_mini_ros.web.command_routes import answered, forbid_if
from reachy_mini_ros.web.commands import Done
from reachy_mini_ros.web.endpoints import Endpoint, Failure, json_answer, read_body
from reachy_mini_ros.web.guesses import Guesses
from reachy_mini_ros.web.middleware import Handler
from reachy_mini_ros.web.settings import (
    FoundRobot,
    Given,
    RefusedSettingsError,
    SettingsDocument,
    SettingsStore,
)

BODY = (403, 408, 409, 413, 415, 422, 503, 504)
MOST = 500

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Changes(BaseModel):
    """Settings by their names; null for the default; what is not named stays."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    values: Annotated[dict[Name, Given], Field(max_length=MOST)] = {}


class FirstToken(BaseModel):
    """A token, and the code that says who may set it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: Annotated[str, Field(max_length=200)]
    token: Annotated[str, Field(max_length=200)]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of settings found."""

    fields: dict[str, str] = field(default_factory=dict)
    """Which would be refused, and why."""


@dataclass(frozen=True, slots=True)
class FoundRobots:
    """Who announces itself in the network."""

    robots: tuple[FoundRobot, ...]


class SettingsRoutes:
    """Checks requests and passes them to who keeps the settings."""

    def __init__(self, store: SettingsStore, refusal: str) -> None:
        """``refusal``: why changes are refused; empty if they are not."""
        self._store = store
        self._refusal = refusal
        self._guesses = Guesses()
        self._one = asyncio.Lock()
        self._search = asyncio.Lock()

    def endpoints(self) -> Iterator[Endpoint]:
        """Return what answers where."""
        path = "/api/settings"
        yield Endpoint(
            *("GET", path, self._read),
            *("What is set, without secrets.", SettingsDocument),
            failures=(503, 504),
        )
        asked: tuple[tuple[str, str, Handler, str, Any], ...] = (
            ("PUT", path, self._change, "Change the settings that are named.", Done),
            ("POST", f"{path}/validate", self._check, "Check changes; make none.", Checked),
            ("POST", f"{path}/test", self._test, "Ask the robot whether it is there.", Done),
        )
        for method, at, handler, summary, answer in asked:
            yield Endpoint(method, at, handler, summary, answer, body=Changes, failures=BODY)
        yield Endpoint(
            *("POST", f"{path}/token", self._first_token),
            *("Set the first token, with the code that is in the program's log.", Done),
            body=FirstToken,
            failures=BODY,
        )
        yield Endpoint(
            *("GET", f"{path}/robots", self._robots),
            *("Robots that announce themselves (mDNS); takes 2 s.", FoundRobots),
            failures=(403, 409, 503, 504),
        )

    @property
    def _locked(self) -> bool:
        return bool(self._refusal and self._store.code)

    async def _read(self, request: web.Request) -> web.StreamResponse:
        document = await answered(self._store.read())
        unlock = document.unlock if self._locked else ""
        return json_answer(replace(document, read_only=bool(self._refusal), unlock=unlock))

    async def _change(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)
        changes = await read_body(request, Changes)
        return await _done(self._store.change(changes.values))

    async def _check(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)
        changes = await read_body(request, Changes)
        return json_answer(Checked(await answered(self._store.check(changes.values))))

    async def _test(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)
        changes = await read_body(request, Changes)
        return await _done(self._store.test(changes.values))

    async def _first_token(self, request: web.Request) -> web.StreamResponse:
        asked = await read_body(request, FirstToken)
        async with self._one:  # the code counts once
            if not self._locked:
                raise web.HTTPConflict(text="no first token is to be set here")
            if wait_s := self._guesses.wait_s(request.remote):
                seconds = math.ceil(wait_s)
                raise web.HTTPTooManyRequests(
                    headers={"Retry-After": str(seconds)},
                    text=f"too many wrong codes came from there: wait {seconds} s",
                )
            given = asked.code.strip().encode(errors="surrogateescape")
            if not hmac.compare_digest(given, self._store.code.encode()):
                self._guesses.wrong(request.remote)
                raise web.HTTPForbidden(text="that is not the code in the program's log")
            return await _done(self._store.change({"token": asked.token}))

    async def _robots(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)
        async with self._search:  # one at a time, whoever asks
            return json_answer(FoundRobots(await answered(self._store.robots())))


async def _done(work: Coroutine[Any, Any, str]) -> web.Response:
    """Answer with what follows, or with why which setting was refused."""

    async def outcome() -> web.Response:
        try:
            return json_answer(Done(await work))
        except RefusedSettingsError as error:
            return json_answer(Failure(str(error), error.reasons), status=409)

    return await answered(outcome())
