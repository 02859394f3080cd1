# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/agents``: what agents tell of their calls, and what persons say to it."""

from collections.abc import Iterator
from contextlib import suppress

from aiohttp import web

from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.web.agents import (
    HEADER,
    Agents,
    AgentsState,
    Allowed,
    Call,
    Pause,
    Question,
    Verdict,
    agent_of,
)
from reachy_mini_ros.web.command_routes import answered, forbid_if
from reachy_mini_ros.web.commands import Done, Stop
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_body
from reachy_mini_ros.web.robot import Robot

BODY_FAILURES = (403, 408, 413, 415, 422)


class AgentRoutes:
    """Lets agents report and ask, and persons answer and pause."""

    def __init__(self, agents: Agents, robot: Robot, refusal: str) -> None:
        """``refusal``: why persons may not change anything either; empty if they may."""
        self._agents = agents
        self._robot = robot
        self._refusal = refusal

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the addresses of agents and of persons."""
        yield Endpoint(
            *("GET", "/api/agents", self._state),
            *("What agents did, and what they wait for.", AgentsState),
        )
        yield Endpoint(
            *("POST", "/api/agents/calls", self._call),
            *(f"An agent, named in the header {HEADER}, tells of a call.", Done),
            body=Call,
            failures=BODY_FAILURES,
        )
        yield Endpoint(
            *("POST", "/api/agents/questions", self._question),
            *("An agent asks a person to allow a call; answered when that is decided.", Allowed),
            body=Question,
            failures=(*BODY_FAILURES, 409),
        )
        yield Endpoint(
            *("POST", "/api/agents/answers", self._answer),
            *("A person allows a call or refuses it.", Done),
            body=Verdict,
            failures=(*BODY_FAILURES, 404),
        )
        yield Endpoint(
            *("POST", "/api/agents/pause", self._pause),
            *("A person pauses agents, and ends what they do, or releases them.", Done),
            body=Pause,
            failures=BODY_FAILURES,
        )

    async def _state(self, request: web.Request) -> web.Response:
        return json_answer(self._agents.state())

    async def _call(self, request: web.Request) -> web.Response:
        call = await read_body(request, Call)
        self._agents.note(agent_of(request) or "unnamed", call)
        return json_answer(Done("noted"))

    async def _question(self, request: web.Request) -> web.Response:
        question = await read_body(request, Question)
        agent = agent_of(request) or "unnamed"
        return json_answer(await answered(self._agents.ask(agent, question)))

    async def _answer(self, request: web.Request) -> web.Response:
        forbid_if(self._refusal)
        verdict = await read_body(request, Verdict)
        if not self._agents.answer(verdict):
            raise web.HTTPNotFound(text="that question does not wait any more")
        return json_answer(Done("allowed" if verdict.allow else "refused"))

    async def _pause(self, request: web.Request) -> web.Response:
        forbid_if(self._refusal)
        paused = (await read_body(request, Pause)).paused
        self._agents.hold(paused)
        if paused and self._agents.commanded_lately:
            with suppress(ReachyMiniRosError):  # a robot that is away stands still
                await self._robot.obey(Stop())
        return json_answer(Done("agents are paused" if paused else "agents are released"))
