# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/admin``: the robot's apps and its software."""

from collections.abc import Coroutine, Iterator
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from reachy_mini_ros.web.admin import COMMANDS, QUESTIONS, Admin, AdminState, LogLines
from reachy_mini_ros.web.command_routes import FAILURES, answered, forbid_if
from reachy_mini_ros.web.commands import Command, Done
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_body, read_query
from reachy_mini_ros.web.middleware import Handler
from reachy_mini_ros.web.robot import Robot


class LogQuery(BaseModel):
    """Which lines."""

    after: Annotated[int, Field(ge=0, le=2**53, description="the last answer's `last`")] = 0


class AdminRoutes:
    """Asks, and passes commands to who administers the robot."""

    def __init__(self, robot: Robot, refusal: str) -> None:
        """``refusal``: why commands are refused; empty if they are not."""
        self._robot = robot
        self._refusal = refusal

    def endpoints(self) -> Iterator[Endpoint]:
        """Return one for each question and each command; without admin, each answers 503."""
        yield Endpoint(
            *("GET", "/api/admin", self._state),
            *("Which app has the robot, and how far a job is.", AdminState),
            failures=(503,),
        )
        yield Endpoint(
            *("GET", "/api/admin/log", self._log),
            *("The daemon's log, line by line; a wireless robot's only.", LogLines),
            query=LogQuery,
            failures=(422, 503),
        )
        for name, (question, summary) in QUESTIONS.items():
            yield Endpoint(
                *("GET", f"/api/admin/{name}", self._asking(question)),
                *(summary, dict[str, Any]),
                failures=(409, 503, 504),
            )
        for name, command in COMMANDS.items():
            yield Endpoint(
                "POST",
                f"/api/admin/{name}",
                self._handler(name, command),
                (command.__doc__ or "").splitlines()[0],
                Done,
                body=command,
                failures=FAILURES,
            )

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return json_answer((await answered(self._admin())).state())

    async def _log(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, LogQuery)
        return json_answer((await answered(self._admin())).log(query.after))

    def _asking(self, question: str) -> Handler:
        async def ask() -> dict[str, Any]:
            return await self._robot.admin().ask(question)

        async def handler(request: web.Request) -> web.StreamResponse:
            return json_answer(await answered(ask()))

        return handler

    def _handler(self, name: str, kind: type[Command]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            forbid_if(self._refusal)
            command = await read_body(request, kind)
            work: Coroutine[Any, Any, Done] = self._obey(name, getattr(command, "name", None))
            return json_answer(await answered(work))

        return handler

    async def _admin(self) -> Admin:
        return self._robot.admin()

    async def _obey(self, name: str, argument: str | None) -> Done:
        return await self._robot.admin().obey(name, argument)
