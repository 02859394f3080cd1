# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Of encoded pictures as they arrive, those are given that can be decoded; counted and timed."""

import pytest
from aiortc.rtp import RtpPacket
from harness.video import Encoder

from reachy_mini_ros.media.encoded import EncodedPictures
from reachy_mini_ros.media.frames import EncodedFrame
from reachy_mini_ros.media.picture_buffer import PictureFrame

PERIOD = 3000
NS = 10**9 // 30
START = 123_456
SPS, PPS, IDR = b"\0\0\0\1\x67\x42\x00\x0a", b"\0\0\0\1\x68\xce", b"\0\0\0\1\x65\x88\x84"
OTHER = b"\x11\0\0other"
"""A picture of VP8 that needs those before it."""


def key(width: int = 640, height: int = 360) -> bytes:
    """Return the beginning of a key frame of VP8 (RFC 6386, section 9.1)."""
    sizes = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    return b"\x10\0\0\x9d\x01\x2a" + sizes + b"key"


class Arriving:
    """Pictures that arrive at 30 Hz, and what is given of them."""

    def __init__(self, codec: str = "VP8") -> None:
        self.given: list[EncodedFrame] = []
        self.pictures = EncodedPictures(self.given.append)
        self.codec = codec
        self.number = 0

    def add(self, *contents: bytes, lost: int = 0, held_ns: int = 0) -> None:
        """Take pictures; before the first of them so many were lost."""
        self.number += lost
        for data in contents:
            packet = RtpPacket(timestamp=START + PERIOD * self.number)
            packet._data = data  # type: ignore[attr-defined]
            follows, lost = not lost, 0
            captured_ns = 10**12 + NS * self.number
            arrived_ns = captured_ns + 1_000_000 + held_ns
            picture = PictureFrame([packet], follows=follows, held_back=0)
            self.pictures.add(self.codec, picture, captured_ns, arrived_ns)
            self.number += 1

    @property
    def numbers(self) -> list[int]:
        """Return which of the pictures were given, by their capture times."""
        return [round((one.captured_ns - 10**12) / NS) for one in self.given]


def test_it_begins_with_a_key_frame_and_tells_what_it_gives() -> None:
    robot = Arriving()
    robot.add(OTHER, OTHER, key(), OTHER, OTHER)
    assert robot.numbers == [2, 3, 4]
    assert [one.data for one in robot.given] == [key(), OTHER, OTHER]
    assert [one.is_key for one in robot.given] == [True, False, False]
    assert {(one.codec, one.width, one.height) for one in robot.given} == {("vp8", 640, 360)}
    assert {one.arrived_ns - one.captured_ns for one in robot.given} == {1_000_000}
    assert [one.sequence - robot.given[0].sequence for one in robot.given] == [0, 1, 2]
    assert [one.pts - robot.given[0].pts for one in robot.given] == [0, PERIOD, 2 * PERIOD]
    counts = robot.pictures.counts
    assert (counts.codec, counts.gaps, counts.missing) == ("vp8", 0, 0)


def test_after_a_loss_it_goes_on_with_a_key_frame_and_counts_what_is_missing() -> None:
    robot = Arriving()
    robot.add(key(), OTHER)
    robot.add(OTHER, OTHER, lost=3)
    assert robot.numbers == [0, 1]
    robot.add(key(), OTHER)
    assert robot.numbers == [0, 1, 7, 8]
    assert [one.sequence - robot.given[0].sequence for one in robot.given] == [0, 1, 7, 8]
    assert [one.pts - robot.given[0].pts for one in robot.given] == [0, 3000, 21_000, 24_000]
    counts = robot.pictures.counts
    assert (counts.gaps, counts.missing) == (1, 5)
    robot.add(key(), lost=1)
    assert (counts.gaps, counts.missing) == (2, 6)


def test_what_is_missing_is_counted_by_the_stream_s_own_rate() -> None:
    robot = Arriving()
    for number, follows in ((0, False), (2, True), (4, True), (10, False), (12, True)):
        packet = RtpPacket(timestamp=START + PERIOD * number)
        packet._data = key()  # type: ignore[attr-defined]
        picture = PictureFrame([packet], follows=follows, held_back=0)
        robot.pictures.add("VP8", picture, 10**12 + NS * number, 10**12 + NS * number)
    assert [one.sequence - robot.given[0].sequence for one in robot.given] == [0, 1, 2, 5, 6]
    assert robot.pictures.counts.missing == 2


