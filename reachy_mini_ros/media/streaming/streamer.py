# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Live streams: what the camera sees and the robot hears, encoded once, to any destinations."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.media.streaming.copier import StreamCopier
from reachy_mini_ros.media.streaming.destination import Destination, State, Status
from reachy_mini_ros.media.streaming.encoder import Quality, StreamEncoder
from reachy_mini_ros.media.streaming.flv import Tag
from reachy_mini_ros.media.streaming.target import Target

NO_PICTURE = "the camera sends no pictures: a card is shown instead"


class LiveStream:
    """Streams between :meth:`start` and :meth:`stop`.

    The methods that are coroutines belong to the loop, and so does what ``on_change`` is called
    from, whenever a status changes. Pictures and sound may come from any thread.
    """

    def __init__(
        self,
        io: LoopThread,
        targets: Sequence[Target],
        quality: Quality,
        on_change: Callable[[], None],
        supervisor: Supervisor,
    ) -> None:
        self._io = io
        self._targets = tuple(targets)
        self._quality = quality
        self._on_change = on_change
        self._supervisor = supervisor
        self._changed = asyncio.Event()
        self._described: list[Tag] = []
        self._running: dict[Target, tuple[Destination, asyncio.Task[None]]] = {}
        self._changing = asyncio.Lock()
        self._stale = False
        self._opus = False
        self.encoder: StreamEncoder | None = None
        """None while nothing is streamed."""

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return where it goes, or would."""
        return self._targets

    def encodes_sound(self, *, opus: bool) -> bool:
        """Return whether a destination needs AAC, if there is Opus or not."""
        return not opus or not all(target.takes_opus for target in self._targets)

    @property
    def statuses(self) -> list[Status]:
        """Return the state of each destination; from any thread."""
        if self.encoder is None:
            return [
                Status(target.name, State.STOPPED, "", target.viewer_urls)
                for target in self._targets
            ]
        running = dict(self._running)
        return [self._status(running[target][0]) for target in self._targets if target in running]

    @property
    def dropped(self) -> int:
        """Return how many packets found no room at destinations that are streamed to."""
        return sum(destination.dropped for destination, _ in tuple(self._running.values()))

    @property
    def copies(self) -> bool:
        """Return whether pictures are copied, not encoded."""
        return isinstance(self.encoder, StreamCopier)

    def add_picture(self, picture: bytes, stamp_s: float | None = None) -> None:
        """Take a picture that just came, with its time on any clock.

        It is a JPEG, or an access unit of H264 where it is copied.
        """
        if (encoder := self.encoder) is not None:
            encoder.add_picture(picture, stamp_s)

    def add_sound(self, samples: NDArray[np.int16], rate_hz: int) -> None:
        """Take (n, channels) samples that just came."""
        if (encoder := self.encoder) is not None:
            encoder.add_sound(samples, rate_hz)

    def add_opus(self, packet: bytes, stamp_s: float | None = None) -> None:
        """Take a packet of Opus that just came, with its time on the pictures' clock."""
        if (encoder := self.encoder) is not None:
            encoder.add_opus(packet, stamp_s)

    def set_quality(self, quality: Quality) -> None:
        """Change what the encoder aims at; from any thread."""
        self._quality = quality
        if (encoder := self.encoder) is not None:
            encoder.quality = quality

    async def set_targets(self, targets: Sequence[Target]) -> None:
        """Begin and end destinations; those that stay notice nothing."""
        async with self._changing:
            self._targets = tuple(targets)
            if self.encoder is not None:
                await self._update()
        self._tell()

    async def start(self, *, copy: bool = False, opus: bool = False) -> None:
        """Begin to stream, unless it is done already; the robot's H264 and Opus can be copied.

        With ``opus`` the sound comes by :meth:`add_opus` as well, for whoever takes it.
        """
        async with self._changing:
            if self.encoder is None:
                self._described, self._opus = [], opus
                self.encoder = (StreamCopier if copy else StreamEncoder)(
                    self._quality,
                    lambda tags: self._io.call(self._begin, tags),
                    lambda tags: self._io.call(self._offer, tags),
                    self._supervisor,
                    opus=opus,
                )
                await self._update()
        self._tell()

    async def stop(self) -> None:
        """End all destinations, and return when that is done."""
        async with self._changing:
            encoder = self.encoder
            if encoder is not None:
                await self._end(list(self._running))
                await asyncio.to_thread(encoder.close)
                self.encoder = None
        self._tell()

    async def settle(self, timeout_s: float) -> None:
        """Wait until it is known what becomes of each destination, but not for longer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while any(status.state is State.INITIALIZING for status in self.statuses):
                    self._changed.clear()
                    await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        with self._supervisor.guard("stream status"):
            self._on_change()

    def _status(self, destination: Destination) -> Status:
        status = destination.status
        encoder = self.encoder
        if encoder is not None and encoder.failure:
            return replace(status, state=State.ERROR, reason=encoder.failure)
        if encoder is not None and encoder.stale and status.state is State.ACTIVE:
            return replace(status, reason=NO_PICTURE)
        return status

    async def _update(self) -> None:
        assert self.encoder is not None
        self.encoder.encodes_sound = self.encodes_sound(opus=self._opus)
        await self._end([target for target in self._running if target not in self._targets])
        for target in self._targets:
            if target not in self._running:
                destination = Destination(target, self._tell, opus=self._opus)
                if self._described:
                    destination.begin(self._described)
                part = f"stream to {target.name}"
                task = asyncio.ensure_future(self._supervisor.keep(part, destination.run))
                self._running[target] = destination, task

    async def _end(self, targets: Sequence[Target]) -> None:
        tasks = [self._running[target][1] for target in targets]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for target in targets:
            del self._running[target]

    def _begin(self, described: list[Tag]) -> None:
        self._described = described
        for destination, _ in self._running.values():
            destination.begin(described)

    def _offer(self, tags: list[Tag]) -> None:
        for destination, _ in self._running.values():
            destination.offer(tags)
        if self.encoder is None:
            return
        stale = self.encoder.stale or bool(self.encoder.failure)
        if stale != self._stale:
            self._stale = stale
            self._tell()
