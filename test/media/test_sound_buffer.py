# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Packets of sound in order, and none held back."""

import random

import pytest
from aiortc import RTCRtpReceiver
from aiortc.rtp import RtpPacket

from reachy_mini_ros.media.received import in_order
from reachy_mini_ros.media.sound_buffer import SoundBuffer

FIRST = 65_530  # both numbers wrap soon
STAMP = 2**32 - 3000


class Stream:
    """Packets into a buffer, frames out of it, in time from 0 as aiortc maps it."""

    def __init__(self) -> None:
        receiver = object.__new__(RTCRtpReceiver)
        receiver._RTCRtpReceiver__jitter_buffer = None
        self.buffer = SoundBuffer(receiver)
        assert receiver._RTCRtpReceiver__jitter_buffer is self.buffer

    def send(self, *numbers: int) -> list[int]:
        """Send the packets with these numbers; return those of the frames that are let go."""
        frames = []
        for number in numbers:
            packet = RtpPacket(
                sequence_number=(FIRST + number) % 2**16,
                timestamp=(STAMP + number * 960) % 2**32,
            )
            packet._data = str(number).encode()
            ask, frame = self.buffer.add(packet)
            assert not ask
            if frame is not None:
                frame.timestamp = (frame.timestamp - STAMP) % 2**32
                frames += list(in_order(frame))
        assert all(frame.timestamp == int(frame.data) * 960 for frame in frames)
        return [int(frame.data) for frame in frames]


def test_what_is_in_order_goes_on_at_once() -> None:
    stream = Stream()
    for number in range(50):
        assert stream.send(number) == [number]


def test_what_came_too_early_waits_for_what_is_missing() -> None:
    stream = Stream()
    assert stream.send(0, 2, 3) == [0]
    assert stream.send(1) == [1, 2, 3]
    assert stream.send(4) == [4]


def test_a_lost_packet_is_given_up_and_nothing_is_late_afterwards() -> None:
    stream = Stream()
    assert stream.send(0, 2, 3, 4, 5) == [0]
    assert stream.send(6) == [2, 3, 4, 5, 6]
    assert stream.send(7) == [7]
    assert stream.send(1) == [], "too late"
    assert stream.send(8) == [8]


def test_several_lost_in_a_row_cost_no_more_patience() -> None:
    stream = Stream()
    assert stream.send(0, 9, 10, 11, 12, 13) == [0, 9, 10, 11, 12, 13]
    assert stream.send(14, 14, 13) == [14]


def test_a_stream_that_begins_anew_is_taken_up() -> None:
    stream = Stream()
    stream.send(0, 1, 2)
    assert stream.send(5000, 5001) == [5000, 5001]


@pytest.mark.parametrize(
    ("number", "anew"), [(1200, False), (1201, True), (100, False), (99, True)]
)
def test_a_number_far_off_begins_anew(number: int, anew: bool) -> None:
    """From 1001 packets ahead, and from 101 behind."""
    stream = Stream()
    stream.send(*range(200))
    assert stream.send(number) == ([number] if anew else [])
    if not anew:
        assert stream.send(200) == [200], "it goes on"


def test_what_comes_again_does_not_shorten_the_patience() -> None:
    stream = Stream()
    stream.send(*range(11))
    assert stream.send(3, 4, 5, 6, 7, 8) == []
    assert stream.send(12, 13, 14, 15) == []
    assert stream.send(11) == [11, 12, 13, 14, 15]


@pytest.mark.parametrize("seed", range(5))
def test_every_packet_that_is_late_by_less_than_four_is_there_in_order(seed: int) -> None:
    shuffled = list(range(1, 400))
    chance = random.Random(seed)
    for start in range(0, len(shuffled) - 3, 3):
        piece = shuffled[start : start + 3]
        chance.shuffle(piece)
        shuffled[start : start + 3] = piece
    stream = Stream()
    assert stream.send(0, *shuffled) == list(range(400))
