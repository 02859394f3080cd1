# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is read in encoded pictures, against real encoders."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.media import bitstream


def encoded(
    encoder: str, width: int, height: int, options: dict[str, str], pix_fmt: str = "yuv420p"
) -> list[bytes]:
    """Return three pictures, the first of which is a key frame."""
    codec = av.CodecContext.create(encoder, "w")
    codec.width, codec.height, codec.pix_fmt = width, height, pix_fmt
    codec.time_base = codec.framerate = Fraction(1, 30)
    codec.options = options
    packets = []
    for number in range(3):
        picture = np.full((height, width, 3), 80 * number, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format=pix_fmt)
        frame.pts = number
        packets += codec.encode(frame)
    return [bytes(packet) for packet in packets + codec.encode(None)]


ZERO_LATENCY = {"tune": "zerolatency", "preset": "ultrafast"}


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (640, 360), (322, 182), (16, 16)])
@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_the_size_is_that_of_the_sps(size: tuple[int, int], profile: str) -> None:
    key, other, _ = encoded("libx264", *size, {**ZERO_LATENCY, "profile": profile})
    assert bitstream.picture_size("h264", key) == size
    assert bitstream.picture_size("h264", other) is None


@pytest.mark.parametrize(
    ("pix_fmt", "extra"),
    [
        ("yuv444p", {}),
        ("yuv422p", {}),
        ("yuv420p", {"x264-params": "interlaced=1"}),
        ("yuv420p", {"preset": "medium", "x264-params": "cqm=jvt"}),
    ],
)
def test_the_size_is_read_behind_whatever_else_is_in_an_sps(
    pix_fmt: str, extra: dict[str, str]
) -> None:
    key, *_ = encoded("libx264", 648, 488, {**ZERO_LATENCY, **extra}, pix_fmt)
    assert bitstream.picture_size("h264", key) == (648, 488)


def test_vp8_states_its_size_in_key_frames() -> None:
    key, other, _ = encoded("libvpx", 640, 362, {"deadline": "realtime", "lag-in-frames": "0"})
    assert bitstream.picture_size("vp8", key) == (640, 362)
    assert bitstream.picture_size("vp8", other) is None
    assert bitstream.is_whole_key_frame("vp8", key)
    assert not bitstream.is_whole_key_frame("vp8", key[900:])
    assert not bitstream.is_key_frame("vp8", other)


def test_a_key_frame_without_its_beginning_is_not_whole() -> None:
    # Units: SPS, PPS, and slices
    key, other, _ = encoded("libx264", 640, 360, {**ZERO_LATENCY, "x264-params": "slices=4"})
    assert bitstream.is_whole_key_frame("h264", key)
    assert not bitstream.is_key_frame("h264", other)
    units = [b"\0\0\0\1" + unit for unit in bitstream.nal_units(key)]
    kinds = [unit[4] & 0x1F for unit in units]
    first = kinds.index(5)
    assert len(kinds[first:]) > 1
    # The slices alone can be decoded by who has the parameters, the later ones by nobody.
    assert bitstream.is_whole_key_frame("h264", b"".join(units[first:]))
    assert not bitstream.is_whole_key_frame("h264", b"".join(units[first + 1 :]))
    assert not bitstream.is_whole_key_frame("h264", key[3:])
    sets = bitstream.parameter_sets(key)
    assert [unit[0] & 0x1F for unit in bitstream.nal_units(sets)] == [7, 8]
    assert not bitstream.parameter_sets(other)


@given(st.binary(max_size=60), st.sampled_from(["h264", "vp8"]))
def test_any_bytes_are_looked_at_without_harm(data: bytes, codec: str) -> None:
    for content in (data, b"\0\0\0\1\x67" + data, b"\0\0\0\1\x65" + data, data[:3] + b"\x9d\1\x2a"):
        bitstream.is_whole_key_frame(codec, content)
        bitstream.picture_size(codec, content)
        bitstream.parameter_sets(content)
