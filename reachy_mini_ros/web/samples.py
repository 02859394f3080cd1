# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sound in one piece, as WAV: ``/api/hear.wav`` and ``/api/say``."""

import asyncio
import io
import time
import wave
from collections.abc import Iterator
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from reachy_mini_ros.web.command_routes import answered, forbid_if
from reachy_mini_ros.web.commands import Done
from reachy_mini_ros.web.endpoints import BODY_S, Endpoint, read_query
from reachy_mini_ros.web.hearing import Hearing
from reachy_mini_ros.web.robot import Robot

LONGEST_S = 30.0
LARGEST_BYTES = 4 * 2**20
SILENT_S = 8.0
"""Without a sample: the robot's microphone sends nothing."""
AHEAD_S = 0.5
"""Sent before it can have been played: a stop of agents or of the sender ends it soon."""
PIECE_S = 0.1
RATES = range(8000, 96001)


class HearQuery(BaseModel):
    """How much is wanted."""

    seconds: Annotated[float, Field(ge=0.1, le=LONGEST_S, description="of sound")] = 2.0


class Turn:
    """Who may use the speaker: one at a time."""

    def __init__(self) -> None:
        self.taken = False


class Samples:
    """Records a piece of what the robot hears, and plays one."""

    def __init__(self, hearing: Hearing, robot: Robot, turn: Turn, refusal: str) -> None:
        self._hearing = hearing
        self._robot = robot
        self._turn = turn
        self._refusal = refusal

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the two addresses."""
        yield Endpoint(
            *("GET", "/api/hear.wav", self._hear),
            *("What the robot hears from now on, for some seconds.", "audio/wav"),
            query=HearQuery,
            failures=(422, 503),
        )
        yield Endpoint(
            *("POST", "/api/say", self._say),
            "The robot's speaker plays a WAV of 16 bits, 30 s at most; answered at its end.",
            Done,
            body="audio/wav",
            failures=(403, 408, 409, 413, 415, 422, 503, 504),
        )

    async def _hear(self, request: web.Request) -> web.Response:
        wanted_s = read_query(request, HearQuery).seconds
        try:
            async with asyncio.timeout(wanted_s + SILENT_S):
                sound = await self._recorded(wanted_s)
        except TimeoutError:
            raise web.HTTPServiceUnavailable(text="the robot's microphone sends nothing") from None
        return web.Response(body=sound, content_type="audio/wav")

    async def _recorded(self, wanted_s: float) -> bytes:
        form = {"rate": 0, "channels": 1}
        samples = bytearray()
        with self._hearing.listening() as outbox:
            while not samples or len(samples) < wanted_s * form["rate"] * form["channels"] * 2:
                async with asyncio.timeout(SILENT_S):
                    parts = await outbox.next()
                if not parts:
                    raise web.HTTPServiceUnavailable(text="the dashboard is closing")
                for part in parts:
                    if isinstance(part, bytes):
                        samples += part
                    elif "rate" in part:
                        samples.clear()
                        form = {key: int(str(part[key])) for key in form}
        size = round(wanted_s * form["rate"]) * form["channels"] * 2
        return to_wav(bytes(samples[:size]), form["rate"], form["channels"])

    async def _say(self, request: web.Request) -> web.StreamResponse:
        forbid_if(self._refusal)
        if request.content_type not in ("audio/wav", "audio/x-wav", "audio/wave"):
            raise web.HTTPUnsupportedMediaType(text="send a WAV, as audio/wav")
        samples, rate_hz = from_wav(await _whole(request))
        if self._turn.taken:
            raise web.HTTPConflict(text="somebody talks already: wait for the end")
        self._turn.taken = True
        try:
            await answered(self._play(samples, rate_hz))
        finally:
            self._turn.taken = False
        seconds = len(samples) / 2 / rate_hz
        return web.json_response({"message": f"played {seconds:.1f} s"})

    async def _play(self, samples: bytes, rate_hz: int) -> None:
        piece = round(PIECE_S * rate_hz) * 2
        begun_s = time.monotonic()
        for at in range(0, len(samples), piece):
            await self._robot.say(samples[at : at + piece], rate_hz)
            sent_s = (at + piece) / 2 / rate_hz
            await asyncio.sleep(max(0.0, begun_s + sent_s - AHEAD_S - time.monotonic()))
        await asyncio.sleep(max(0.0, begun_s + len(samples) / 2 / rate_hz - time.monotonic()))


def to_wav(samples: bytes, rate_hz: int, channels: int) -> bytes:
    """Return 16-bit samples as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(samples)
    return file.getvalue()


def from_wav(content: bytes) -> tuple[bytes, int]:
    """Return the samples of a WAV's first channel, and their rate; 422 for what is none."""
    try:
        with wave.open(io.BytesIO(content)) as reader:
            channels, width, rate_hz = reader.getparams()[:3]
            samples = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        raise web.HTTPUnprocessableEntity(text=f"body: it is no WAV ({error})") from None
    if width != 2 or channels not in (1, 2) or rate_hz not in RATES:
        raise web.HTTPUnprocessableEntity(
            text=f"body: {channels} channels of {8 * width} bits at {rate_hz} Hz: send 1 or 2 of "
            "16 bits, 8000 to 96000 Hz"
        )
    samples = samples[: len(samples) // (2 * channels) * 2 * channels]
    if channels == 2:
        samples = memoryview(samples).cast("h")[::2].tobytes()
    if not samples or len(samples) / 2 / rate_hz > LONGEST_S:
        raise web.HTTPUnprocessableEntity(text=f"body: send more than 0 and up to {LONGEST_S:g} s")
    return samples, rate_hz


async def _whole(request: web.Request) -> bytes:
    """Return a body that may be larger than a command's."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > LARGEST_BYTES:
                    raise web.HTTPRequestEntityTooLarge(LARGEST_BYTES, len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"no whole body came within {BODY_S:g} s") from None
    return bytes(body)
