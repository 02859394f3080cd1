# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's H264 in a live stream: every picture to the last bit, and a card where it stalls."""

import io
from itertools import pairwise

import av
import numpy as np
import pytest
from harness.pictures import GREEN, jpeg
from harness.streaming import Encoder, OpusEncoder
from harness.waiting import wait_for

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.media import bitstream
from reachy_mini_ros.media.streaming.copier import StreamCopier
from reachy_mini_ros.media.streaming.encoder import STALE_S, Quality
from reachy_mini_ros.media.streaming.flv import AUDIO, FILE_HEADER, VIDEO, Tag


class Copied:
    """A copier whose clock the test moves, and all that it made."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.tags: list[Tag] = []
        self.copier = StreamCopier(
            Quality(1500, 0.5),
            self.tags.extend,
            self.tags.extend,
            Supervisor(),
            clock=lambda: self.now_s,
            opus=True,
        )
        self.copier.encodes_sound = False

    def add(self, unit: bytes) -> None:
        """Give an access unit that comes a fifteenth of a second later, and wait for its end."""
        self.now_s += 1 / 15
        before = self._done()
        self.copier.add_picture(unit, self.now_s)
        wait_for(lambda: self._done() > before, 10, "the picture")

    def _done(self) -> int:
        counts = self.copier.counts
        return counts.encoded + counts.skipped + counts.undecodable

    def pictures(self) -> list[av.VideoFrame]:
        """Return what a player shows of it all."""
        content = FILE_HEADER + b"".join(
            tag.encode() for tag in self.tags if tag.kind != AUDIO or not tag.is_opus
        )
        with av.open(io.BytesIO(content), format="flv") as played:
            played.streams.video[0].codec_context.options = {"err_detect": "explode"}
            return [one for one in played.decode(video=0) if isinstance(one, av.VideoFrame)]


def test_pictures_are_copied_and_a_card_stands_for_old_ones() -> None:
    stream, robot = Copied(), Encoder()
    units = [robot.unit(jpeg(number)) for number in range(21)]
    for unit in units[:14]:
        stream.add(unit)
    stream.now_s += STALE_S + 1
    wait_for(lambda: stream.copier.counts.repeated, 10, "a card")
    assert stream.copier.stale
    stream.now_s += 1
    wait_for(lambda: stream.copier.counts.repeated > 1, 10, "another card")
    # Pictures that need what a player does not show any more are left out: 14 is a key frame.
    stream.copier.add_picture(units[13])
    wait_for(lambda: stream.copier.counts.skipped == 1, 10, "the picture that is left out")
    cards = stream.copier.counts.repeated
    for unit in units[14:]:
        stream.add(unit)
    stream.copier.close()

    shown = stream.pictures()
    assert len(shown) == 21 + cards
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    originals = [image for unit in units for image in decoder.decode(av.Packet(unit))]
    copied = shown[:14] + shown[14 + cards :]
    for image, original in zip(copied, originals, strict=True):
        assert isinstance(original, av.VideoFrame)
        assert np.array_equal(
            image.to_ndarray(format="yuv420p"), original.to_ndarray(format="yuv420p")
        )
    for card in shown[14 : 14 + cards]:
        pixel = card.to_ndarray(format="bgr24")[20, 20].astype(int)
        assert np.abs(pixel - GREEN).max() > 60
    times = [tag.time_ms for tag in stream.tags if tag.kind == VIDEO and not tag.describes]
    assert all(one < later for one, later in pairwise(times))


def test_sound_is_copied_in_step_with_the_picture_whichever_comes_first() -> None:
    stream, robot, microphone = Copied(), Encoder(), OpusEncoder()
    packets = [microphone.packet() for _ in range(60)]
    heard = 0
    for number in range(15):
        stream.add(robot.unit(jpeg(number)))
        while heard < (number + 1) * 10 / 3:
            # Heard with the pictures, it comes after them.
            stamp_s = 100 + 1 / 15 + heard * 0.02
            if stamp_s + 0.02 > stream.now_s:
                break
            stream.copier.add_opus(packets[heard], stamp_s)
            heard += 1
    stream.add(robot.unit(jpeg(0)))
    stream.copier.close()
    sound = [tag for tag in stream.tags if tag.is_opus and not tag.describes]
    assert [tag.payload for tag in sound] == packets[: len(sound)]
    assert len(sound) > 30
    assert [tag.time_ms for tag in sound] == [20 * number for number in range(len(sound))]
    assert not [tag for tag in stream.tags if tag.kind == AUDIO and not tag.is_opus][1:]


def test_aac_is_made_from_when_it_is_needed() -> None:
    stream, robot = Copied(), Encoder()
    for number in range(15):
        stream.add(robot.unit(jpeg(number)))
    stream.copier.encodes_sound = True
    for number in range(15):
        stream.add(robot.unit(jpeg(number)))
    stream.copier.close()
    encoded = [tag for tag in stream.tags if tag.kind == AUDIO and not tag.is_opus]
    times_ms = [tag.time_ms for tag in encoded if not tag.describes]
    assert len(times_ms) > 30
    assert 800 < times_ms[0] < 1000
    assert max(later - one for one, later in pairwise(times_ms)) < 25


@pytest.mark.parametrize(("profile", "number"), [("Baseline", 66), ("High", 100)])
def test_a_player_is_told_of_both_descriptions_first(profile: str, number: int) -> None:
    """As ISO/IEC 14496-15, 5.3.3.1.2: FFmpeg finds them in the pictures as well, others do not."""
    stream, robot = Copied(), Encoder(profile)
    units = [robot.unit(jpeg(picture)) for picture in range(9)]
    for unit in units:
        stream.add(unit)
    stream.copier.close()
    described, *pictures = [tag for tag in stream.tags if tag.kind == VIDEO]
    sps, pps = (
        next(one for one in bitstream.nal_units(units[0]) if one[0] & 0x1F == kind)
        for kind in (7, 8)
    )
    assert sps[1] == number
    record = io.BytesIO(described.payload)
    assert record.read(5) == b"\x01" + sps[1:4] + b"\xff"
    for reserved, first in ((0xE0, sps), (0, pps)):
        count = record.read(1)[0]
        sets = [record.read(int.from_bytes(record.read(2), "big")) for _ in range(count & 0x1F)]
        assert count & 0xE0 == reserved
        # The stream's own, and the card's; of one kind all.
        assert sets[0] == first
        assert [one[0] & 0x1F for one in sets] == [first[0] & 0x1F] * 2
    assert record.read() == (b"\xfd\xf8\xf8\x00" if number == 100 else b"")
    kinds = [tag.body[0] >> 4 for tag in pictures]  # FLV 10.1, E.4.3.1: 1 is a key frame
    keys = [any(one[0] & 0x1F == 5 for one in bitstream.nal_units(unit)) for unit in units]
    assert kinds == [1 if key else 2 for key in keys]
    assert {1, 2} == set(kinds)


def test_it_begins_with_a_key_frame() -> None:
    stream, robot = Copied(), Encoder()
    units = [robot.unit(jpeg(number)) for number in range(9)]
    for unit in units[1:7]:
        stream.copier.add_picture(unit)
    stream.add(units[7])
    stream.add(units[8])
    stream.copier.close()
    assert len(stream.pictures()) == 2
