# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Live streams of the app: HLS below its own /live/, and the servers that the user named."""

import asyncio
import time
from contextlib import ExitStack

from reachy_mini_ros.aio import LoopThread, Supervisor, Tasks
from reachy_mini_ros.app.media import Media
from reachy_mini_ros.app.pictures import PictureFeed
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.media.bitstream import H264
from reachy_mini_ros.media.frames import EncodedFrame, EncodedSound, PcmFrame
from reachy_mini_ros.media.streaming.encoder import Quality
from reachy_mini_ros.media.streaming.streamer import LiveStream
from reachy_mini_ros.media.streaming.target import Target
from reachy_mini_ros.web.robot import StreamState

SETTLE_S = 6.0
"""The longest that a start waits to tell what became of each destination."""


class Streams:
    """Takes pictures and sound while it streams; on the event loop's thread.

    The robot's H264 is copied; what it sends instead (a Lite's daemon may send VP8) is encoded.
    """

    def __init__(
        self,
        io: LoopThread,
        media: Media,
        feed: PictureFeed,
        targets: list[Target],
        quality: Quality,
        supervisor: Supervisor,
    ) -> None:
        self._media = media
        self._feed = feed
        self._keyframe_interval_s = quality.keyframe_interval_s
        self._stream = LiveStream(io, targets, quality, lambda: None, supervisor)
        self._tasks = Tasks(supervisor)
        self._turn = asyncio.Lock()
        self._held = ExitStack()
        self._key_s = 0.0

    def states(self) -> tuple[StreamState, ...]:
        """Return the state of each destination."""
        return tuple(
            StreamState(one.name, one.state.value, one.viewer_urls, one.reason)
            for one in self._stream.statuses
        )

    async def start(self) -> str:
        """Begin, and return what became of it; raises SetupError if there is nowhere to go."""
        if not self._stream.targets:
            raise SetupError("there is nowhere to stream to: set destinations")
        async with self._turn:
            if self._stream.encoder is None:
                await self._begin(copy=True)
        await self._stream.settle(SETTLE_S)
        return self._told()

    async def stop(self) -> str:
        """End all of them."""
        async with self._turn:
            self._held.close()
            await self._stream.stop()
        return self._told()

    async def close(self) -> None:
        """End all of them for good."""
        await self._tasks.end()
        await self.stop()

    async def _begin(self, *, copy: bool) -> None:
        session, held = self._media.session, self._held
        held.enter_context(self._media.interest.held())
        if copy:
            session.add_encoded(self._copy)
            held.callback(session.remove_encoded, self._copy)
        else:
            held.enter_context(self._feed.interest.held())
            self._feed.listeners.append(self._stream.add_picture)
            held.callback(self._feed.listeners.remove, self._stream.add_picture)
        session.add_audio_packets(self._add_opus)
        held.callback(session.remove_audio_packets, self._add_opus)
        if self._stream.encodes_sound(opus=True):
            session.add_audio(self._add_sound)
            held.callback(session.remove_audio, self._add_sound)
        await self._stream.start(copy=copy, opus=True)

    async def _encode(self) -> None:
        async with self._turn:
            if self._stream.copies:
                await self._stream.stop()
                await self._begin(copy=False)

    def _copy(self, frame: EncodedFrame) -> None:
        if frame.codec != H264:
            self._held.close()
            self._tasks.start("streams of another codec", self._encode())
            return
        now_s = time.monotonic()
        if frame.is_key:
            self._key_s = now_s
        elif now_s - self._key_s > self._keyframe_interval_s:
            self._media.session.request_key_frame()
        self._stream.add_picture(frame.data, frame.captured_ns / 1e9)

    def _add_opus(self, packet: EncodedSound) -> None:
        self._stream.add_opus(packet.data, packet.captured_ns / 1e9)

    def _add_sound(self, frame: PcmFrame) -> None:
        self._stream.add_sound(frame.samples, frame.rate_hz)

    def _told(self) -> str:
        return ", ".join(f"{one.name}: {one.reason or one.state}" for one in self.states())
