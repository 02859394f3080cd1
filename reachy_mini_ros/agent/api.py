# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard's HTTP API, from a program's side."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from reachy_mini_ros.errors import MalformedError, NotConnectedError, RobotError, TimedOutError
from reachy_mini_ros.texts import shown
from reachy_mini_ros.web.agents import HEADER
from reachy_mini_ros.web.command_routes import HOLDER_HEADER

ANSWER_S = 40.0
"""A picture, a list of moves or a service takes no longer."""
MOVE_S = 700.0
"""Nor does the longest move, which is answered at its end."""


@dataclass(frozen=True, slots=True)
class Content:
    """A body that is no JSON, with its headers."""

    data: bytes
    headers: Mapping[str, str]


class Api:
    """Asks one dashboard, in an agent's name; used as ``async with``.

    Everything raises NotConnectedError if no dashboard answers, TimedOutError if it does not in
    time, and RobotError with the dashboard's own sentence if it refuses.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, agent: str, path: str, **query: object) -> Any:
        """Return the JSON at a path."""
        return _parsed((await self.content(agent, path, **query)).data)

    async def post(
        self,
        agent: str,
        path: str,
        body: object,
        within_s: float = ANSWER_S,
        holder: str = "",
        **query: object,
    ) -> Any:
        """Send JSON, in the name of a lease if one is held; return the JSON of the answer."""
        headers = {HOLDER_HEADER: holder} if holder else {}
        answer = await self._ask("POST", agent, path, query, within_s, json=body, headers=headers)
        return _parsed(answer.data)

    async def content(self, agent: str, path: str, **query: object) -> Content:
        """Return what is at a path."""
        return await self._ask("GET", agent, path, query, ANSWER_S)

    async def send(self, agent: str, path: str, data: bytes, kind: str, within_s: float) -> Any:
        """Send a body of a media type, and return the JSON of the answer."""
        headers = {"Content-Type": kind}
        answer = await self._ask("POST", agent, path, {}, within_s, data=data, headers=headers)
        return _parsed(answer.data)

    async def _ask(
        self,
        method: str,
        agent: str,
        path: str,
        query: Mapping[str, object],
        within_s: float,
        **body: Any,
    ) -> Content:
        assert self._session is not None
        headers = {HEADER: agent, **body.pop("headers", {})}
        given = {name: str(value) for name, value in query.items() if value is not None}
        try:
            async with self._session.request(
                method,
                f"{self._url}{path}",
                params=given,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=within_s),
                allow_redirects=False,
                **body,
            ) as answer:
                data = await answer.read()
        except TimeoutError:
            raise TimedOutError(
                f"the dashboard at {self._url} gave no answer within {within_s:g} s"
            ) from None
        except aiohttp.ClientError as error:
            raise NotConnectedError(
                f"no dashboard answers at {self._url} ({shown(error)}): start it, or give its "
                "address with --url"
            ) from None
        if answer.status != 200:
            raise RobotError(_reason(answer.status, data))
        return Content(data, dict(answer.headers))


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise MalformedError("what answers there is no dashboard: it sent no JSON") from None


def _reason(status: int, data: bytes) -> str:
    """Return the dashboard's own sentence."""
    try:
        return str(json.loads(data)["error"])
    except (ValueError, TypeError, LookupError):
        return f"what answers there is no dashboard: HTTP {status}"
