# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frames that became ready at once keep the times between them, whatever the first one's is."""

import pytest
from aiortc.jitterbuffer import JitterFrame

from reachy_mini_ros.media.received import ReceivedFrame, in_order


@pytest.mark.parametrize("first", [1000, 2**32 - 4000], ids=["", "where RTP's time begins anew"])
def test_those_that_waited_keep_their_distance(first: int) -> None:
    frame = ReceivedFrame(b"0", first)
    frame.later = [
        ReceivedFrame(bytes([number]), (first + 3000 * number) % 2**32) for number in (1, 2)
    ]
    frame.timestamp = 70_000  # aiortc's own time
    frames = list(in_order(frame))
    assert frames == [frame, *frame.later]
    assert [one.timestamp for one in frames] == [70_000, 73_000, 76_000]
    assert frame.rtp_timestamp == first
    assert frame.data == b"0"


def test_a_frame_of_aiortc_goes_alone() -> None:
    frame = JitterFrame(b"0", 1000)
    assert list(in_order(frame)) == [frame]
    assert frame.timestamp == 1000
