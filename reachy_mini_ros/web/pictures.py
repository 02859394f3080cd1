# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The hub between the one source of pictures and everybody who looks."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.statistics import Window
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.picture_size import SizeError, picture_size

FRESH_S = 2.0
"""A picture older than this is never shown as live."""

LINGER_S = 1.0
"""The source runs on for this long after the last viewer left."""

BOUNDARY = "picture"
OPENING = f"--{BOUNDARY}\r\n".encode()
"""What a multipart stream begins with."""


class NoPictureError(ReachyMiniRosError):
    """No fresh picture came in time."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, and what each stream sends of it."""

    jpeg: bytes
    part: bytes
    """The finished part of a multipart stream, made once for all viewers. It ends with the next
    part's boundary: a browser shows a part only when it has seen that."""
    received_s: float
    """``time.monotonic()`` at arrival."""
    stamp_s: float | None = None
    """When it was taken, unix time; None where that is not known."""


@dataclass(frozen=True, slots=True)
class PictureState:
    """The pictures that come in; None while none is fresh."""

    rate_hz: float | None
    age_s: float | None
    viewers: int
    width: int | None
    """As published, px."""
    height: int | None


class Pictures:
    """Hands each newest picture to whoever waits; all methods belong to the loop's thread.

    Nobody is queued for: who is still busy with one picture gets the newest when done, and
    slows nobody. ``on_demand(True)`` asks the source to begin, ``on_demand(False)`` to end.
    """

    def __init__(
        self,
        on_demand: Callable[[bool], None],
        *,
        fresh_s: float = FRESH_S,
        linger_s: float = LINGER_S,
    ) -> None:
        self._fresh_s = fresh_s
        self._interest = Interest(on_demand, linger_s)
        self._latest: Picture | None = None
        self._waiting: set[asyncio.Future[Picture]] = set()
        self._arrivals = Window()
        self._closed = False

    @property
    def viewers(self) -> int:
        """How many look at the moment."""
        return self._interest.count

    def looking(self) -> AbstractContextManager[None]:
        """Return the context in which the source is wanted."""
        return self._interest.held()

    def publish(self, jpeg: bytes, stamp_s: float | None = None) -> None:
        """Hand on a picture that has just come; the bytes are passed through untouched."""
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
        part = b"".join((head, jpeg, b"\r\n", OPENING))
        picture = Picture(jpeg, part, time.monotonic(), stamp_s)
        self._latest = picture
        self._arrivals.add()
        for future in self._waiting:
            if not future.done():
                future.set_result(picture)
        self._waiting.clear()

    def newest(self, within_s: float) -> bytes | None:
        """Return the newest picture's JPEG unless it is older than ``within_s``."""
        latest = self._latest
        return latest.jpeg if latest is not None and self.age_s() < within_s else None

    async def newer_than(self, seen: Picture | None) -> Picture:
        """Return the newest picture other than ``seen``, waiting for it if need be.

        Raises NoPictureError if none comes in time, or the hub closes.
        """
        if self._latest is not None and self._latest is not seen and self.age_s() < self._fresh_s:
            return self._latest
        return await self.next()

    async def next(self) -> Picture:
        """Return the first picture to come from now on; raises like :meth:`newer_than`."""
        if self._closed:
            raise NoPictureError("the dashboard is closing")
        future: asyncio.Future[Picture] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            async with asyncio.timeout(self._fresh_s):
                return await future
        except TimeoutError:
            raise NoPictureError(f"the camera sent no picture for {self._fresh_s:g} s") from None
        finally:
            self._waiting.discard(future)

    def age_s(self) -> float:
        """Return the newest picture's age, infinite before the first."""
        if self._latest is None:
            return float("inf")
        return time.monotonic() - self._latest.received_s

    def state(self) -> PictureState:
        """Return what comes in and who looks."""
        age_s = self.age_s()
        if self._latest is None or age_s >= self._fresh_s:
            return PictureState(None, None, self.viewers, None, None)
        size: tuple[int, int] | tuple[None, None] = None, None
        with suppress(SizeError):
            size = picture_size(self._latest.jpeg)
        rate_hz = round(self._arrivals.rate_hz(), 2)
        return PictureState(rate_hz, round(age_s, 3), self.viewers, *size)

    def close(self) -> None:
        """Turn away everybody who waits or comes."""
        self._closed = True
        self.turn_away("the dashboard is closing")
        self._interest.drop()

    def turn_away(self, reason: str) -> None:
        """Let everybody who waits have a NoPictureError."""
        for future in self._waiting:
            if not future.done():
                future.set_exception(NoPictureError(reason))
        self._waiting.clear()
