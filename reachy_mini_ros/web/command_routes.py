# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/command/*`` and ``/api/moves``."""

from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from aiohttp import web

from reachy_mini_ros.errors import (
    InvalidCommandError,
    NotConnectedError,
    ReachyMiniRosError,
    TimedOutError,
)
from reachy_mini_ros.robot.motion.lease import check_name
from reachy_mini_ros.web.commands import (
    COMMANDS,
    LASTING,
    Command,
    Done,
    Moves,
    Photo,
    PhotoTaken,
    Waiting,
)
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_body, read_query
from reachy_mini_ros.web.middleware import Handler
from reachy_mini_ros.web.robot import Robot

FAILURES = (403, 408, 409, 413, 415, 422, 503, 504)

HOLDER_HEADER = "Lease-Holder"
"""The name of the lease in whose name a command comes."""

T = TypeVar("T")


class CommandRoutes:
    """Checks commands and passes them to the robot."""

    def __init__(self, robot: Robot, refusal: str) -> None:
        """``refusal``: why commands are refused; empty if they are not."""
        self._robot = robot
        self._refusal = refusal

    def endpoints(self) -> Iterator[Endpoint]:
        """Return one for each command, and the list of moves."""
        for name, command in COMMANDS.items():
            yield Endpoint(
                "POST",
                f"/api/command/{name}",
                self._handler(command),
                (command.__doc__ or "").splitlines()[0],
                PhotoTaken if command is Photo else Done,
                body=command,
                query=Waiting if command in LASTING else None,
                failures=FAILURES,
            )
        yield Endpoint(
            *("GET", "/api/moves", self._moves),
            *("The moves that can be played.", Moves),
            failures=(409, 503, 504),
        )

    def _handler(self, kind: type[Command]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            forbid_if(self._refusal)
            command = await read_body(request, kind)
            wait = kind in LASTING and read_query(request, Waiting).wait == "done"
            holder = holder_of(request)
            work = self._robot.obey(command, to_its_end=wait, holder=holder)
            return json_answer(await answered(work))

        return handler

    async def _moves(self, request: web.Request) -> web.StreamResponse:
        return json_answer(await answered(self._robot.moves()))


def holder_of(request: web.Request) -> str:
    """Return in the name of which lease a request comes, empty if in none; 422 for a wrong one."""
    name = request.headers.get(HOLDER_HEADER, "")
    if name:
        try:
            check_name(name)
        except InvalidCommandError as error:
            raise web.HTTPUnprocessableEntity(text=f"{HOLDER_HEADER}: {error}") from None
    return name


def forbid_if(refusal: str) -> None:
    """Refuse what changes anything, if that is to be, and say why."""
    if refusal:
        raise web.HTTPForbidden(text=refusal)


async def answered(work: Coroutine[Any, Any, T]) -> T:
    """Return what a robot answers, or raise the HTTP error that its error is."""
    try:
        return await work
    except TimedOutError as error:
        raise web.HTTPGatewayTimeout(text=str(error)) from None
    except NotConnectedError as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from None
    except ReachyMiniRosError as error:
        raise web.HTTPConflict(text=str(error)) from None
