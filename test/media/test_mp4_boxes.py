# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The boxes of MP4, field by field as ISO/IEC 14496-12 has them: FFmpeg does not look at all."""

import struct
from collections.abc import Iterator
from dataclasses import replace

import pytest
from harness.streaming import OpusEncoder
from harness.video import Encoder

from reachy_mini_ros.media.bitstream import nal_units
from reachy_mini_ros.media.mp4 import Film
from reachy_mini_ros.media.packet_timeline import PacketTimeline

CONTAINERS = {b"moov", b"mvex", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"moof", b"traf"}
INSIDE = {b"stsd": 8, b"avc1": 78, b"Opus": 28, b"dref": 8}
"""Boxes in which others follow on so many bytes of fields."""
UNITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
KEY, NO_KEY = 0x02000000, 0x01010000
QUARTER, PICTURE = 22_500, 3000
"""1/90000 s."""


def boxes(data: bytes, path: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield path and fields of each box, those inside of others too."""
    while data:
        size, name = struct.unpack(">I4s", data[:8])
        assert 8 <= size <= len(data)
        body, data = data[8:size], data[size:]
        here = f"{path}/{name.decode()}"
        fields = 0 if name in CONTAINERS else INSIDE.get(name, len(body))
        yield here, body[:fields]
        yield from boxes(body[fields:], here)


def values(fields: str, data: bytes) -> tuple[int, ...]:
    assert struct.calcsize(fields) == len(data)
    return struct.unpack(fields, data)


def test_the_header_is_as_the_standard_says() -> None:
    frame = Encoder(320, 180).frame()
    for sound in (False, True):
        found = list(boxes(Film(frame).header.segment(sound=sound)))
        tracks = 2 if sound else 1
        both = (1, 2)[:tracks]
        fields: dict[str, list[bytes]] = {}
        for path, data in found:
            fields.setdefault(path, []).append(data)
        assert [path for path, _ in found][:3] == ["/ftyp", "/moov", "/moov/mvhd"]
        assert fields["/ftyp"] == [b"iso6\0\0\0\0iso6avc1mp41"]
        head = struct.pack(">IIIIIIH10x", 0, 0, 0, 90_000, 0, 0x10000, 0x100)
        assert fields["/moov/mvhd"] == [head + UNITY + bytes(24) + bytes([0, 0, 0, tracks + 1])]
        trex = [values(">6I", data) for data in fields["/moov/mvex/trex"]]
        assert trex == [(0, track, 1, 0, 0, 0) for track in both]

        trak = "/moov/trak"
        size = struct.pack(">II", 320 << 16, 180 << 16)
        tkhd = [
            struct.pack(">6I8x4xHxx", 3, 0, 0, track, 0, 0, volume) + UNITY + end
            for track, volume, end in ((1, 0, size), (2, 0x100, bytes(8)))
        ]
        assert fields[f"{trak}/tkhd"] == tkhd[:tracks]
        mdhd = [struct.pack(">5IHH", 0, 0, 0, rate, 0, 0x55C4, 0) for rate in (90_000, 48_000)]
        assert fields[f"{trak}/mdia/mdhd"] == mdhd[:tracks], "the language is undetermined"
        hdlr = [bytes(8) + kind + bytes(13) for kind in (b"vide", b"soun")]
        assert fields[f"{trak}/mdia/hdlr"] == hdlr[:tracks]
        minf = f"{trak}/mdia/minf"
        assert fields[f"{minf}/vmhd"] == [struct.pack(">I8x", 1)]
        assert fields.get(f"{minf}/smhd", []) == [bytes(8)] * (tracks - 1)
        assert fields[f"{minf}/dinf/dref"] == [struct.pack(">II", 0, 1)] * tracks
        assert fields[f"{minf}/dinf/dref/url "] == [struct.pack(">I", 1)] * tracks
        stbl = f"{minf}/stbl"
        for empty in ("stts", "stsc", "stco"):
            assert fields[f"{stbl}/{empty}"] == [bytes(8)] * tracks
        assert fields[f"{stbl}/stsz"] == [bytes(12)] * tracks
        assert fields[f"{stbl}/stsd"] == [struct.pack(">II", 0, 1)] * tracks
        visual = struct.pack(">6xH16xHHIIIH32xHh", 1, 320, 180, 0x480000, 0x480000, 0, 1, 24, -1)
        assert fields[f"{stbl}/stsd/avc1"] == [visual]
        if sound:
            opus = struct.pack(">6xH8xHHHHI", 1, 2, 16, 0, 0, 48_000 << 16)
            assert fields[f"{stbl}/stsd/Opus"] == [opus]
            assert fields[f"{stbl}/stsd/Opus/dOps"] == [
                struct.pack(">BBHIhB", 0, 2, 0, 48_000, 0, 0)
            ]


def fragment(data: bytes) -> tuple[bool, tuple[int, ...], bytes]:
    """Return whether a segment begins, number, track, time, duration and flags, and the sample."""
    parts = dict(boxes(data))
    begins = parts.pop("/styp", None)
    assert begins in (None, b"iso6\0\0\0\0iso6")
    assert list(parts) == [
        *("/moof", "/moof/mfhd", "/moof/traf", "/moof/traf/tfhd", "/moof/traf/tfdt"),
        *("/moof/traf/trun", "/mdat"),
    ]
    zero, number = values(">II", parts["/moof/mfhd"])
    flags, track = values(">II", parts["/moof/traf/tfhd"])
    version, time = values(">IQ", parts["/moof/traf/tfdt"])
    kind, count, offset, duration, size, key = values(">6I", parts["/moof/traf/trun"])
    # Offsets count from the fragment; time has 64 bits; offset, duration, size and flags are there.
    assert (zero, flags, version, kind, count) == (0, 0x020000, 1 << 24, 0x701, 1)
    moof = data[data.index(b"moof") - 4 :]
    assert moof[offset : offset + size] == parts["/mdat"]
    assert len(moof) == offset + size
    return begins is not None, (number, track, time, duration, key), parts["/mdat"]


def test_fragments_are_numbered_and_say_when_they_are_shown() -> None:
    encoder = Encoder()
    frames = [replace(encoder.frame(), pts=pts) for pts in (500, 3500, 3500 + QUARTER, 50_000, 7)]
    film = Film(frames[0])
    told = [fragment(film.fragment(frame))[:2] for frame in frames]
    times = [PICTURE]
    for step in (3000, QUARTER, QUARTER, PICTURE):  # after a pause, and one that goes back
        times.append(times[-1] + step)
    assert told == [
        (number == 1, (number, 1, time, QUARTER, KEY if number == 1 else NO_KEY))
        for number, time in enumerate(times, start=1)
    ]
    assert film.time_s == times[-1] / 90_000


def test_a_picture_that_comes_twice_is_another_one() -> None:
    encoder = Encoder()
    frames = [replace(encoder.frame(), pts=pts) for pts in (500, 500, 501)]
    film = Film(frames[0])
    told = [fragment(film.fragment(frame))[1][2] for frame in frames]
    assert told == [PICTURE, 2 * PICTURE, 2 * PICTURE + 1]


def test_parameter_sets_are_in_the_header_alone() -> None:
    frame = Encoder().frame()
    kinds = [unit[0] & 31 for unit in nal_units(frame.data)]
    assert {7, 8} <= set(kinds)
    delimited = replace(frame, data=b"\0\0\0\1\x09\x10" + frame.data)
    sample = fragment(Film(frame).fragment(delimited))[2]
    found = []
    while sample:
        size = int.from_bytes(sample[:4], "big")
        found.append(sample[4] & 31)
        sample = sample[4 + size :]
    assert found == [kind for kind in kinds if kind not in (7, 8)]


def test_kept_pauses_are_as_long_as_they_were() -> None:
    encoder = Encoder()
    moments = ((0, 0.0), (3000, 0.1), (400_000, 2.1), (10, 3.1), (3010, 3.2), (6010, 3.3), (0, 3.3))
    frames = [
        replace(encoder.frame(), pts=pts, captured_ns=round((5 + at_s) * 1e9))
        for pts, at_s in moments
    ]
    film = Film(frames[0], keep_pauses=True)
    told = [fragment(film.fragment(frame))[1][2:4] for frame in frames]
    times = [3000, 6000, 186_000, 276_000, 279_000, 282_000, 285_000]
    assert told == [(time, 3000) for time in times]
    assert film.time_s == pytest.approx(285_000 / 90_000)
    assert film.length_s == pytest.approx(285_000 / 90_000)


def test_sound_is_of_the_second_track_in_its_own_time() -> None:
    frame, microphone = Encoder().frame(), OpusEncoder()
    film, packets = Film(frame), PacketTimeline()
    film.fragment(frame)
    begin_s = frame.captured_ns / 1e9
    sent = [microphone.packet() for _ in range(3)]
    for number, packet in enumerate(sent):
        packets.add(packet, begin_s + number * 0.02, None)
    given = [fragment(one) for one in film.sound(begin_s + 0.06, packets)]
    # The first picture is shown 1/30 s after the film's begin, and so is what was heard with it.
    assert [sample for _, _, sample in given][-3:] == sent
    for number, (begins, told, sample) in enumerate(given):
        assert not begins
        assert told == (2 + number, 2, told[2], 960, KEY)
        assert told[2] % 48 == 0
        assert sample
    assert given[-1][1][2] / 48_000 == pytest.approx(1 / 30 + 0.04, abs=0.016)
