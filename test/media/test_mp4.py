# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""H264 as fragmented MP4: FFmpeg reads what went in, picture by picture."""

import io
from dataclasses import replace

import av
import pytest
from harness.streaming import OpusEncoder
from harness.video import Encoder, counter, decoded

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.media.bitstream import nal_units
from reachy_mini_ros.media.frames import EncodedFrame
from reachy_mini_ros.media.mp4 import Film, header_of
from reachy_mini_ros.media.packet_timeline import PacketTimeline

KEY_START = b"\0\0\0\x14styp"


def taken(frames: list[EncodedFrame]) -> list[tuple[int, bool]]:
    """Return the time (1/90000 s) and whether it is a key frame of each picture, as MP4 says."""
    film = Film(frames[0])
    data = film.header.segment() + b"".join(map(film.fragment, frames))
    with av.open(io.BytesIO(data)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        return [(packet.pts or 0, packet.is_keyframe) for packet in packets]


def test_every_picture_is_decoded_as_soon_as_its_fragment_is_there() -> None:
    encoder = Encoder()
    frames = [encoder.frame() for _ in range(5)]
    film = Film(frames[0])
    data = film.header.segment()
    for number, frame in enumerate(frames):
        data += film.fragment(frame)
        assert [counter(image) for image in decoded(data)] == list(range(number + 1))


def test_sound_is_a_track_in_step_with_the_pictures() -> None:
    encoder, microphone = Encoder(), OpusEncoder()
    frame = encoder.frame()
    film, packets = Film(frame), PacketTimeline()
    data, sent = film.header.segment(sound=True), []
    begin_ns = frame.captured_ns
    for number in range(30):
        captured_ns = begin_ns + number * 10**9 // 30
        data += film.fragment(replace(frame, captured_ns=captured_ns))
        while len(sent) * 20_000_000 < captured_ns - begin_ns:
            sent.append(microphone.packet())
            heard_s = begin_ns / 1e9 + (len(sent) - 1) * 0.02
            packets.add(sent[-1], captured_ns / 1e9, heard_s)
        data += b"".join(film.sound(captured_ns / 1e9, packets))
        frame = encoder.frame()
    assert film.header.mime_with("opus") == 'video/mp4; codecs="avc1.42c01e,opus"'
    with av.open(io.BytesIO(data)) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "opus"]
        demuxed = [
            (packet.stream.type, float(packet.pts * packet.time_base), bytes(packet))
            for packet in container.demux()
            if packet.pts is not None and packet.size
        ]
    pictures = [time_s for kind, time_s, _ in demuxed if kind == "video"]
    sound = [(time_s, packet) for kind, time_s, packet in demuxed if kind == "audio"]
    heard = [time_s for time_s, packet in sound if packet in sent]
    assert [packet for _, packet in sound if packet in sent] == sent
    # The first packet was heard when the first picture was seen; what they differ in goes away.
    assert heard[0] == pytest.approx(pictures[0], abs=0.016)
    assert heard[-1] - pictures[0] == pytest.approx((len(sent) - 1) * 0.02, abs=0.004)
    with av.open(io.BytesIO(data)) as container:
        assert len([*container.decode(audio=0)]) == len(sound)


def test_the_header_says_size_and_codec() -> None:
    frame = Encoder(320, 180).frame()
    head = Film(frame).header
    assert (head.width, head.height) == (320, 180)
    # Constrained baseline, level 1.3.
    assert head.mime == 'video/mp4; codecs="avc1.42c00d"'
    data = head.segment() + Film(frame).fragment(frame)
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (320, 180)
        assert stream.codec_context.extradata == (
            b"\x01\x42\xc0\x0d\xff\xe1"
            + b"".join(
                (b"" if kind == 7 else b"\x01") + len(unit).to_bytes(2, "big") + unit
                for kind, unit in ((unit[0] & 31, unit) for unit in nal_units(frame.data))
                if kind in (7, 8)
            )
        )


def test_a_film_can_begin_at_any_key_frame() -> None:
    encoder = Encoder()
    frames = [encoder.frame(key=number == 5) for number in range(8)]
    film = Film(frames[0])
    fragments = [film.fragment(frame) for frame in frames]
    assert [fragment.startswith(KEY_START) for fragment in fragments] == [
        number in (0, 5) for number in range(8)
    ]
    later = film.header.segment() + b"".join(fragments[5:])
    assert [counter(image) for image in decoded(later)] == [5, 6, 7]


def test_pictures_keep_their_distances_and_pauses_are_left_out() -> None:
    encoder = Encoder()
    frames = [encoder.frame() for _ in range(7)]
    times = [0, 3000, 6000, 9000, 900_000, 500, 3500]
    moved = [replace(frame, pts=pts) for frame, pts in zip(frames, times, strict=True)]
    # After the pause a quarter of a second, for one that goes back the time of a picture.
    assert [pts for pts, _ in taken(moved)] == [
        3000 + step for step in (0, 3000, 6000, 9000, 31500, 34500, 37500)
    ]


def test_a_key_frame_with_other_parameter_sets_is_of_another_film() -> None:
    small, large = Encoder(320, 180), Encoder(640, 360)
    film = Film(small.frame())
    assert film.goes_on_with(small.frame(key=True))
    assert film.goes_on_with(small.frame())
    assert not film.goes_on_with(large.frame())


@pytest.mark.parametrize(
    "frame",
    [
        EncodedFrame("h264", b"\0\0\0\1\x65\x88", True, 0, 0, 0, 1, 64, 48),
        EncodedFrame("h264", b"\0\0\1\x67\0\0\1\x68\xce", True, 0, 0, 0, 1, 64, 48),
        EncodedFrame("h264", b"", True, 0, 0, 0, 1, 64, 48),
        EncodedFrame("vp8", b"\x10\x02\0", True, 0, 0, 0, 1, 64, 48),
    ],
    ids=["no parameter sets", "a short SPS", "empty", "another codec"],
)
def test_what_no_film_can_begin_with_is_refused(frame: EncodedFrame) -> None:
    with pytest.raises(MalformedError):
        Film(frame)


def test_a_picture_that_is_no_key_frame_begins_no_film() -> None:
    encoder = Encoder()
    encoder.frame()
    with pytest.raises(MalformedError, match="key frame"):
        header_of(encoder.frame())
