# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A call from its arrival to its answer: checked, allowed, counted, told, carried out."""

import asyncio
import itertools
import json
import os
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from reachy_mini_ros.agent import resources
from reachy_mini_ros.agent.api import Api
from reachy_mini_ros.agent.motion_tools import StopTool
from reachy_mini_ros.agent.robot import Motion, Robot
from reachy_mini_ros.agent.settings import Settings
from reachy_mini_ros.agent.tool import Arguments, Reply, Tool
from reachy_mini_ros.agent.tools import TOOLS
from reachy_mini_ros.aio import Supervisor, Tasks, summary
from reachy_mini_ros.errors import InvalidCommandError, ReachyMiniRosError
from reachy_mini_ros.texts import LONGEST, LONGEST_NAME, shown

LARGEST_ARGUMENTS = 16 * 1024
"""Characters of a call's arguments as JSON."""
MINUTE_S = 60.0
TELL_S = 10.0
QUESTION_S = 40.0
"""The dashboard decides before that."""


class RefusedError(ReachyMiniRosError):
    """The call is not allowed; nothing was done."""


class FloodError(RefusedError):
    """As before, and that was told already."""


class Calls:
    """Carries out calls, each one told to the dashboard; used on one event loop.

    Whatever comes in, the answer is a reply or one ReachyMiniRosError.
    """

    def __init__(self, api: Api, settings: Settings, supervisor: Supervisor) -> None:
        self._api = api
        self._settings = settings
        self._supervisor = supervisor
        self._tasks = Tasks(supervisor)
        self._motion = Motion(self._tasks)
        self._times: deque[float] = deque()
        self._flooded = False
        # Two servers of one agent must not take each other's calls for their own.
        self._prefix = f"{os.getpid()}-{time.time_ns():x}"
        self._ids = itertools.count(1)

    async def close(self) -> None:
        """Stop what a call that was given up has begun."""
        await self._motion.close()
        await self._tasks.end()

    async def call(self, agent: str, name: str, arguments: Mapping[str, Any] | None) -> Reply:
        """Carry out one call of an agent.

        Raises a ReachyMiniRosError with the reason in one line.
        """
        agent = self._settings.name or agent
        entry = {
            "id": f"{self._prefix}-{next(self._ids)}",
            "tool": shown(name, LONGEST_NAME) or "?",
            "arguments": _shown(arguments),
        }
        try:
            reply = await self._carry_out(agent, name, arguments or {}, entry)
        except asyncio.CancelledError:
            end = {**entry, "outcome": "failed", "text": "cancelled by the agent"}
            self._tasks.start("tell", self._tell_if_possible(agent, end))
            raise
        except FloodError:
            raise
        except ReachyMiniRosError as error:
            refused = isinstance(error, RefusedError | InvalidCommandError)
            end = {**entry, "outcome": "refused" if refused else "failed", "text": str(error)}
            await self._tell_if_possible(agent, end)
            raise
        except Exception as error:  # noqa: BLE001 - one call is no more than that
            self._supervisor.failed(f"tool {name}", error)
            text = f"internal error, please report it: {summary(error)}"
            await self._tell_if_possible(agent, {**entry, "outcome": "failed", "text": text})
            raise ReachyMiniRosError(text) from None
        end = {**entry, "outcome": "done", "text": shown(reply.text)}
        await self._tell_if_possible(agent, end)
        return reply

    async def read(self, agent: str, uri: str) -> str:
        """Return a resource; raises a ReachyMiniRosError with the reason."""
        self._count()
        agent = self._settings.name or agent
        return await resources.read(Robot(self._api, self._settings, self._motion, agent), uri)

    async def _carry_out(
        self, agent: str, name: str, arguments: Mapping[str, Any], entry: Mapping[str, str]
    ) -> Reply:
        robot = Robot(self._api, self._settings, self._motion, agent)
        if name == StopTool.name:  # nothing comes before it
            return await TOOLS[name].run(robot, Arguments())
        self._count()
        tool, given = _checked(name, arguments)
        self._permit(tool)
        await self._tell(agent, {**entry, "outcome": "begun"})  # what nobody would see is not done
        await self._confirm(agent, tool, entry)
        return await tool.run(robot, given)

    def _count(self) -> None:
        """Raise RefusedError, but the first time FloodError, where calls come too often."""
        now_s, caps = time.monotonic(), self._settings.caps
        while self._times and now_s - self._times[0] >= MINUTE_S:
            self._times.popleft()
            self._flooded = False
        if len(self._times) < caps.calls_a_minute:
            self._times.append(now_s)
            return
        kind, self._flooded = (FloodError if self._flooded else RefusedError), True
        wait_s = MINUTE_S - (now_s - self._times[0])
        raise kind(f"more than {caps.calls_a_minute} calls a minute: wait {wait_s:.0f} s")

    def _permit(self, tool: Tool) -> None:
        """Raise RefusedError if a tool may not be used."""
        missing = [grant for grant in tool.needs if grant not in self._settings.allowed]
        if missing:
            raise RefusedError(
                f"'{tool.name}' needs {' and '.join(missing)}, which is not granted: the person "
                f"who starts this server decides (--allow {','.join(missing)})"
            )
        if tool.changes and self._settings.read_only:
            raise RefusedError(f"'{tool.name}' is refused: this server is read-only")

    async def _confirm(self, agent: str, tool: Tool, entry: Mapping[str, str]) -> None:
        """Raise RefusedError unless a person allows it, where one is to be asked."""
        if not self._settings.confirmed & {*tool.needs}:
            return
        question = {key: entry[key] for key in ("tool", "arguments")}
        answer = await self._api.post(agent, "/api/agents/questions", question, QUESTION_S)
        if not answer["allowed"]:
            raise RefusedError(f"'{tool.name}' was not allowed: {answer['message']}")

    async def _tell(self, agent: str, entry: Mapping[str, str]) -> None:
        await self._api.post(agent, "/api/agents/calls", entry, TELL_S)

    async def _tell_if_possible(self, agent: str, entry: Mapping[str, str]) -> None:
        with suppress(ReachyMiniRosError):
            await self._tell(agent, entry)


def _checked(name: str, arguments: Mapping[str, Any]) -> tuple[Tool, Arguments]:
    """Return the tool and its arguments; raises InvalidCommandError, saying what is wrong."""
    tool = TOOLS.get(name)
    if tool is None:
        raise InvalidCommandError(
            f"there is no tool {shown(name, LONGEST_NAME)!r}; there are {', '.join(TOOLS)}"
        )
    try:
        text = json.dumps(arguments, allow_nan=False)
    except (ValueError, RecursionError):
        raise InvalidCommandError("the arguments are no JSON, or too deep") from None
    if len(text) > LARGEST_ARGUMENTS:
        raise InvalidCommandError(
            f"the arguments have {len(text)} characters, more than {LARGEST_ARGUMENTS}"
        )
    try:
        return tool, tool.arguments.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "arguments"
        reason = first["msg"].removeprefix("Value error, ")
        raise InvalidCommandError(f"{shown(where, LONGEST_NAME)}: {reason}") from None


def _shown(arguments: object) -> str:
    try:
        return shown(json.dumps(arguments or {})[: 2 * LONGEST])
    except (TypeError, ValueError, RecursionError):
        return "(no JSON, or too deep)"
