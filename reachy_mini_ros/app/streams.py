# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Live streams of the app: HLS below its own /live/, and the servers that the user named."""

from contextlib import ExitStack

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.app.media import Media
from reachy_mini_ros.app.pictures import PictureFeed
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.media.frames import PcmFrame
from reachy_mini_ros.media.streaming.encoder import Quality
from reachy_mini_ros.media.streaming.streamer import LiveStream
from reachy_mini_ros.media.streaming.target import Target
from reachy_mini_ros.web.robot import StreamState

QUALITY = Quality(2500, 2.0)
SETTLE_S = 6.0
"""The longest that a start waits to tell what became of each destination."""


class Streams:
    """Takes pictures and sound while it streams; on the event loop's thread."""

    def __init__(
        self,
        io: LoopThread,
        media: Media,
        feed: PictureFeed,
        targets: list[Target],
        supervisor: Supervisor,
    ) -> None:
        self._media = media
        self._feed = feed
        self._stream = LiveStream(io, targets, QUALITY, lambda: None, supervisor)
        self._held = ExitStack()

    def states(self) -> tuple[StreamState, ...]:
        """Return the state of each destination."""
        return tuple(
            StreamState(one.name, one.state.value, one.viewer_urls, one.reason)
            for one in self._stream.statuses
        )

    async def start(self) -> str:
        """Begin, and return what became of it; raises SetupError if there is nowhere to go."""
        if not self._stream.targets:
            raise SetupError("there is nowhere to stream to: set REACHY_MINI_DESTINATIONS")
        if self._stream.encoder is None:
            self._hold()
        await self._stream.start()
        await self._stream.settle(SETTLE_S)
        return self._told()

    async def stop(self) -> str:
        """End all of them."""
        self._held.close()
        await self._stream.stop()
        return self._told()

    def _hold(self) -> None:
        session, held = self._media.session, self._held
        held.close()
        held.enter_context(self._feed.interest.held())
        held.enter_context(self._media.interest.held())
        self._feed.listeners.append(self._stream.add_picture)
        held.callback(self._feed.listeners.remove, self._stream.add_picture)
        session.add_audio(self._add_sound)
        held.callback(session.remove_audio, self._add_sound)

    def _add_sound(self, frame: PcmFrame) -> None:
        self._stream.add_sound(frame.samples, frame.rate_hz)

    def _told(self) -> str:
        return ", ".join(f"{one.name}: {one.reason or one.state}" for one in self.states())
