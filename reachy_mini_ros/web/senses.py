# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/media``, ``/api/movement`` and ``/api/limits``: what there is, and whether it moves."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from aiohttp import web
from pydantic import BaseModel, Field

from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.motion_detection import RATE_HZ, MotionDetector
from reachy_mini_ros.web.command_routes import answered
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_query
from reachy_mini_ros.web.pictures import NoPictureError, Picture, Pictures, PictureState
from reachy_mini_ros.web.robot import Limits, Robot

THRESHOLD = 0.02


class MovementQuery(BaseModel):
    """How long is looked."""

    seconds: Annotated[float, Field(ge=0.5, le=30.0)] = 1.0


@dataclass(frozen=True, slots=True)
class Movement:
    """Whether the picture moved; it cannot be told whether the head did, or what it sees."""

    moved: bool
    level: float
    """The largest share of the picture that changed within 0.2 s, 0 to 1."""


@dataclass(frozen=True, slots=True)
class MediaState:
    """Camera and sound: how they are, and where they are to be had."""

    camera: Mapping[str, str]
    """Its lifecycle, and the reason for no pictures."""
    picture: PictureState
    video: PictureState | None
    sound: bool
    """Whether there is sound here."""
    addresses: Mapping[str, str]
    """Paths below the dashboard's address, by what is there."""


ADDRESSES = {"picture": "/api/snapshot", "pictures": "/api/stream"}
VIDEO_ADDRESSES = {"video": "/api/video"}
SOUND_ADDRESSES = {
    "hear": "/api/hear",
    "hear_wav": "/api/hear.wav",
    "talk": "/api/talk",
    "say": "/api/say",
}
State = Callable[[], tuple[PictureState, PictureState | None, bool]]


class Senses:
    """Tells of camera and sound, and looks whether the picture moves."""

    def __init__(self, pictures: Pictures, robot: Robot, state: State) -> None:
        """``state`` returns how pictures and video are, and whether there is sound."""
        self._pictures = pictures
        self._robot = robot
        self._state = state

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the addresses."""
        yield Endpoint(
            *("GET", "/api/media", self._media),
            *("How camera and sound are, and where they are to be had.", MediaState),
        )
        yield Endpoint(
            *("GET", "/api/movement", self._movement),
            *("Whether the picture moves, looked at for some seconds.", Movement),
            query=MovementQuery,
            failures=(422, 503),
        )
        yield Endpoint(
            *("GET", "/api/limits", self._limits),
            *("How far the robot may be told to go.", Limits),
            failures=(409, 503, 504),
        )

    async def _media(self, request: web.Request) -> web.Response:
        picture, video, sound = self._state()
        addresses = {
            **ADDRESSES,
            **(VIDEO_ADDRESSES if video is not None else {}),
            **(SOUND_ADDRESSES if sound else {}),
        }
        camera = self._robot.status().camera
        return json_answer(MediaState(dict(camera), picture, video, sound, addresses))

    async def _limits(self, request: web.Request) -> web.Response:
        return json_answer(await answered(self._robot.limits()))

    async def _movement(self, request: web.Request) -> web.Response:
        seconds = read_query(request, MovementQuery).seconds
        detector = MotionDetector(THRESHOLD)
        level, picture = 0.0, None
        with self._pictures.looking():
            begun_s = None
            while begun_s is None or time.monotonic() < begun_s + seconds:
                try:
                    picture = await self._pictures.newer_than(picture)
                except NoPictureError as error:
                    raise web.HTTPServiceUnavailable(text=str(error)) from None
                begun_s = begun_s or time.monotonic()
                if await asyncio.to_thread(_look, detector, picture):
                    level = max(level, detector.level)
                await asyncio.sleep(0.5 / RATE_HZ)
        return json_answer(Movement(level >= THRESHOLD, round(level, 4)))


def _look(detector: MotionDetector, picture: Picture) -> bool:
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_REDUCED_COLOR_4)
    if image is None:
        return False
    at_ns = math.floor(picture.received_s * 1e9)
    return detector.look(Frame(np.asarray(image, np.uint8), at_ns, at_ns))
