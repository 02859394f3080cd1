# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/hear``, ``/api/talk`` and ``/api/volume``: the robot's microphone and its speaker."""

import time
from collections.abc import Iterator
from typing import Annotated

from aiohttp import WSMsgType, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.web.command_routes import FAILURES, answered, forbid_if
from reachy_mini_ros.web.commands import Command, Done
from reachy_mini_ros.web.endpoints import Endpoint, json_answer, read_body
from reachy_mini_ros.web.hearing import Hearing
from reachy_mini_ros.web.robot import Robot, Volumes
from reachy_mini_ros.web.samples import Samples, Turn
from reachy_mini_ros.web.sockets import feed, opened, refuse

MAX_LISTENERS = 20
MAX_PIECE_BYTES = 64 * 1024
TALK_S = 60.0
"""So long one may talk at a time."""
AHEAD_S = 1.0
"""Sound that may be sent before it can have been played."""
IDLE_S = 5.0
"""Who says nothing for so long has ended."""

Percent = Annotated[float, Field(ge=0, le=100)]


class Talk(BaseModel):
    """The first message of who talks."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rate: Annotated[int, Field(ge=8000, le=96000, description="samples a second")]


class Volume(Command):
    """Volumes to set, one or both, %, for all clients of the robot."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["speaker"]}, {"required": ["microphone"]}]}
    )

    speaker: Percent = 0.0
    microphone: Percent = 0.0

    @model_validator(mode="after")
    def _named(self) -> "Volume":
        if not self.percents:
            raise ValueError("one of 'speaker' and 'microphone' is needed")
        return self

    @property
    def percents(self) -> dict[str, int]:
        """Those that were named, in whole percent."""
        return {
            device: round(percent)
            for device, percent in (("speaker", self.speaker), ("microphone", self.microphone))
            if device in self.model_fields_set
        }


class SoundRoutes:
    """Lets listeners in, and one at a time who talks."""

    def __init__(self, hearing: Hearing, robot: Robot, refusal: str) -> None:
        self._hearing = hearing
        self._robot = robot
        self._refusal = refusal
        self._turn = Turn()
        self._samples = Samples(hearing, robot, self._turn, refusal)
        self._closed = False

    def endpoints(self) -> Iterator[Endpoint]:
        """Return what there is to hear and to say."""
        yield Endpoint(
            *("GET", "/api/hear", self._hear),
            "WebSocket: what the robot hears, 16-bit samples in pieces of 20 ms.",
            "audio/L16",
            failures=(426, 503),
            is_socket=True,
        )
        yield Endpoint(
            *("GET", "/api/talk", self._talk),
            "WebSocket: what the robot's speaker is to play, 16-bit samples of one channel.",
            "audio/L16",
            failures=(403, 426, 503),
            is_socket=True,
        )
        yield from self._samples.endpoints()
        yield Endpoint(
            *("GET", "/api/volume", self._volumes),
            *("The volumes that were set.", Volumes),
            failures=(409, 503, 504),
        )
        yield Endpoint(
            *("POST", "/api/volume", self._set_volumes),
            *("Set the volume of speaker or microphone or both.", Done),
            body=Volume,
            failures=FAILURES,
        )

    def close(self) -> None:
        """Turn away everybody who listens or comes."""
        self._closed = True
        self._hearing.close()

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        self._check_open()
        if self._hearing.listeners >= MAX_LISTENERS:
            raise web.HTTPServiceUnavailable(
                text=f"{MAX_LISTENERS} listeners are there already, which is the limit"
            )
        with self._hearing.listening() as outbox:
            socket = await opened(request)
            await feed(request, socket, outbox)
        return socket

    async def _talk(self, request: web.Request) -> web.StreamResponse:
        self._check_open()
        forbid_if(self._refusal)
        socket = await opened(request, MAX_PIECE_BYTES)
        if self._turn.taken:
            await refuse(socket, "somebody talks already: wait for the end")
            return socket
        self._turn.taken = True
        try:
            await self._play(socket)
        except (ReachyMiniRosError, ValidationError, TimeoutError) as error:
            await refuse(socket, _reason(error))
        finally:
            self._turn.taken = False
        return socket

    async def _play(self, socket: web.WebSocketResponse) -> None:
        """Have played what comes until its end.

        Raises what the robot does, ValidationError for a wrong first message, TimeoutError for one
        that does not come, and TooMuchSoundError.
        """
        first = await socket.receive(IDLE_S)
        if first.type is not WSMsgType.TEXT:
            return
        rate_hz = Talk.model_validate_json(first.data).rate
        await socket.send_json({"playing": True})
        begun_s, sent_s = time.monotonic(), 0.0
        while (message := await socket.receive(IDLE_S)).type is WSMsgType.BINARY:
            samples = message.data[: len(message.data) // 2 * 2]
            passed_s = time.monotonic() - begun_s
            sent_s += len(samples) / 2 / rate_hz
            if passed_s > TALK_S:
                raise TooMuchSoundError(f"{TALK_S:g} s is the most at a time: begin anew")
            if sent_s > passed_s + AHEAD_S:
                raise TooMuchSoundError("sound came faster than it can be played")
            if samples:
                await self._robot.say(samples, rate_hz)

    async def _volumes(self, request: web.Request) -> web.StreamResponse:
        return json_answer(await answered(self._robot.volumes()))

    async def _set_volumes(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)
        volume = await read_body(request, Volume)
        return json_answer(await answered(self._robot.set_volumes(volume.percents)))

    def _check_open(self) -> None:
        if self._closed:
            raise web.HTTPServiceUnavailable(text="the dashboard is closing")


class TooMuchSoundError(ReachyMiniRosError):
    """More was said than may be."""


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return 'the first message is to be {"rate": samples a second, 8000 to 96000}'
    if isinstance(error, TimeoutError):
        return f"nothing was said for {IDLE_S:g} s"
    return str(error)
