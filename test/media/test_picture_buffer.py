# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of packets: whole ones, at once, and no others."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc.rtp import RtpPacket

from reachy_mini_ros.media import picture_buffer
from reachy_mini_ros.media.picture_buffer import PictureBuffer, PictureFrame

START = 65_500
"""Of the sequence numbers, which begin anew after 65,535."""
PERIOD = 3000


def packets(count: int, parts: int = 3, *, marked: bool = True) -> list[RtpPacket]:
    """Return the packets of so many pictures, each of so many parts."""
    found = []
    for number in range(count * parts):
        picture, part = divmod(number, parts)
        packet = RtpPacket(
            payload_type=97,
            sequence_number=(START + number) % 2**16,
            timestamp=(picture * PERIOD) % 2**32,
            marker=int(marked and part == parts - 1),
        )
        packet._data = f"{picture}.{part} ".encode()  # type: ignore[attr-defined]
        found.append(packet)
    return found


def buffer() -> PictureBuffer:
    receiver: Any = SimpleNamespace(_RTCRtpReceiver__jitter_buffer=None)
    return PictureBuffer(receiver)


def taken(into: PictureBuffer, arriving: list[RtpPacket]) -> list[PictureFrame]:
    frames = []
    for packet in arriving:
        ask, frame = into.add(packet)
        assert not ask
        if frame is not None:
            frames += [frame, *frame.later]
    return frames


def picture(number: int, parts: int = 3) -> bytes:
    return "".join(f"{number}.{part} " for part in range(parts)).encode()


def test_a_picture_goes_with_its_last_packet() -> None:
    into = buffer()
    for number in range(40):
        frames = taken(into, packets(40)[3 * number : 3 * number + 3])
        assert [frame.data for frame in frames] == [picture(number)]
        assert frames[0].follows == (number > 0)
        assert frames[0].held_back == 0


def test_without_markers_a_picture_goes_when_the_next_begins() -> None:
    frames = taken(buffer(), packets(10, marked=False))
    assert [frame.data for frame in frames] == [picture(number) for number in range(9)]
    assert all(frame.held_back == 1 for frame in frames)


def test_packets_out_of_order_or_twice_change_nothing() -> None:
    arriving = packets(50)
    mixed = [arriving[0], *(one for packet in arriving[1:] for one in (packet, packet))]
    chooser = random.Random(3)
    for at in range(1, len(mixed) - 4, 4):
        part = mixed[at : at + 4]
        chooser.shuffle(part)
        mixed[at : at + 4] = part
    frames = taken(buffer(), mixed)
    assert [frame.data for frame in frames] == [picture(number) for number in range(50)]
    assert all(frame.follows for frame in frames[1:])


def test_a_packet_that_is_sent_again_in_time_leaves_no_gap() -> None:
    arriving = packets(6)
    late = arriving.pop(4)
    frames = taken(buffer(), [*arriving[:11], late, *arriving[11:]])
    assert [frame.data for frame in frames] == [picture(number) for number in range(6)]
    assert all(frame.follows for frame in frames[1:])
    # All in RTP time: aiortc looks at the first only.
    assert [frame.timestamp for frame in frames] == [number * PERIOD for number in range(6)]


@pytest.mark.parametrize("lost", [3, 4, 5])
def test_what_is_lost_is_told_and_no_part_of_a_picture_is_taken_for_whole(
    lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(picture_buffer.time, "monotonic", lambda: now_s)
    arriving = packets(40)
    del arriving[lost]
    into, frames = buffer(), []
    for packet in arriving:
        now_s += 1 / 90
        frames += taken(into, [packet])
    assert frames[-1].data == picture(39)
    gaps = [number for number, frame in enumerate(frames) if not frame.follows]
    assert gaps == [0, 1]
    whole = {picture(number) for number in range(40)}
    assert all(frame.data in whole for frame in frames if frame.follows)
    # Without its last packet nobody knows where the next one begins.
    first = 3 if lost == 5 else 2
    assert [one.data for one in frames[2:]] == [picture(number) for number in range(first, 40)]


def test_padding_between_pictures_is_no_picture() -> None:
    arriving = packets(4)
    for packet in arriving[6:]:
        packet.sequence_number = (packet.sequence_number + 1) % 2**16
    padding = RtpPacket(sequence_number=(START + 6) % 2**16, timestamp=PERIOD)
    padding._data = b""  # type: ignore[attr-defined]
    frames = taken(buffer(), [*arriving[:6], padding, *arriving[6:]])
    assert [frame.data for frame in frames] == [picture(number) for number in range(4)]
    assert all(frame.follows and not frame.held_back for frame in frames[1:])


def test_markers_in_the_middle_of_pictures_are_found_out() -> None:
    arriving = packets(10)
    for packet in arriving[1::3]:
        packet.marker = 1
    frames = taken(buffer(), arriving)
    # One is torn, and the next frame says so.
    assert frames[0].data == b"0.0 0.1 "
    assert not frames[1].follows
    assert [frame.data for frame in frames[2:]] == [picture(number) for number in range(1, 9)]
    assert all(frame.follows and frame.held_back for frame in frames[2:])


def test_a_stream_that_begins_anew_is_a_gap() -> None:
    into = buffer()
    taken(into, packets(5))
    again = packets(5)
    for packet in again:
        packet.sequence_number = (packet.sequence_number + 20_000) % 2**16
    frames = taken(into, again)
    assert [frame.data for frame in frames] == [picture(number) for number in range(5)]
    assert [frame.follows for frame in frames] == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("ahead", "anew"), [(1000, False), (1001, True), (-1000, False), (-1001, True)]
)
def test_a_number_more_than_a_thousand_off_begins_anew(ahead: int, anew: bool) -> None:
    into = buffer()
    (last,) = taken(into, packets(1))
    assert last.data == picture(0)
    far = packets(2)[3]  # the one that is due
    far.sequence_number = (far.sequence_number + ahead) % 2**16
    far.marker, far.timestamp = 1, 7
    assert len(taken(into, [far])) == int(anew)
    if not anew:
        (following,) = taken(into, packets(2)[3:])
        assert (following.data, following.follows) == (picture(1), True)


def test_a_missing_packet_is_waited_for_200_ms(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(picture_buffer.time, "monotonic", lambda: now_s)
    into, arriving = buffer(), packets(5)
    taken(into, arriving[:3])
    for now_s in (0.0, 0.1, 0.2):
        assert taken(into, [arriving[round(6 + 10 * now_s)]]) == []
    now_s = 0.2001
    assert [frame.data for frame in taken(into, arriving[9:12])] == [picture(2), picture(3)]


def test_not_more_than_512_packets_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_buffer.time, "monotonic", lambda: 0.0)
    into, arriving = buffer(), packets(200)
    taken(into, arriving[:3])
    assert taken(into, arriving[6 : 6 + 512]) == []
    frames = taken(into, arriving[6 + 512 : 6 + 513])
    assert [frame.data for frame in frames] == [picture(number) for number in range(2, 173)]


def test_what_comes_again_later_on_is_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(picture_buffer.time, "monotonic", lambda: now_s)
    into, arriving = buffer(), packets(5)
    taken(into, arriving[:9])
    assert taken(into, arriving[3:5]) == []
    now_s = 0.3
    assert taken(into, arriving[4:8]) == []
    frames = taken(into, arriving[9:])
    assert [(frame.data, frame.follows) for frame in frames] == [
        (picture(3), True),
        (picture(4), True),
    ]
