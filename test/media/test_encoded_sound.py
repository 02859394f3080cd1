# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Packets of sound that are new are handed on, with the time at which they were heard."""

import pytest
from aiortc.jitterbuffer import JitterFrame

from reachy_mini_ros.media import encoded_sound
from reachy_mini_ros.media.encoded_sound import Consumer, EncodedSounds
from reachy_mini_ros.media.frames import EncodedSound

PACKET = 960
"""Samples of 20 ms."""
WAY_NS = 5_000_000


def hand_on(consumers: list[Consumer], sound: EncodedSound) -> None:
    for consumer in consumers:
        consumer(sound)


class Stream:
    """Packets of 20 ms that come when their last sample was heard, after a way of 5 ms."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sounds = EncodedSounds(hand_on)
        self.now_ns = 10**12
        self._number = 0
        monkeypatch.setattr(encoded_sound.time, "monotonic_ns", lambda: self.now_ns)

    def come(self, count: int = 1, *, codec: str = "opus", held_ns: int = 0) -> None:
        for _ in range(count):
            packet = JitterFrame(bytes([self._number % 256]), self._number * PACKET)
            self._number += 1
            heard_ns = 10**12 + self._number * 20_000_000
            self.now_ns = max(self.now_ns, heard_ns + WAY_NS + held_ns)
            self.sounds.arrived(codec, packet)


def test_every_packet_goes_to_all_who_take_them(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, one, other = Stream(monkeypatch), list[EncodedSound](), list[EncodedSound]()
    stream.come(5)
    stream.sounds.add(one.append)
    stream.come(5, codec="OPUS")
    stream.sounds.add(other.append)
    stream.come(5)
    stream.sounds.remove(one.append)
    stream.come(5)
    assert [sound.data[0] for sound in one] == list(range(5, 15))
    assert [sound.data[0] for sound in other] == list(range(10, 20))
    assert {sound.codec for sound in one} == {"opus"}


def test_a_packet_was_heard_from_20_ms_before_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, heard = Stream(monkeypatch), list[EncodedSound]()
    stream.sounds.add(heard.append)
    stream.come(20)
    for number, sound in enumerate(heard[2:], 2):
        assert sound.captured_ns == 10**12 + number * 20_000_000 + WAY_NS
        assert sound.arrived_ns == sound.captured_ns + 20_000_000


def test_sound_of_another_codec_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, heard = Stream(monkeypatch), list[EncodedSound]()
    stream.sounds.add(heard.append)
    stream.come(5, codec="PCMU")
    assert heard == []


def test_what_was_held_up_is_left_out_until_it_is_new_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream, heard = Stream(monkeypatch), list[EncodedSound]()
    stream.sounds.add(heard.append)
    stream.come(50)
    stream.come(held_ns=900_000_000)
    stream.come(60)
    assert [sound.data[0] for sound in heard[:50]] == list(range(50))
    assert heard[50].data[0] > 80
    assert all(sound.arrived_ns - sound.captured_ns < 180_000_000 for sound in heard)
    assert heard[-1].data[0] == 110


def test_another_session_has_times_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, heard = Stream(monkeypatch), list[EncodedSound]()
    stream.sounds.add(heard.append)
    stream.come(50)
    stream.sounds.restart()
    stream.now_ns += 500_000_000
    first = JitterFrame(b"new", 77)
    stream.sounds.arrived("opus", first)
    assert heard[-1].data == b"new"
    assert heard[-1].captured_ns == pytest.approx(stream.now_ns - 10**9 / 30, abs=1)
