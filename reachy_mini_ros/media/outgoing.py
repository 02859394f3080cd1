# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The track that is sent to the robot, watched: aiortc's sender ends without a word if it fails."""

import time
from typing import Any

from aiortc import MediaStreamTrack

_IDLE_S = 2.0


class OutgoingTrack(MediaStreamTrack):
    """Passes on what another track gives, and sees whether anybody takes it."""

    def __init__(self, track: MediaStreamTrack) -> None:
        super().__init__()
        self.kind = track.kind
        self.failure = ""
        """Why the track gives nothing any more."""
        self._track = track
        self._asking = False
        self._left_s = 0.0

    @property
    def abandoned(self) -> bool:
        """Return whether it was taken from, and is no more."""
        waits_s = time.monotonic() - self._left_s if self._left_s and not self._asking else 0.0
        return waits_s > _IDLE_S

    async def recv(self) -> Any:
        """Return what the track gives next."""
        self._asking = True
        try:
            return await self._track.recv()
        except Exception as error:
            self.failure = repr(error)
            raise
        finally:
            self._asking, self._left_s = False, time.monotonic()

    def stop(self) -> None:
        """End the track."""
        super().stop()
        self._track.stop()
