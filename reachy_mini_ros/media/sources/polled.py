# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sources that are read by calls that wait: each in a thread of its own, reopened with back-off."""

import asyncio
import time
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Protocol

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import ReachyMiniRosError, RobotError
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.sources.base import OPENING, OnConnection, VideoSource
from reachy_mini_ros.statistics import Window

_STALLED_S = 1.0
_DEADLINE_S = 3.0
"""A source that gives no picture for so long is opened anew."""
_LASTED_S = 5.0
"""A source that delivered for so long was a success."""


class No(Enum):
    """Why a read gives no picture."""

    PICTURE_YET = "none came while waiting"
    NEED = "one came, and nobody wants it"


class Reader(Protocol):
    """An open source; all calls come from one thread and wait for a fraction of a second."""

    def open(self) -> None:
        """Get ready to read.

        Raises ReachyMiniRosError if that is not possible now.
        """

    def read(self, wanted: bool) -> Frame | No:
        """Return the next picture; if it is not ``wanted`` its content is left alone.

        Raises ReachyMiniRosError if the source has to be opened anew.
        """

    def close(self) -> None:
        """Let go of the source, open or not."""


class PolledSource(VideoSource):
    """Opens a reader and reads it until it fails, again and again."""

    def __init__(
        self, name: str, on_connection: OnConnection | None, supervisor: Supervisor | None = None
    ) -> None:
        super().__init__(on_connection, supervisor)
        self._name = name
        self._arrivals = Window()

    @property
    def input_rate_hz(self) -> float:
        """Return the rate at which pictures come from the source, used or not."""
        return self._arrivals.rate_hz()

    @abstractmethod
    async def _reader(self) -> Reader:
        """Return a new reader.

        Raises ReachyMiniRosError if there can be none now.
        """

    async def run(self) -> None:
        """Keep the source open until cancelled; it is closed afterwards."""
        worker = ThreadPoolExecutor(1, self._name)
        backoff = Backoff(initial_s=0.2, cap_s=2.0)
        self._set(Connection.CONNECTING, OPENING)
        try:
            while True:
                started_s = time.monotonic()
                try:
                    await self._attempt(worker)
                except ReachyMiniRosError as error:
                    self.last_error = str(error)
                    self._set(Connection.LOST, self.last_error)
                if time.monotonic() - started_s > _LASTED_S + _DEADLINE_S:
                    backoff.reset()
                await asyncio.sleep(backoff.pause_s())
        finally:
            await asyncio.to_thread(worker.shutdown)  # after the reader's close
            self._set_closed()

    async def _attempt(self, worker: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        reader = await self._reader()
        try:
            await loop.run_in_executor(worker, reader.open)
            last_s = time.monotonic()
            while True:
                read = await loop.run_in_executor(worker, reader.read, bool(self._video))
                now_s = time.monotonic()
                if read is not No.PICTURE_YET:
                    last_s = now_s
                    self._arrivals.add()
                    self._set(Connection.CONNECTED, "")
                if isinstance(read, Frame):
                    self._give_video(read)
                if now_s - last_s > _DEADLINE_S:
                    raise RobotError(f"no more pictures within {_DEADLINE_S:g} s")
                if now_s - last_s > _STALLED_S and self.connection is Connection.CONNECTED:
                    self._set(Connection.STALLED, f"no picture for more than {_STALLED_S:g} s")
        finally:
            worker.submit(self._close, reader)

    def _close(self, reader: Reader) -> None:
        with self._supervisor.guard(f"the end of source {self._name}"):
            reader.close()
