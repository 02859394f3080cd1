# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Packets of sound on a stream's clock: in order, without a gap, in step with their times."""

from itertools import pairwise

import pytest
from harness.streaming import OpusEncoder

from reachy_mini_ros.media import opus
from reachy_mini_ros.media.opus import SILENCE
from reachy_mini_ros.media.packet_timeline import PacketTimeline

PACKET_S = 0.02


class Played:
    """What a timeline gave of packets that come ``late_s`` after what they hold was heard."""

    def __init__(self, late_s: float = 0.05) -> None:
        self.timeline = PacketTimeline()
        self.given: list[tuple[int, bytes]] = []
        self._late_s = late_s
        self._end_ms = 0.0
        self._microphone = OpusEncoder()

    def hear(self, begin_s: float) -> bytes:
        """Let a packet of this time come."""
        packet = self._microphone.packet()
        self.timeline.add(packet, begin_s + self._late_s, begin_s)
        self.take(begin_s + self._late_s)
        return packet

    def take(self, now_s: float) -> None:
        for time_ms, packet in self.timeline.take(now_s, _as_stamped):
            assert abs(time_ms - self._end_ms) <= 1
            self._end_ms = time_ms + opus.duration(packet) / 48
            self.given.append((time_ms, packet))


def _as_stamped(came_s: float, stamp_s: float | None) -> float:
    return came_s if stamp_s is None else stamp_s


def test_without_a_microphone_there_is_silence_for_all_of_the_time() -> None:
    played = Played()
    played.take(10.0)
    assert {packet for _, packet in played.given} == {SILENCE}
    assert len(played.given) == pytest.approx(9.9 / PACKET_S, abs=1)
    assert not played.timeline.flows
    assert played.timeline.silent == played.timeline.position == len(played.given) * 960


def test_a_missing_packet_is_waited_for_a_tenth_of_a_second() -> None:
    for begin_s, begin in ((0.0, 0), (1.0, 48_000)):
        timeline = PacketTimeline(begin_s)
        assert timeline.position == begin
        assert timeline.take(begin_s + 0.119, _as_stamped) == []
        assert timeline.take(begin_s + 0.121, _as_stamped) == [(begin // 48, SILENCE)]


@pytest.mark.parametrize(
    ("off_ms", "given_ms", "corrected", "silent", "dropped"),
    [
        (3, 20, 0, 0, 0),  # left where it is
        (-3, 20, 0, 0, 0),
        (4, 21, 48, 0, 0),  # moved by a millisecond
        (-4, 19, -48, 0, 0),
        (15, 21, 48, 0, 0),
        (-15, 19, -48, 0, 0),
        (16, 39, -48, 960, 0),  # behind a hole, and then 4 ms early
        (-16, None, 0, 0, 960),  # too late
    ],
)
def test_how_far_from_its_place_a_packet_may_be(
    off_ms: int, given_ms: int | None, corrected: int, silent: int, dropped: int
) -> None:
    timeline, encoder = PacketTimeline(), OpusEncoder()
    timeline.add(encoder.packet(), 0.0, 0.0)
    assert len(timeline.take(0.0, _as_stamped)) == 1
    packet = encoder.packet()
    timeline.add(packet, 0.02, 0.02 + off_ms / 1000)
    given = [time_ms for time_ms, one in timeline.take(0.05, _as_stamped) if one == packet]
    assert given == ([] if given_ms is None else [given_ms])
    assert (timeline.silent, timeline.dropped) == (silent, dropped)
    assert timeline.corrected == corrected


@pytest.mark.parametrize(("ahead_s", "placed_ms"), [(1.98, 3000), (2.02, 1000)])
def test_a_time_more_than_two_seconds_ahead_is_wrong(ahead_s: float, placed_ms: int) -> None:
    timeline, packet = PacketTimeline(), OpusEncoder().packet()
    timeline.add(packet, 1.0, 1.0 + ahead_s)
    assert timeline.take(1.0, _as_stamped)[-1][0] == pytest.approx(placed_ms, abs=25)


def test_packets_are_given_as_they_come_each_at_its_time() -> None:
    played = Played()
    packets = [played.hear(number * PACKET_S) for number in range(100)]
    assert [packet for _, packet in played.given] == packets
    assert [time_ms for time_ms, _ in played.given] == [20 * number for number in range(100)]
    assert played.timeline.flows


def test_a_lost_packet_and_a_pause_are_silence_and_what_follows_is_in_step() -> None:
    played = Played()
    for number in range(200):
        if number != 50 and not 100 <= number < 130:
            played.hear(number * PACKET_S)
        played.take(number * PACKET_S + 0.05)
    assert [time_ms for time_ms, _ in played.given] == [20 * number for number in range(200)]
    silent = [time_ms // 20 for time_ms, packet in played.given if packet == SILENCE]
    assert silent == [50, *range(100, 130)]
    assert played.timeline.dropped == 0


@pytest.mark.parametrize("speed", [0.999, 1.001])
def test_a_microphone_whose_clock_differs_stays_in_step_and_whole(speed: float) -> None:
    played = Played()
    packets = [played.hear(number * PACKET_S * speed) for number in range(1000)]
    assert [packet for _, packet in played.given] == packets
    off_s = [time_ms / 1000 - n * PACKET_S * speed for n, (time_ms, _) in enumerate(played.given)]
    assert max(map(abs, off_s)) < 0.005
    timeline = played.timeline
    assert timeline.position == 1000 * 960 + timeline.corrected
    assert timeline.corrected / 48_000 == pytest.approx(20 * (speed - 1.0), abs=0.005)


def test_what_comes_all_at_once_and_too_late_is_left_out() -> None:
    played = Played()
    for number in range(50):
        played.hear(number * PACKET_S)
    played.take(4.0)
    for number in range(50, 250):
        played.timeline.add(b"\xfc" + bytes(9), 4.0, number * PACKET_S)
    played.take(4.0)
    assert all(one < later for (one, _), (later, _) in pairwise(played.given))
    assert played.timeline.position / 48_000 < 5.02
    played.timeline.add(b"", 4.0, 4.0)  # no packet at all
    played.take(5.0)


@pytest.mark.parametrize("stamp_s", [1e9, 1e300, float("inf"), float("-inf"), float("nan")])
def test_a_packet_with_a_time_that_cannot_be_is_placed_by_when_it_came(stamp_s: float) -> None:
    timeline, packet = PacketTimeline(), OpusEncoder().packet()
    timeline.add(packet, 1.0, stamp_s)
    given = timeline.take(1.0, _as_stamped)
    assert given[-1] == (1000, packet)
    assert len(given) == 51
