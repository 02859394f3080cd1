# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Encoded frames as our buffers let them go: several at once, where the first of them was late."""

from collections.abc import Iterator
from typing import Self

from aiortc.jitterbuffer import JitterFrame
from aiortc.utils import uint32_add


class ReceivedFrame(JitterFrame):
    """An encoded frame of sound or picture."""

    def __init__(self, data: bytes, timestamp: int) -> None:
        super().__init__(data, timestamp)
        self.rtp_timestamp = timestamp
        """In RTP time, which aiortc replaces in ``timestamp``."""
        self.later: list[Self] = []
        """Frames that were waiting for this one."""


def in_order(frame: JitterFrame) -> Iterator[JitterFrame]:
    """Yield ``frame`` and those that became ready with it, all in the time that aiortc gave it."""
    yield frame
    if isinstance(frame, ReceivedFrame):
        for later in frame.later:
            later.timestamp = frame.timestamp + uint32_add(later.timestamp, -frame.rtp_timestamp)
            yield later
