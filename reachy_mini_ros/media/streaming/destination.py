# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One destination of a live stream: its sender, its queue, and its reconnects."""

import asyncio
import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.media.streaming.flv import AUDIO, FILE_HEADER, Tag
from reachy_mini_ros.media.streaming.target import Target

QUEUE_MS = 3000
"""What waits longer is dropped, up to a key frame."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
CONNECT_S = 15.0
STALL_S = 10.0
"""A destination that takes nothing for so long is connected to anew."""
STEADY_S = 10.0
"""A destination that was there for so long is worth trying again at once."""
END_S = 2.0
_AT_ONCE = 32_768
"""Bytes that go to the sender in one piece, if one packet has no more."""
_SENDER = "reachy_mini_ros.media.streaming.sender"


class State(StrEnum):
    """What becomes of a stream at its destination."""

    INITIALIZING = "initializing"
    ACTIVE = "active"
    RECONNECTING = "reconnecting"
    STOPPED = "stopped"
    ERROR = "error"


@dataclass(frozen=True)
class Status:
    """The state of one destination; nothing in it is secret."""

    name: str
    state: State
    reason: str = ""
    viewer_urls: tuple[str, ...] = ()


class _EndedError(Exception):
    """The sender ended, or had to be ended; the text says why."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class Destination:
    """Sends tags to a target for as long as :meth:`run` runs; everything here is the loop's."""

    def __init__(
        self, target: Target, on_change: Callable[[], None], *, opus: bool = False
    ) -> None:
        """``opus`` is whether the stream has sound as Opus, which it gets if it takes it."""
        self.target = target
        self._opus = opus and target.takes_opus
        self.state = State.INITIALIZING
        self.reason = "waits for the first picture"
        self.dropped = 0
        """Tags that found no room."""
        self._on_change = on_change
        self._described: list[Tag] = []
        self._queue: deque[Tag] = deque()
        self._more = asyncio.Event()
        self._wants_key = True
        self._active_s: float | None = None

    @property
    def status(self) -> Status:
        """Return the state for others to see."""
        active = self.state is State.ACTIVE
        reason = "" if active else self.reason
        return Status(self.target.name, self.state, reason, self.target.viewer_urls)

    def begin(self, described: list[Tag]) -> None:
        """Take the tags that describe the stream."""
        self._described = [tag for tag in described if self._takes(tag)]
        self._more.set()

    def offer(self, tags: list[Tag]) -> None:
        """Take the next tags; what finds no room is dropped."""
        for tag in tags:
            if not self._takes(tag):
                continue
            if self._queue and tag.time_ms - self._queue[0].time_ms > QUEUE_MS:
                self._empty()
            if self._wants_key and not tag.key:
                continue
            self._wants_key = False
            self._queue.append(tag)
        self._more.set()

    async def run(self) -> None:
        """Send and reconnect until cancelled, or until to try again makes no sense."""
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while True:
            try:
                await self._send()
            except _EndedError as error:
                if error.final:
                    self._set(State.ERROR, str(error))
                    return
                if self._active_s and time.monotonic() - self._active_s > STEADY_S:
                    backoff.reset()
                pause_s = backoff.pause_s()
                self._set(State.RECONNECTING, f"{error}; next attempt in {pause_s:.0f} s")
                await asyncio.sleep(pause_s)
            except Exception:
                self.state, self.reason = State.RECONNECTING, "internal error, see the log"
                raise

    def _set(self, state: State, reason: str = "") -> None:
        changed = (state, reason) != (self.state, self.reason)
        self.state, self.reason = state, reason
        if changed:
            self._on_change()

    def _takes(self, tag: Tag) -> bool:
        return tag.kind != AUDIO or tag.is_opus == self._opus

    def _empty(self) -> None:
        self.dropped += len(self._queue)
        self._queue.clear()
        self._wants_key = True

    async def _send(self) -> None:
        """Run one sender to its end, which is an _EndedError."""
        self._active_s = None
        while not self._described:
            await self._next()
        if self.state is State.INITIALIZING:
            self._set(State.INITIALIZING, "connects")
        self._prepare()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _SENDER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # FFmpeg's messages may hold the URL.
            stderr=asyncio.subprocess.DEVNULL,
            # Ctrl-C in a terminal must reach it through us alone.
            start_new_session=True,
            # It finds what we found, from wherever that was.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        works = [
            asyncio.ensure_future(self._feed(process.stdin)),
            asyncio.ensure_future(self._listen(process.stdout)),
        ]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            # What the sender says is better than that it takes nothing any more.
            if works[1] not in done and isinstance(works[0].exception(), ConnectionError):
                await asyncio.wait([works[1]], timeout=END_S)
            if works[1].done():
                works[1].result()
            works[0].result()
        except ConnectionError:
            raise _EndedError("its sender ended") from None
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            await _end(process)
            with suppress(OSError):
                self.target.clean()

    def _prepare(self) -> None:
        try:
            if self.target.folder is not None:
                self.target.folder.mkdir(parents=True, exist_ok=True)
                self.target.clean()
        except OSError as error:
            why = f"its folder {error.filename} cannot be written: {error.strerror}"
            raise _EndedError(why) from None
        self._empty()

    async def _feed(self, sender: asyncio.StreamWriter) -> None:
        target = self.target
        job = {
            "url": target.url,
            "format": target.format,
            "options": target.options_for(opus=self._opus),
            "host": target.host,
        }
        described = b"".join(tag.encode(tag.time_ms) for tag in self._described)
        sender.write(json.dumps(job).encode() + b"\n" + FILE_HEADER + described)
        base_ms: int | None = None
        while True:
            while not self._queue:
                await self._next()
            base_ms = self._queue[0].time_ms if base_ms is None else base_ms
            # What came together goes together: each write wakes the sender.
            batch = bytearray()
            while self._queue and len(batch) < _AT_ONCE:
                batch += self._queue.popleft().encode(base_ms)
            sender.write(batch)
            if not sender.transport.get_write_buffer_size():
                continue
            try:
                # Never wait_for: Python 3.11's forgets that it was cancelled if both end at once.
                async with asyncio.timeout(STALL_S):
                    await sender.drain()
            except TimeoutError:
                raise _EndedError(f"took nothing for {STALL_S:.0f} s") from None

    async def _listen(self, sender: asyncio.StreamReader) -> None:
        limit_s: float | None = CONNECT_S + (10.0 if self.target.folder else 0.0)
        while True:
            try:
                async with asyncio.timeout(limit_s):
                    line = await sender.readline()
            except TimeoutError:
                raise _EndedError(f"no answer within {limit_s:.0f} s") from None
            if not line:
                raise _EndedError("its sender ended without a word")
            said = json.loads(line)
            if "error" in said:
                raise _EndedError(said["error"], final=said["final"])
            limit_s = None
            self._active_s = time.monotonic()
            self._set(State.ACTIVE)

    async def _next(self) -> None:
        self._more.clear()
        await self._more.wait()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let the sender say goodbye to its server; kill it if that takes too long."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    # Not asyncio.timeout: before Python 3.11.4 it fails in a task that is being cancelled.
    ended = asyncio.ensure_future(process.wait())
    await asyncio.wait([ended], timeout=END_S)
    if not ended.done():
        process.kill()
    await ended
    # The pipes are closed by the loop, which may end next.
    with suppress(ConnectionError):
        await process.stdin.wait_closed()
    await process.stdout.read()
