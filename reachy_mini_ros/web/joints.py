# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/joints``: all joints of the URDF as server-sent events, faster than the status."""

import asyncio
import json
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache

from aiohttp import web

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.robot.geometry.camera_models import camera_model, camera_named
from reachy_mini_ros.web.endpoints import Endpoint
from reachy_mini_ros.web.robot import JointPositions, Robot
from reachy_mini_ros.web.sending import begin, hold_nothing_back, send

MAX_LISTENERS = 20
PERIOD_S = 0.05
SILENCE_S = 1.0
"""Something is sent after this long even if nothing moved."""
VIEW_S = 1.0
"""Between two looks at which camera it is."""
View = tuple[float, float]
"""The tangents of half the picture's width and height."""
_DIGITS = 5
"""Of a radian, and of a tangent."""
_PICTURE = 1280, 720


class Joints:
    """Tells listeners where the joints are, while any are there; on the loop's thread."""

    def __init__(self, robot: Robot) -> None:
        self._robot = robot
        self._listeners = 0
        self._closed = asyncio.Event()

    def close(self) -> None:
        """End all answers."""
        self._closed.set()

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the address."""
        yield Endpoint(
            *("GET", "/api/joints", self._handle),
            "Server-sent events: where all joints of the URDF are, and what the camera sees.",
            "text/event-stream",
            failures=(503,),
        )

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self._closed.is_set():
            raise web.HTTPServiceUnavailable(text="the dashboard is closing")
        if self._listeners >= MAX_LISTENERS:
            raise web.HTTPServiceUnavailable(
                text=f"{MAX_LISTENERS} listeners are there already, which is the limit"
            )
        self._listeners += 1
        try:
            response = await begin(request, "text/event-stream")
            hold_nothing_back(request)
            await self._tell(request, response)
            return response
        finally:
            self._listeners -= 1

    async def _tell(self, request: web.Request, response: web.StreamResponse) -> None:
        loop = asyncio.get_running_loop()
        told, told_s = b"", -math.inf
        view, asked_s = None, -math.inf
        while not self._closed.is_set():
            if loop.time() - asked_s >= VIEW_S:
                view, asked_s = view_of(self._robot.status().robot), loop.time()
            news = _event(self._robot.joint_positions(), view)
            if news != told or loop.time() - told_s >= SILENCE_S:
                try:
                    await send(request, response, news)
                except TimeoutError:
                    return
                told, told_s = news, loop.time()
            try:
                async with asyncio.timeout(PERIOD_S):
                    await self._closed.wait()
            except TimeoutError:
                continue


def _event(joints: JointPositions | None, view: View | None) -> bytes:
    positions = joints.positions if joints is not None else {}
    content = {
        "joints": {name: round(position, _DIGITS) for name, position in positions.items()},
        "view": view,
    }
    return f"event: joints\ndata: {json.dumps(content)}\n\n".encode()


def view_of(facts: Mapping[str, str]) -> View | None:
    """Return what a robot's camera sees, from the facts that its status has; None if unknown."""
    return _view(*(facts.get(key, "") for key in ("model", "media_available", "camera_name")))


@lru_cache(maxsize=8)
def _view(model: str, media_available: str, camera_name: str) -> View | None:
    name = camera_named(model, media_available == "True", camera_name)
    if not name:
        return None
    width, height = _PICTURE
    try:
        camera = camera_model(name, width, height)
    except (SetupError, ValueError, KeyError):
        return None
    (fx, _, _), (_, fy, _), _ = camera.k.tolist()
    return round(width / 2 / fx, _DIGITS), round(height / 2 / fy, _DIGITS)
