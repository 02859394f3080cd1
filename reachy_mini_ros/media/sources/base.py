# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What all sources of pictures have in common."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TypeVar

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.encoded import EncodedCounts
from reachy_mini_ros.media.frames import EncodedFrame, Frame
from reachy_mini_ros.media.stage import Stage

T = TypeVar("T")

OnConnection = Callable[[Connection, str], None]
CLOSED = "closed"
"""The reason while :meth:`VideoSource.run` does not run."""
OPENING = "not tried yet"
"""The reason when it has just begun to."""


class VideoSource(ABC):
    """A stream of pictures that is open while :meth:`run` runs.

    Everything here belongs to one event loop: call from elsewhere with ``LoopThread.call``.
    Consumers are called on the loop and must return at once. One that fails takes nothing from
    the others; the supervisor hears of it.
    """

    def __init__(
        self, on_connection: OnConnection | None, supervisor: Supervisor | None = None
    ) -> None:
        """``on_connection`` hears of pictures that arrive, and why if they do not."""
        self._on_connection = on_connection
        self._supervisor = supervisor or Supervisor()
        self._video: list[Callable[[Frame], None]] = []
        self._encoded: dict[Callable[[EncodedFrame], None], bool] = {}
        """And whether each has had a key frame to begin with."""
        self.connection = Connection.CONNECTING
        self.reason = CLOSED
        self.connections = 0
        """How often a connection was made that delivered pictures."""
        self.last_error = ""

    @property
    def stage(self) -> Stage | None:
        """Return how far the session with the robot is; None for what is no such session."""
        return None

    @property
    def backlog(self) -> Backlog | None:
        """Return what was left out of the pictures after stalls; None where that is not known."""
        return None

    @property
    def encoded(self) -> EncodedCounts | None:
        """Return what became of encoded pictures; None for a source that hands out none."""
        return None

    @property
    @abstractmethod
    def input_rate_hz(self) -> float:
        """Return the rate at which pictures come from the source, used or not."""

    @abstractmethod
    async def run(self) -> None:
        """Keep the stream open until cancelled; it is closed afterwards."""

    def add_video(self, consumer: Callable[[Frame], None]) -> None:
        """Hand every picture to ``consumer`` from now on."""
        self._video.append(consumer)

    def remove_video(self, consumer: Callable[[Frame], None]) -> None:
        """Undo :meth:`add_video`."""
        self._video.remove(consumer)

    def add_encoded(self, consumer: Callable[[EncodedFrame], None]) -> None:
        """Hand every picture to ``consumer`` as it was encoded, from the next key frame on.

        After a gap, which the numbers show, it goes on with a key frame; one is asked for now and
        then. Nothing comes from a source whose :attr:`encoded` is None.
        """
        self._encoded[consumer] = False

    def remove_encoded(self, consumer: Callable[[EncodedFrame], None]) -> None:
        """Undo :meth:`add_encoded`."""
        del self._encoded[consumer]

    def request_key_frame(self) -> None:  # noqa: B027 - not every source encodes
        """Have a key frame come soon, for one who begins with what others take already."""

    async def frame(self, timeout_s: float = 5.0) -> Frame:
        """Return the next picture.

        Raises NotConnectedError if none comes in time.
        """
        coming: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()

        def take(frame: Frame) -> None:
            if not coming.done():
                coming.set_result(frame)

        self.add_video(take)
        try:
            async with asyncio.timeout(timeout_s):
                return await coming
        except TimeoutError:
            raise NotConnectedError(
                f"no picture within {timeout_s:g} s ({self.connection.value}: {self.reason})"
            ) from None
        finally:
            self.remove_video(take)

    def _give_video(self, frame: Frame) -> None:
        self._give(self._video, frame)

    def _give_encoded(self, frame: EncodedFrame) -> None:
        if frame.is_key:
            self._encoded = dict.fromkeys(self._encoded, True)
        self._give([consumer for consumer, begun in self._encoded.items() if begun], frame)

    def _give(self, consumers: Iterable[Callable[[T], None]], what: T) -> None:
        for consumer in tuple(consumers):
            try:
                consumer(what)
            except Exception as error:  # noqa: BLE001 - the others are to have it all the same
                self._supervisor.failed(_part(consumer), error)
            else:
                self._supervisor.works(_part(consumer))

    def _set(self, connection: Connection, reason: str) -> None:
        if connection is not Connection.CONNECTED and not self.connections:
            connection = Connection.CONNECTING  # nothing was had that could be lost
        if (connection, reason) == (self.connection, self.reason):
            return
        if connection is Connection.CONNECTED and self.connection is not Connection.STALLED:
            self.connections += 1
        self.connection, self.reason = connection, reason
        if self._on_connection is not None and reason not in (CLOSED, OPENING):
            with self._supervisor.guard(_part(self._on_connection)):
                self._on_connection(connection, reason)

    def _set_closed(self) -> None:
        self.connection, self.reason = Connection.CONNECTING, CLOSED


def _part(consumer: Callable[..., None]) -> str:
    return str(getattr(consumer, "__qualname__", "a consumer"))
