# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/events``: server-sent events (HTML Living Standard, section 9.2)."""

import asyncio
import json
import math
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_query
from reachy_mini_ros.web.report import RESTLESS
from reachy_mini_ros.web.sending import begin, hold_nothing_back, send

MAX_LISTENERS = 20
PERIOD_S = 0.1
"""Between two looks at the status."""
SILENCE_S = 1.0
"""The status is sent after this long even if nothing changed."""
KEPT = 100
"""Events beside the status that wait for a slow listener."""
REMEMBERED = ("safety", "audio", "motion")
"""Kinds of which the last ones are told to who asks later."""

CHANGES = (
    ("audio", "sound", ("activity", "is_speaking")),
    ("motion", "motion", ("owner", "moving")),
)
"""Kind of event, part of the status, and what of it makes an event when it changes."""

Report = Callable[[bool], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened."""

    kind: str
    """``safety``, ``audio`` (sound or speech began or ended) or ``motion`` (the robot did)."""
    time: float
    """Unix time in s."""
    content: dict[str, object]


@dataclass(frozen=True, slots=True)
class LastEvents:
    """The newest first."""

    events: tuple[Event, ...]


class EventsQuery(BaseModel):
    """What to hear of."""

    sound: Annotated[bool, Field(description="the sound too, for which it is decoded")] = False


class Events:
    """Tells listeners the status as it changes, and what else happens.

    ``report`` returns the status, with the sound if that is asked for. It is asked only while
    somebody listens, and ``meanwhile`` runs then, until cancelled. Everything here belongs to
    the loop's thread.
    """

    def __init__(
        self,
        report: Report,
        meanwhile: Callable[[], Coroutine[Any, Any, None]],
        supervisor: Supervisor,
    ) -> None:
        self._report = report
        self._meanwhile = meanwhile
        self._supervisor = supervisor
        self._listeners: set[_Listener] = set()
        self._running: asyncio.Task[None] | None = None
        self._closed = False
        self._last: deque[Event] = deque(maxlen=KEPT)

    @property
    def listeners(self) -> int:
        """How many listen at the moment."""
        return len(self._listeners)

    def publish(self, kind: str, content: object) -> None:
        """Send an event to everybody who listens."""
        if kind in REMEMBERED and isinstance(content, dict):
            self._last.appendleft(Event(kind, round(time.time(), 3), content))
        for listener in self._listeners:
            listener.add(_event(kind, content))

    def close(self) -> None:
        """Turn away everybody who listens or comes."""
        self._closed = True
        for listener in self._listeners:
            listener.end()

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the address that events are at."""
        yield Endpoint(
            *("GET", "/api/events", self._handle),
            "Server-sent events: status, safety, audio, motion, timeline, photos, clips, agents.",
            "text/event-stream",
            query=EventsQuery,
            failures=(422, 503),
        )
        yield Endpoint(
            *("GET", "/api/events/last", self._tell_last),
            *("What happened lately, while somebody listened.", LastEvents),
        )

    async def _tell_last(self, request: web.Request) -> web.Response:
        self._report(False)  # safety events are listened to for a while from now on
        return json_answer(LastEvents(tuple(self._last)))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, EventsQuery)
        if self._closed:
            raise web.HTTPServiceUnavailable(text="the dashboard is closing")
        if len(self._listeners) >= MAX_LISTENERS:
            raise web.HTTPServiceUnavailable(
                text=f"{MAX_LISTENERS} listeners are there already, which is the limit"
            )
        with self._listening(query.sound) as listener:
            response = await begin(request, "text/event-stream")
            hold_nothing_back(request)
            try:
                while content := await listener.next():
                    await send(request, response, content)
            except TimeoutError:
                pass
            return response

    @contextmanager
    def _listening(self, sound: bool) -> "Iterator[_Listener]":
        listener = _Listener(sound)
        self._listeners.add(listener)
        try:
            listener.tell(_event("status", self._report(self._sound_wanted())))
            if self._running is None or self._running.done():
                self._running = asyncio.create_task(self._supervisor.keep("events", self._run))
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._running is not None:
                self._running.cancel()
                self._running = None

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as together:
            together.create_task(self._tick())
            together.create_task(self._meanwhile())

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        told: dict[str, object] = {}
        told_s = -math.inf
        before: dict[str, object] = {}
        while True:
            status = self._report(self._sound_wanted())
            before = self._tell_changes(before, status)
            news = {key: value for key, value in status.items() if key not in RESTLESS}
            if news != told or loop.time() - told_s >= SILENCE_S - PERIOD_S / 2:
                told, told_s = news, loop.time()
                event = _event("status", status)
                for listener in self._listeners:
                    listener.tell(event)
            await asyncio.sleep(PERIOD_S)

    def _tell_changes(
        self, before: Mapping[str, object], status: Mapping[str, object]
    ) -> dict[str, object]:
        """Publish that sound or motion began or ended; return what to compare with next."""
        now: dict[str, object] = {}
        for kind, part, keys in CHANGES:
            content = status.get(part)
            if not isinstance(content, Mapping):
                continue
            now[kind] = [content.get(key) for key in keys]
            if kind in before and before[kind] != now[kind]:
                self.publish(kind, dict(content))
        return now

    def _sound_wanted(self) -> bool:
        return any(listener.sound for listener in self._listeners)


class _Listener:
    """What one listener has not been sent yet: the newest status only, and the last events."""

    def __init__(self, sound: bool) -> None:
        self.sound = sound
        self._status = b""
        self._events: deque[bytes] = deque(maxlen=KEPT)
        self._ended = False
        self._ready = asyncio.Event()

    def tell(self, status: bytes) -> None:
        self._status = status
        self._ready.set()

    def add(self, event: bytes) -> None:
        self._events.append(event)
        self._ready.set()

    def end(self) -> None:
        self._ended = True
        self._ready.set()

    async def next(self) -> bytes:
        """Wait for something to send; empty at the end."""
        await self._ready.wait()
        self._ready.clear()
        if self._ended:
            return b""
        content = b"".join((*self._events, self._status))
        self._events.clear()
        self._status = b""
        return content


def _event(kind: str, content: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(content)}\n\n".encode()
