# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recording of a source's pictures as clips, by copying what the robot encoded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reachy_mini_ros.aio import Tasks
from reachy_mini_ros.errors import MalformedError, NotConnectedError, RobotError
from reachy_mini_ros.media.clips import Clip
from reachy_mini_ros.media.frames import EncodedFrame
from reachy_mini_ros.media.sources.base import VideoSource
from reachy_mini_ros.media.state_rows import State, StateRows

BEFORE_S = 3.0
"""So much is kept of what was before a clip, and back to the key frame before that."""
_FIRST_S = 5.0
"""How long the first key frame may take, which is asked for."""
_PERIOD_S = 0.2
"""Between two writes: a kill takes no more than that."""
_MOST_WAITING_BYTES = 32_000_000
"""For a disk that is too slow, and of what is kept from before."""


@dataclass(frozen=True)
class Limits:
    """Where a clip ends; 0 for no limit."""

    length_s: float
    size_mb: float


@dataclass(frozen=True)
class Recording:
    """What is recorded now, and what ended the last clip."""

    path: Path | None = None
    """Of the clip that is being written."""
    began_ns: int = 0
    """Unix time."""
    ended: str = ""
    """Why the last clip ended, if nobody asked for its end."""
    is_error: bool = False


class Recorder:
    """Writes one clip after another; everything here belongs to the event loop.

    Pictures are asked of the source only while a clip is written, or is waited for with
    :meth:`keep_before`. Files are written in other threads.
    """

    def __init__(
        self,
        source: VideoSource,
        folder: Path,
        columns: Sequence[str],
        tasks: Tasks,
        *,
        limits: Callable[[], Limits],
        time_ns: Callable[[int], int],
        on_change: Callable[[Recording], None],
    ) -> None:
        """``columns`` are those of the states; ``time_ns`` returns unix time by monotonic time.

        ``on_change`` is told each beginning and end.
        """
        self.state = Recording()
        self._source, self._folder, self._columns = source, folder, columns
        self._tasks, self._limits = tasks, limits
        self._time_ns, self._on_change = time_ns, on_change
        self._waiting: list[EncodedFrame] = []
        self._waiting_bytes = 0
        self._key_ns = 0
        self._states = StateRows()
        self._keeps_before = self._listens = self._writes = False
        self._has_key = False
        """Whether the clip has had its first picture, which is a key frame."""
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._clip: Clip | None = None
        self._last = "nothing is recorded"

    @property
    def is_on(self) -> bool:
        """Whether a clip is written."""
        return self._writes

    def keep_before(self, keep: bool) -> None:
        """Have the seconds before the next clip kept, to begin it with."""
        self._keeps_before = keep
        self._listen()

    async def start(self) -> Path:
        """Begin a clip, unless one is written, and return its path.

        Raises NotConnectedError if no picture comes, RobotError if none can be recorded or written.
        """
        if self._source.encoded is None:
            raise RobotError("this source has no encoded pictures to record: use source webrtc")
        if self._task is not None and not self._writes:
            await asyncio.wait([self._task])  # the last clip is being closed
        if not self._writes:
            self._writes, self._has_key = True, bool(self._waiting)
            self._stop.clear()
            self._task = self._tasks.start("recording", self._record())
            self._listen()
        task = self._task
        end_s = time.monotonic() + _FIRST_S
        while self.state.path is None and self._writes and task is self._task:
            if time.monotonic() > end_s:
                await self.stop()
                raise NotConnectedError(
                    f"no key frame within {_FIRST_S:g} s: {self._source.reason or 'none came'}"
                )
            await asyncio.sleep(0.02)
        if self.state.path is None:
            assert task is not None
            await asyncio.wait([task])
            raise RobotError(self.state.ended or "the recording was ended")
        return self.state.path

    async def stop(self) -> str:
        """End the clip; return what came of it, or why there is none."""
        if self._task is None or not self._writes:
            return self.state.ended or "nothing is recorded"
        self._stop.set()
        task = self._task
        await asyncio.wait([task])
        return self._last if not self.state.is_error else self.state.ended

    def add_state(self, time_ns: int, values: Mapping[str, float]) -> None:
        """Take what was true at a moment; the same moment's values make one row."""
        if self._writes:
            self._states.add(time_ns, values, time.monotonic_ns())

    def _listen(self) -> None:
        wanted = self._writes or self._keeps_before
        if wanted and not self._listens:
            self._source.add_encoded(self._take)
        elif self._listens and not wanted:
            self._source.remove_encoded(self._take)
            self._forget()
        self._listens = wanted

    def _forget(self) -> None:
        self._waiting, self._waiting_bytes = [], 0

    def _take(self, frame: EncodedFrame) -> None:
        if not self._writes:
            if self._waiting_bytes > _MOST_WAITING_BYTES:
                self._forget()
            if frame.is_key:
                self._key_ns = frame.captured_ns
                self._drop_old(frame.captured_ns - round(BEFORE_S * 1e9))
            elif frame.captured_ns - self._key_ns > BEFORE_S * 1e9:
                self._source.request_key_frame()
            if not self._waiting and not frame.is_key:
                return
        elif not self._has_key:
            if not frame.is_key:
                self._source.request_key_frame()
                return
            self._has_key = True
        if self._waiting_bytes <= _MOST_WAITING_BYTES:
            self._waiting.append(frame)
            self._waiting_bytes += len(frame.data)

    def _drop_old(self, before_ns: int) -> None:
        """Drop what is older, up to a key frame."""
        keys = (
            at
            for at, frame in reversed(tuple(enumerate(self._waiting)))
            if frame.is_key and frame.captured_ns <= before_ns
        )
        del self._waiting[: next(keys, 0)]
        self._waiting_bytes = sum(len(frame.data) for frame in self._waiting)

    async def _record(self) -> None:
        ended, failed = "", False
        try:
            while not ended and not self._stop.is_set():
                try:
                    async with asyncio.timeout(_PERIOD_S):
                        await self._stop.wait()
                except TimeoutError:
                    pass
                ended = await self._write_waiting()
        except OSError as error:
            where = self._clip.path if self._clip is not None else self._folder
            ended, failed = f"the clip cannot be written, {where}: {_why(error)}", True
        except MalformedError as error:
            ended, failed = f"the robot's pictures cannot be recorded: {error}", True
        finally:
            self._writes = False
            self._forget()
            self._listen()
            await self._close(ended, failed)

    async def _close(self, ended: str, failed: bool) -> None:
        states, self._states = self._states.take(), StateRows()
        clip, self._clip = self._clip, None
        if clip is not None:
            self._last = f"{clip.path} ({clip.length_s:.1f} s, {clip.bytes / 1e6:.1f} MB)"
            try:
                await asyncio.to_thread(_finish, clip, () if failed else states)
            except OSError as error:
                ended, failed = ended or f"{clip.path}: {_why(error)}", True
        self.state = Recording(ended=ended, is_error=failed)
        self._on_change(self.state)

    async def _write_waiting(self) -> str:
        """Write what came; return why the clip ends here, if it does."""
        too_slow = self._waiting_bytes > _MOST_WAITING_BYTES
        frames = self._waiting
        states = self._states.take(time.monotonic_ns())
        self._forget()
        if frames or (states and self._clip is not None):
            before = self._clip
            ended = await asyncio.to_thread(self._write, frames, states)
            if self._clip is not before and self._clip is not None:
                self.state = Recording(self._clip.path, time.time_ns())
                self._on_change(self.state)
            if ended:
                return ended
        return "the disk is too slow for the robot's pictures" if too_slow else ""

    def _write(self, frames: Sequence[EncodedFrame], states: Sequence[State]) -> str:
        """Write, in a thread; a picture of another size begins another clip."""
        limits = self._limits()
        for frame in frames:
            if self._clip is None or not self._clip.goes_on_with(frame):
                if self._clip is not None:
                    self._clip.close()
                taken_ns = self._time_ns(frame.captured_ns)
                self._clip = Clip(self._folder, frame, taken_ns, self._columns)
            self._clip.write(frame)
            if limits.length_s and self._clip.length_s >= limits.length_s:
                self._clip.write_states(states)
                return f"{self._clip.path.name} is as long as record_max_s allows"
            if limits.size_mb and self._clip.bytes >= limits.size_mb * 1e6:
                self._clip.write_states(states)
                return f"{self._clip.path.name} is as large as record_max_mb allows"
        if self._clip is not None:
            self._clip.write_states(states)
        return ""


def _finish(clip: Clip, states: Sequence[State]) -> None:
    try:
        clip.write_states(states)
    finally:
        clip.close()


def _why(error: OSError) -> str:
    return error.strerror or str(error)
