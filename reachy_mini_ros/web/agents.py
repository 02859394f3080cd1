# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Programs that act for a language model: what they did, and whether they may go on.

An agent says in the header ``X-Agent`` of each request what it is called. While agents are paused
such requests are refused here, whatever the agent's own program thinks of it.
"""

import asyncio
import itertools
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from reachy_mini_ros.errors import BusyError
from reachy_mini_ros.texts import LONGEST_NAME, shown
from reachy_mini_ros.web.commands import Command

HEADER = "X-Agent"
PAUSED = "agents are paused: a person has to release them on the robot's page"
ALWAYS = ("/api/command/stop", "/api/status", "/api/agents", "/api/agents/calls")
"""What an agent may ask for while agents are paused."""
FOR_PERSONS = re.compile(r"/api/agents/(pause|answers)|/api/settings(/.*)?")
KEPT = 50
"""Calls that are remembered."""
MOST_QUESTIONS = 5
QUESTION_S = 30.0
"""A person has so long to allow a call."""
RECENT_S = 300.0
"""Who commanded within that may still move the robot: the longest scan takes nearly as long."""
MOVING = ("/api/command/", "/api/scan")
"""Where addresses begin that move the robot."""

Text = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Outcome = Literal["begun", "done", "refused", "failed"]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Call(Command):
    """What an agent tells of one of its calls, at its beginning and at its end."""

    id: Name
    tool: Name
    arguments: Text = ""
    outcome: Outcome
    text: Text = ""


class Question(Command):
    """A call that a person is to allow."""

    tool: Name
    arguments: Text = ""


class Verdict(Command):
    """A person's answer to a question."""

    id: int
    allow: bool


class Pause(Command):
    """Whether agents are to be paused."""

    paused: bool


@dataclass(frozen=True, slots=True)
class CallEntry:
    """A call as it is shown, one line each; the newest that was told of it."""

    agent: str
    id: str
    tool: str
    arguments: str
    outcome: str
    text: str
    time: float
    """When that was told, unix time in s."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits for a person."""

    id: int
    agent: str
    tool: str
    arguments: str
    until: float
    """Unix time in s; refused then."""


@dataclass(frozen=True, slots=True)
class AgentsState:
    """What agents did, the newest first, and what they wait for."""

    paused: bool
    questions: tuple[Asked, ...]
    calls: tuple[CallEntry, ...]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Whether a call was allowed."""

    allowed: bool
    message: str


def agent_of(request: web.Request) -> str | None:
    """Return what the agent that sent a request is called; None for who says of no agent."""
    name = request.headers.get(HEADER)
    return None if name is None else shown(name.strip() or "unnamed", LONGEST_NAME)


class Agents:
    """Keeps the calls, and holds agents back; everything belongs to the event loop's thread."""

    def __init__(
        self,
        on_change: Callable[[], object],
        on_call: Callable[[CallEntry], object],
        watched: Callable[[], bool],
        question_s: float = QUESTION_S,
    ) -> None:
        """``on_change`` is called whenever :meth:`state` is another, ``on_call`` for each entry.

        ``watched`` tells whether there is a page open, on which a question would be seen.
        """
        self._on_change = on_change
        self._on_call = on_call
        self._watched = watched
        self._question_s = question_s
        self._pause = asyncio.Event()
        self._ids = itertools.count(1)
        self._questions: dict[int, tuple[Asked, asyncio.Future[Allowed]]] = {}
        self._calls: deque[CallEntry] = deque(maxlen=KEPT)
        self._commanded_s = -RECENT_S

    @property
    def paused(self) -> bool:
        """Whether agents are held back."""
        return self._pause.is_set()

    @property
    def commanded_lately(self) -> bool:
        """Whether an agent may still move the robot."""
        return time.monotonic() - self._commanded_s < RECENT_S

    def state(self) -> AgentsState:
        """Return what there is to show."""
        questions = tuple(asked for asked, _ in self._questions.values())
        return AgentsState(self.paused, questions, tuple(reversed(self._calls)))

    def hold(self, paused: bool) -> None:
        """Pause agents, and end what they have begun, or release them."""
        if paused:
            self._pause.set()
            for _, verdict in self._questions.values():
                _settle(verdict, Allowed(False, PAUSED))
        else:
            self._pause.clear()
        self._on_change()

    def note(self, agent: str, call: Call) -> None:
        """Remember a call; what is told of it later takes the place of what was before."""
        id, tool, arguments, text = map(shown, (call.id, call.tool, call.arguments, call.text))
        time_s = round(time.time(), 3)
        entry = CallEntry(agent, id, tool, arguments, call.outcome, text, time_s)
        for index, known in enumerate(self._calls):
            if (known.agent, known.id) == (entry.agent, entry.id):
                self._calls[index] = entry
                break
        else:
            self._calls.append(entry)
        self._on_call(entry)
        self._on_change()

    async def ask(self, agent: str, question: Question) -> Allowed:
        """Return what a person says to a question, or that nobody did or could.

        Raises BusyError where too many are asked already.
        """
        if len(self._questions) >= MOST_QUESTIONS:
            raise BusyError(f"{MOST_QUESTIONS} questions wait for a person already")
        if not self._watched():
            return Allowed(False, "no person has the robot's page open to allow it")
        id = next(self._ids)
        verdict: asyncio.Future[Allowed] = asyncio.get_running_loop().create_future()
        until = round(time.time() + self._question_s, 3)
        asked = Asked(id, agent, shown(question.tool), shown(question.arguments), until)
        self._questions[id] = asked, verdict
        self._on_change()
        try:
            await asyncio.wait((verdict,), timeout=self._question_s)
        finally:
            del self._questions[id]
            self._on_change()
        if not verdict.done():
            return Allowed(False, f"no person allowed it on the page within {self._question_s:g} s")
        return verdict.result()

    def answer(self, verdict: Verdict) -> bool:
        """Take a person's answer; return whether the question still waited."""
        if verdict.id not in self._questions:
            return False
        text = "a person allowed it" if verdict.allow else "a person refused it on the page"
        _settle(self._questions[verdict.id][1], Allowed(verdict.allow, text))
        return True

    async def serve(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        """Answer a request, unless it is an agent's and agents are paused, now or meanwhile."""
        if agent_of(request) is None:
            return await answer(request)
        changes_software = request.path.startswith("/api/admin") and request.method == "POST"
        if changes_software or FOR_PERSONS.fullmatch(request.path):
            raise web.HTTPForbidden(text="that is for a person, on the robot's page")
        if request.path in ALWAYS and not request.query:
            return await answer(request)
        if self.paused:
            raise web.HTTPForbidden(text=PAUSED)
        if request.path.startswith(MOVING):
            self._commanded_s = time.monotonic()
        return await self._until_paused(request, answer)

    async def _until_paused(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        answering = asyncio.ensure_future(answer(request))
        paused = asyncio.ensure_future(self._pause.wait())
        try:
            await asyncio.wait((answering, paused), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
        finally:
            paused.cancel()
            if not answering.done():
                answering.cancel()
                await asyncio.wait((answering,))
        if request.writer.output_size:  # a stream, which has no other end
            raise ConnectionAbortedError
        raise web.HTTPForbidden(text=PAUSED)


def _settle(verdict: "asyncio.Future[Allowed]", allowed: Allowed) -> None:
    if not verdict.done():
        verdict.set_result(allowed)
