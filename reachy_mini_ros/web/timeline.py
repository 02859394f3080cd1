# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What happened in the last day, with small pictures: bounded in number, size and age."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from reachy_mini_ros.aio import Supervisor, Tasks
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.web.pictures import NoPictureError, Pictures
from reachy_mini_ros.web.transcoding import UnreadablePictureError, transcode

AGE_S = 24 * 3600.0
KEPT = 200
"""Of each kind."""
PICTURE_WIDTH = 320
PICTURE_BYTES = 64_000
"""The largest that is kept."""
PICTURES_BYTES = 6_000_000
"""Of all that are kept."""
AGAIN_S = 10.0
"""What happens again within this time goes on, and is no new entry."""
TELL_S = 1.0
"""What happens again and again is told to listeners so often."""
WAITING = 4
"""Pictures that wait to be made."""
PICTURE_EVERY_S = 1.0
"""The least between two pictures of a kind."""
NOW_S = 1.0
"""A picture that came within this time shows what happens now."""


class Kind(StrEnum):
    """What it was."""

    MOTION = "motion"
    SOUND = "sound"
    SPEECH = "speech"
    SAFETY = "safety"
    CONNECTION = "connection"


TEXTS = {
    Kind.MOTION: "the picture moved",
    Kind.SOUND: "it was loud",
    Kind.SPEECH: "somebody spoke",
}
"""Of what lasts."""
LEVELS = {Connection.CONNECTED: "ok", Connection.STALLED: "warn", Connection.LOST: "error"}
"""Of connections; the others are no news."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry."""

    id: int
    """Grows, also over restarts of the server."""
    kind: Kind
    time: float
    """Of its beginning, unix time in s."""
    until: float | None
    """Of its end; null while it goes on."""
    text: str
    level: str
    """``ok``, ``warn`` or ``error``."""
    count: int = 1
    """How often it happened, with short pauses."""
    picture: bool = False
    """Whether there is a picture of it."""
    clip: str | None = None
    """A clip of that time."""


@dataclass(frozen=True, slots=True)
class Happenings:
    """What happened, the newest first."""

    happenings: tuple[Happening, ...]


