# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboards of a fleet, from the side of the page that shows all: status, picture, stop."""

import asyncio
import json
import time
from dataclasses import dataclass
from functools import partial

import aiohttp
from pydantic import BaseModel, ValidationError

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.errors import MalformedError, NotConnectedError, ReachyMiniRosError, RobotError
from reachy_mini_ros.fleet.file import Robot
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.texts import shown

PERIOD_S = 0.5
"""Between two questions of a kind."""
FRESH_S = 3.0
"""What is known of a robot is not shown when it is older."""
ANSWER_S = 3.0
PICTURE_S = 8.0
"""A first picture takes its time: the camera's stream is opened for it."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to listen on, and where who listens there is reached."""


class _Motion(BaseModel):
    owner: str | None = None
    moving: bool | None = None
    motor_mode: str | None = None
    asleep: bool | None = None


class _Status(BaseModel):
    """What the page shows of a dashboard's status."""

    connection: str | None = None
    robot: dict[str, str] = {}
    motion: _Motion | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of one robot now."""

    name: str
    connection: str
    """``connected``, ``connecting``, ``stalled``, ``lost``; ``unknown`` without a control node,
    and ``unreachable`` where its dashboard does not answer; ``connecting`` until it was asked."""
    reason: str
    """Why its dashboard does not answer, or why there is no picture; empty where all is well."""
    title: str
    """The robot's own name and its model."""
    owner: str
    """What moves it; empty where that is not known."""
    moving: bool | None
    asleep: bool | None
    motors: str
    picture: int | None
    """Changes with each new picture; None while there is none."""
    port: int | None
    """Of its own page; None for none."""
    local: bool
    """Whether that is to be had on its computer only."""


class WatchedDashboard:
    """One dashboard: asked again and again by :meth:`watch`; belongs to the event loop."""

    def __init__(self, robot: Robot, token: str) -> None:
        self.robot = robot
        self._there = "dashboard" in robot.nodes
        address = EVERYWHERE.get(robot.dashboard_address, robot.dashboard_address)
        self._local = robot.dashboard_address == "127.0.0.1"
        self._url = f"http://{network_address(address, robot.dashboard_port)}"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._status: tuple[float, _Status] | None = None
        self._picture: tuple[float, bytes] | None = None
        self._pictures = 0
        self._reason = ""
        self._no_picture = ""

    def card(self) -> Card:
        """Return what is known, nothing of it older than :data:`FRESH_S`."""
        status = self._status[1] if _is_fresh(self._status) and self._status else None
        seen = status if status is not None and status.connection == "connected" else _Status()
        motion = seen.motion or _Motion()
        told = status.robot if status is not None else {}
        return Card(
            name=self.robot.name,
            connection=self._connection(status),
            reason=shown(self._no_picture if status is not None else self._reason),
            title=shown(" · ".join(filter(None, (told.get("robot_name"), told.get("model"))))),
            owner=shown(motion.owner or ""),
            moving=motion.moving,
            asleep=motion.asleep,
            motors=shown(motion.motor_mode or ""),
            picture=self._pictures if self.picture() is not None else None,
            port=self.robot.dashboard_port if self._there else None,
            local=self._local,
        )

    def _connection(self, status: _Status | None) -> str:
        if status is not None:
            return status.connection or "unknown"
        return "unreachable" if self._reason else "connecting"

    def picture(self) -> bytes | None:
        """Return the newest picture, a JPEG; None where it is not fresh."""
        return self._picture[1] if self._picture is not None and _is_fresh(self._picture) else None

    async def watch(self, supervisor: Supervisor) -> None:
        """Ask until cancelled."""
        name = self.robot.name
        self._reason = "" if self._there else "it has no dashboard"
        if not self._there:
            return
        async with self._session() as session, asyncio.TaskGroup() as tasks:
            for part, work in (("status", self._watch_status), ("picture", self._watch_pictures)):
                tasks.create_task(supervisor.keep(f"{part} of {name}", partial(work, session)))

    async def stop(self) -> None:
        """Stop the robot; raises ReachyMiniRosError, with why, if it did not take it."""
        if not self._there:
            raise NotConnectedError("it has no dashboard, and cannot be stopped from here")
        async with self._session() as session:
            await self._ask(session, "POST", "/api/command/stop", ANSWER_S)

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(headers=self._headers)

    async def _watch_status(self, session: aiohttp.ClientSession) -> None:
        while True:
            try:
                await self._ask_status(session)
            except ReachyMiniRosError as error:
                self._reason = str(error)
            await asyncio.sleep(PERIOD_S)

    async def _watch_pictures(self, session: aiohttp.ClientSession) -> None:
        while True:
            try:
                await self._ask_picture(session)
                self._no_picture = ""
            except ReachyMiniRosError as error:
                self._no_picture = str(error)
            await asyncio.sleep(PERIOD_S)

    async def _ask_status(self, session: aiohttp.ClientSession) -> None:
        answer = await self._ask(session, "GET", "/api/status", ANSWER_S)
        try:
            self._status = time.monotonic(), _Status.model_validate(json.loads(answer))
        except (ValueError, ValidationError):
            raise MalformedError("what answers there is no dashboard") from None

    async def _ask_picture(self, session: aiohttp.ClientSession) -> None:
        picture = await self._ask(session, "GET", "/api/thumbnail", PICTURE_S)
        if self._picture is None or self._picture[1] != picture:
            self._pictures += 1
        self._picture = time.monotonic(), picture

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, path: str, within_s: float
    ) -> bytes:
        """Return the body of a success; raises NotConnectedError or RobotError with the reason."""
        timeout = aiohttp.ClientTimeout(total=within_s)
        try:
            async with session.request(
                method,
                self._url + path,
                json={} if method == "POST" else None,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                content = await answer.read()
        except TimeoutError:
            raise NotConnectedError(f"no answer from {self._url} in {within_s:g} s") from None
        except aiohttp.ClientError:
            raise NotConnectedError(f"no dashboard answers at {self._url}") from None
        if answer.status != 200:
            raise RobotError(_reason(answer.status, content))
        return content


def _is_fresh(known: tuple[float, object] | None) -> bool:
    return known is not None and time.monotonic() - known[0] < FRESH_S


def _reason(status: int, content: bytes) -> str:
    """Return the dashboard's own sentence."""
    try:
        return str(json.loads(content)["error"])
    except (ValueError, TypeError, LookupError):
        return f"what answers there is no dashboard: HTTP {status}"
