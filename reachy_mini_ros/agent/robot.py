# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot for one call of one agent: the API in its name, and motion within the caps."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from reachy_mini_ros.agent.api import MOVE_S, Api, Content
from reachy_mini_ros.agent.settings import Settings
from reachy_mini_ros.aio import Tasks
from reachy_mini_ros.errors import (
    BusyError,
    PreemptedError,
    ReachyMiniRosError,
    RobotError,
    TimedOutError,
)

T = TypeVar("T")
HEARD_PAUSE_S = 0.1
"""As often as the sound is measured."""
MEASURED_S = 3.0
SCAN_PAUSE_S = 0.3
"""Between two looks at how a scan does."""


class Motion:
    """Who moves the robot in this server: one call at a time, none after a stop."""

    def __init__(self, tasks: Tasks) -> None:
        self.stops = 0
        """Stops so far."""
        self._by = ""
        self._lease = "", 0.0
        self._tasks = tasks
        self._stopping: asyncio.Task[None] | None = None

    @property
    def holder(self) -> str:
        """The name of the lease that is held, empty without one."""
        name, until_s = self._lease
        return name if time.monotonic() < until_s else ""

    def hold(self, name: str, for_s: float) -> None:
        """Command in the name of a lease from now on, for so long."""
        self._lease = name, time.monotonic() + for_s

    def stop_soon(self, stop: Coroutine[Any, Any, object]) -> None:
        """Have the robot stopped though nobody waits for it."""
        self._stopping = self._tasks.start("stop", _quiet(stop))

    async def close(self) -> None:
        """Return when the robot was stopped, if it was to be."""
        if self._stopping is not None:
            await asyncio.wait((self._stopping,))

    @contextmanager
    def of(self, tool: str) -> Iterator[None]:
        """Move in this context; raises BusyError if another call does."""
        if self._by:
            raise BusyError(f"'{self._by}' still moves the robot: wait for its end, or stop it")
        self._by = tool
        try:
            yield
        finally:
            self._by = ""


class Robot:
    """What tools ask of the robot; errors are those of :class:`Api`."""

    def __init__(self, api: Api, settings: Settings, motion: Motion, agent: str) -> None:
        self._api = api
        self.settings = settings
        self._motion = motion
        self._agent = agent

    async def get(self, path: str, **query: object) -> Any:
        """Return the JSON at a path."""
        return await self._api.get(self._agent, path, **query)

    async def content(self, path: str, **query: object) -> Content:
        """Return what is at a path."""
        return await self._api.content(self._agent, path, **query)

    async def send(self, path: str, data: bytes, kind: str, within_s: float) -> str:
        """Send a body, and return the answer's message."""
        return str((await self._api.send(self._agent, path, data, kind, within_s))["message"])

    async def status(self) -> dict[str, Any]:
        """Return what is known of the robot."""
        known: dict[str, Any] = await self.get("/api/status")
        return known

    async def lease(self, action: str, seconds: float) -> str:
        """Acquire, renew or release the lease in the agent's name."""
        name = _lease_name(self._agent)
        body = {"action": action, "name": name, "seconds": seconds}
        if action == "release":
            self._motion.hold("", 0.0)
        told = await self._command("lease", body)
        if action != "release":
            self._motion.hold(name, seconds)
        return told

    async def goto_s(self) -> float:
        """Return what a goto takes."""
        return float((await self.get("/api/limits"))["goto_duration"])

    async def hear(self, seconds: float) -> tuple[bytes, dict[str, Any]]:
        """Return what the robot hears in so many seconds as WAV, and what was told of it then.

        Asking has it measured, which takes a moment: waited for where the seconds are too few.
        """
        watching = asyncio.ensure_future(self._told_of_sound(seconds))
        try:
            sound = await self._api.content(self._agent, "/api/hear.wav", seconds=seconds)
            return sound.data, await watching
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _told_of_sound(self, seconds: float) -> dict[str, Any]:
        told: list[dict[str, Any]] = []
        begun_s = time.monotonic()
        while (for_s := time.monotonic() - begun_s) < seconds or (not told and for_s < MEASURED_S):
            known: dict[str, Any] | None = (await self.get("/api/status", sound=1))["sound"]
            told += [known] if known is not None else []
            await asyncio.sleep(HEARD_PAUSE_S)
        return _summary(told)

    async def command(self, name: str, body: object) -> str:
        """Have something done that does not move the robot."""
        return await self._command(name, body)

    async def stop(self) -> str:
        """End whatever moves."""
        self._motion.stops += 1
        return await self._command("stop", {})

    @contextmanager
    def moving(self, tool: str) -> "Iterator[Moves]":
        """Move in this context; raises BusyError if another call does."""
        with self._motion.of(tool):
            yield Moves(self, self._motion)

    async def _scan(self, body: Mapping[str, object]) -> dict[str, Any]:
        """Begin a scan, and return its state at its end."""
        state: dict[str, Any] = await self._api.post(
            self._agent, "/api/scan", body, holder=self._motion.holder
        )
        name = state["name"]
        while (state["name"], state["state"]) == (name, "running"):
            await asyncio.sleep(SCAN_PAUSE_S)
            state = await self.get("/api/scan")
        if state["name"] != name:
            raise RobotError("another scan has begun meanwhile")
        return state

    async def _command(self, name: str, body: object, **query: object) -> str:
        answer = await self._api.post(
            self._agent, f"/api/command/{name}", body, MOVE_S, self._motion.holder, **query
        )
        return str(answer["message"])


def _lease_name(agent: str) -> str:
    """Return a name that a lease may have."""
    return f"agent_{re.sub(r'[^A-Za-z0-9]+', '_', agent)}"[:40]


def _summary(told: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the highest level, whether sound or speech was at any time, the last direction."""
    if not told:
        return {}
    known = {name: [one[name] for one in told if one[name] is not None] for name in told[0]}
    return {
        name: (values[-1] if name == "direction" else max(values)) if values else None
        for name, values in known.items()
    }


async def _quiet(stop: Coroutine[Any, Any, object]) -> None:
    with suppress(ReachyMiniRosError):  # a robot that is away stands still
        await stop


class Moves:
    """The commands of one call, each waited for, until the call's time is over or a stop comes."""

    def __init__(self, robot: Robot, motion: Motion) -> None:
        self._robot = robot
        self._motion = motion
        self._stops = motion.stops
        self._ends_s = asyncio.get_running_loop().time() + robot.settings.caps.duration_s

    async def command(self, name: str, body: object, *, wait: bool = True) -> str:
        """Return the last receipt of a command.

        Raises TimedOutError where the robot was stopped as the time was over, and PreemptedError
        where a stop came.
        """
        query = {"wait": "done"} if wait else {}
        return await self._in_time(lambda: self._robot._command(name, body, **query))

    async def scan(self, body: Mapping[str, object]) -> dict[str, Any]:
        """Look around; return the scan's last state. Raises like :meth:`command`."""
        return await self._in_time(lambda: self._robot._scan(body))

    async def _in_time(self, work: Callable[[], Awaitable[T]]) -> T:
        if self._motion.stops != self._stops:
            raise PreemptedError("ended by a stop")
        try:
            async with asyncio.timeout_at(self._ends_s) as limit:
                return await work()
        except TimeoutError:
            if not limit.expired():
                raise
        except asyncio.CancelledError:  # whoever asked for it is gone, or wants it no more
            self._motion.stop_soon(self._robot.stop())
            raise
        await self._robot.stop()
        raise TimedOutError(
            f"stopped: a call may move the robot for {self._robot.settings.caps.duration_s:g} s"
        )