class Timeline:
    """Keeps what is noted; everything here belongs to the loop's thread.

    Its pictures are those that come in anyway, as ``pictures`` has them. Only for motion, and
    where :attr:`wishes` says so, one is asked of ``small``.
    """

    def __init__(
        self,
        pictures: Pictures,
        supervisor: Supervisor,
        *,
        small: Pictures | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.on_change: Callable[[Happening], object] = lambda _: None
        """Hears of what is new, or is another now."""
        self.wishes: Callable[[], bool] = lambda: False
        """Tells whether a picture may be asked for."""
        self._pictures = pictures
        self._small = small
        self._clock = clock
        self._kept: dict[Kind, dict[int, Happening]] = {kind: {} for kind in Kind}
        self._jpegs: dict[int, bytes] = {}
        self._id = 0
        self._told_s: dict[Kind, float] = {}
        self._asked_s: dict[Kind, float] = {}
        self._connection: Connection | None = None
        self._waiting: deque[tuple[Happening, bytes | None]] = deque(maxlen=WAITING)
        self._making: asyncio.Task[None] | None = None
        self._tasks = Tasks(supervisor)

    def happenings(self) -> tuple[Happening, ...]:
        """Return what happened, the newest first."""
        for kind in Kind:
            self._forget(kind)
        kept = (one for kind in self._kept.values() for one in kind.values())
        return tuple(sorted(kept, key=lambda one: -one.id))

    def picture(self, id: int) -> bytes | None:
        """Return the JPEG of what happened; None if there is none."""
        return self._jpegs.get(id)

    def note(self, kind: Kind, text: str, level: str = "ok") -> None:
        """Take note of a moment."""
        now_s, last = self._clock(), self._newest(kind)
        if last is not None and last.text == text and now_s - (last.until or now_s) < AGAIN_S:
            self._change(replace(last, until=now_s, count=last.count + 1))
        else:
            self._add(kind, text, level, until=now_s)

    def follow(self, kind: Kind, goes_on: bool, picture: bytes | None = None) -> None:
        """Take note that something goes on, or not any more; ``picture`` is a JPEG of it."""
        now_s, last = self._clock(), self._newest(kind)
        if goes_on == (last is not None and last.until is None):
            return
        if last is not None and not goes_on:
            self._change(replace(last, until=now_s))
        elif last is not None and now_s - (last.until or now_s) < AGAIN_S:
            self._change(replace(last, until=None, count=last.count + 1))
        else:
            self._add(kind, TEXTS[kind], "ok", picture=picture)

    def lose(self, kind: Kind) -> None:
        """Take note that something may have ended long ago, and nobody told."""
        last = self._newest(kind)
        if last is not None and last.until is None:
            self._change(replace(last, until=last.time))

    def connection(self, state: str) -> None:
        """Take note of how the robot is connected."""
        known = next((one for one in LEVELS if one.value == state), None)
        if known is not None and known is not self._connection:
            self._connection = known
            self.note(Kind.CONNECTION, known.value, LEVELS[known])

    def adopt(self, before: "Timeline") -> None:
        """Go on with what one that was closed has kept."""
        self._id = max(self._id, before._id)
        self._jpegs = {**before._jpegs, **self._jpegs}
        for kind in Kind:
            self._kept[kind] = {**before._kept[kind], **self._kept[kind]}

    async def close(self) -> None:
        """Make no more pictures."""
        await self._tasks.end()

    def _newest(self, kind: Kind) -> Happening | None:
        return next(reversed(self._kept[kind].values()), None)

    def _add(
        self,
        kind: Kind,
        text: str,
        level: str,
        until: float | None = None,
        picture: bytes | None = None,
    ) -> None:
        now_s = self._clock()
        self._id = max(int(now_s * 1000), self._id + 1)
        happening = Happening(self._id, kind, now_s, until, text, level)
        self._change(happening)
        self._forget(kind)
        self._illustrate(happening, picture)

    def _change(self, happening: Happening) -> None:
        kept = self._kept[happening.kind]
        before = kept.get(happening.id)
        kept[happening.id] = happening
        # Refusals of a stream come 50 times a second.
        again = before is not None and before.count != happening.count
        if not again or self._is_due(self._told_s, happening.kind, TELL_S):
            self.on_change(happening)

    def _is_due(self, done_s: dict[Kind, float], kind: Kind, every_s: float) -> bool:
        """Tell whether a kind's last turn is long ago, and if so have it now."""
        now_s = time.monotonic()
        if now_s - done_s.get(kind, -math.inf) < every_s:
            return False
        done_s[kind] = now_s
        return True

    def _forget(self, kind: Kind) -> None:
        kept, oldest_s = self._kept[kind], self._clock() - AGE_S
        for one in tuple(kept.values()):
            if len(kept) <= KEPT and (one.until is None or one.until >= oldest_s):
                break
            del kept[one.id]
            self._jpegs.pop(one.id, None)

    def _illustrate(self, happening: Happening, jpeg: bytes | None) -> None:
        """Have a picture made of ``jpeg``, of what comes in, or of one that is asked for."""
        for hub in (self._pictures, self._small):
            if jpeg is None and hub is not None:
                jpeg = hub.newest(NOW_S)
        wishes = self._small is not None and (happening.kind is Kind.MOTION or self.wishes())
        if jpeg is None and not wishes:
            return
        if not self._is_due(self._asked_s, happening.kind, PICTURE_EVERY_S):
            return
        self._waiting.append((happening, jpeg))
        if self._making is None or self._making.done():
            self._making = self._tasks.start("pictures of the timeline", self._make_pictures())

    async def _make_pictures(self) -> None:
        while self._waiting:
            happening, jpeg = self._waiting.popleft()
            try:
                jpeg = jpeg or await self._wished()
                small = await asyncio.to_thread(transcode, jpeg, PICTURE_WIDTH, None)
            except (NoPictureError, UnreadablePictureError):
                continue
            if len(small) <= PICTURE_BYTES:
                self._keep(happening, small)

    async def _wished(self) -> bytes:
        assert self._small is not None
        with self._small.looking():
            return (await self._small.next()).jpeg

    def _keep(self, happening: Happening, jpeg: bytes) -> None:
        now = self._kept[happening.kind].get(happening.id)
        if now is None:
            return
        self._jpegs[now.id] = jpeg
        self._change(replace(now, picture=True))
        while sum(map(len, self._jpegs.values())) > PICTURES_BYTES:
            oldest = next(iter(self._jpegs))
            del self._jpegs[oldest]
            for kept in self._kept.values():
                if oldest in kept:
                    self._change(replace(kept[oldest], picture=False))