def test_media_time_goes_on_where_the_sender_s_stands_still() -> None:
    robot = Arriving()
    robot.add(key())
    robot.number = 0
    robot.add(OTHER)
    assert [one.pts - robot.given[0].pts for one in robot.given] == [0, 1]
    robot.add(key(), lost=3)
    assert [one.pts - robot.given[0].pts for one in robot.given] == [0, 1, 4 * PERIOD]
    assert robot.pictures.counts.missing == 3


def test_what_was_held_up_is_not_given_nor_what_needs_it() -> None:
    robot = Arriving()
    robot.add(key(), OTHER)
    robot.add(key(), OTHER, held_ns=500_000_000)
    robot.add(OTHER)
    assert robot.numbers == [0, 1]
    robot.add(key(), OTHER)
    assert robot.numbers == [0, 1, 5, 6]
    assert robot.pictures.counts.missing == 3


@pytest.mark.parametrize("torn", [b"\x10\0\0torn", b""])
def test_a_torn_key_frame_is_none(torn: bytes) -> None:
    robot = Arriving()
    robot.add(torn, key(), torn, OTHER, key())
    assert robot.numbers == [1, 4]


def test_a_key_frame_is_asked_for_while_somebody_needs_one() -> None:
    robot = Arriving()
    robot.add(OTHER)
    assert not robot.pictures.needs_key_frame, "nobody takes them"
    robot.pictures.wanted = True
    assert robot.pictures.needs_key_frame
    robot.add(key())
    assert not robot.pictures.needs_key_frame
    robot.pictures.key_frame_wanted = True
    robot.add(OTHER)
    assert robot.pictures.needs_key_frame
    robot.add(key())
    assert not robot.pictures.needs_key_frame
    robot.pictures.restart()
    assert robot.pictures.needs_key_frame


def test_another_session_goes_on_by_this_machine_s_clock() -> None:
    robot = Arriving()
    robot.add(key(), OTHER)
    robot.pictures.restart()
    packet = RtpPacket(timestamp=7)
    packet._data = key()  # type: ignore[attr-defined]
    later_ns = robot.given[-1].captured_ns + 10**9
    picture = PictureFrame([packet], follows=False, held_back=0)
    robot.pictures.add("VP8", picture, later_ns, later_ns)
    last, first = robot.given[-2:]
    assert first.pts - last.pts == 90_000
    assert first.sequence - last.sequence == 30


def test_another_session_begins_with_a_key_frame() -> None:
    robot = Arriving()
    robot.add(key(), OTHER)
    robot.pictures.restart()
    robot.add(OTHER, OTHER, key())
    assert robot.numbers == [0, 1, 4]


def test_a_loss_at_the_beginning_is_counted_at_30_hz() -> None:
    robot = Arriving()
    robot.add(key())
    robot.add(key(), lost=29)
    assert (robot.pictures.counts.gaps, robot.pictures.counts.missing) == (1, 29)


def test_a_robot_that_sends_other_sizes_is_told_of() -> None:
    robot = Arriving()
    robot.add(key(), OTHER, key(1280, 720), OTHER)
    sizes = [(one.width, one.height) for one in robot.given]
    assert sizes == [(640, 360)] * 2 + [(1280, 720)] * 2


def test_h264_has_its_size_and_keeps_it_where_none_is_stated() -> None:
    robot, frame = Arriving("H264"), Encoder().frame()
    robot.add(frame.data, IDR)
    assert [(one.codec, one.width, one.height) for one in robot.given] == [
        ("h264", frame.width, frame.height)
    ] * 2


def test_a_key_frame_gets_the_parameters_that_were_sent_before() -> None:
    robot = Arriving("H264")
    robot.add(IDR, SPS + PPS + IDR, IDR, SPS + IDR)
    assert [frame.data for frame in robot.given] == [
        SPS + PPS + IDR,
        SPS + PPS + IDR,
        SPS + PPS + SPS + IDR,
    ]
    assert all(frame.is_key for frame in robot.given)
    robot.pictures.restart()
    robot.add(IDR)
    assert len(robot.given) == 3, "the parameters were another session's"
