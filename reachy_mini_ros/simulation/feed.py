# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Encoded media, made once while somebody receives it and given to every session."""

import asyncio
from abc import ABC, abstractmethod
from typing import Any, TypeAlias

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.packet import Packet

QUEUE_LENGTH = 32
AnyPacket: TypeAlias = "Packet[Any]"


class Feed(ABC):
    """A source of encoded packets that runs only while it has tracks."""

    kind: str

    def __init__(self) -> None:
        self._tracks: set[FeedTrack] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        """Tell whether anything is being made."""
        return bool(self._tracks)

    def add(self, track: "FeedTrack") -> None:
        """Begin to deliver to ``track``."""
        self._tracks.add(track)
        self.request_keyframe()
        if self._task is None:
            self._task = asyncio.create_task(self.run())

    def remove(self, track: "FeedTrack") -> None:
        """Deliver no more to ``track``."""
        self._tracks.discard(track)
        if not self._tracks and self._task is not None:
            self._task.cancel()
            self._task = None

    def deliver(self, packet: AnyPacket) -> None:
        """Give a packet to every track."""
        for track in self._tracks:
            track.put(packet)

    def request_keyframe(self) -> None:  # noqa: B027  (not every kind has keyframes)
        """Make the next packet one that decoding can start with."""

    @abstractmethod
    async def run(self) -> None:
        """Make packets and deliver them until cancelled."""


class FeedTrack(MediaStreamTrack):
    """One session's end of a feed; it begins when the session is ready to send."""

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self.kind = feed.kind
        self._feed = feed
        self._packets: asyncio.Queue[AnyPacket] = asyncio.Queue(QUEUE_LENGTH)
        self._added = False
        self._complete = False

    async def recv(self) -> AnyPacket:
        """Return the next packet; aiortc sends packets as they are."""
        if self.readyState != "live":
            raise MediaStreamError
        if not self._added:
            self._added = True
            self._feed.add(self)
        return await self._packets.get()

    def request_keyframe(self) -> None:
        """Make the next packet of the feed one that decoding can start with."""
        self._feed.request_keyframe()

    def put(self, packet: AnyPacket) -> None:
        """Queue a packet; a session that falls behind goes on at the next keyframe."""
        if self._packets.full():
            self._packets = asyncio.Queue(QUEUE_LENGTH)
            self._complete = False
            self._feed.request_keyframe()
        self._complete = self._complete or bool(packet.is_keyframe)
        if self._complete:
            self._packets.put_nowait(packet)

    def stop(self) -> None:
        """End the track, for good."""
        super().stop()
        self._feed.remove(self)
