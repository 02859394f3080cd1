# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is read in encoded pictures, against real encoders."""

import re
from fractions import Fraction
from typing import Any

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


def ue(value: int) -> str:
    """Return the bits of an unsigned number (H.264, 9.1)."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def se(value: int) -> str:
    """Return the bits of a signed number (H.264, 9.1.1)."""
    return ue(2 * value - 1 if value > 0 else -2 * value)


def sps(
    *, profile: int = 66, chroma: str = "", order: str = ue(2), interlaced: bool = False
) -> bytes:
    """Return an SPS of 40 x 23 macroblocks, of which 1, 2, 3 and 4 steps are cut off."""
    bits = f"{profile:08b}" + "0" * 16 + ue(0) + chroma + ue(4) + order + ue(3) + "1"
    bits += ue(39) + ue(22) + ("00" if interlaced else "1") + "1"
    bits += "1" + ue(1) + ue(2) + ue(3) + ue(4) + "01"
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    return b"\0\0\0\1\x67" + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", data)


FULL_LIST = "1" + se(1) * 16
LARGE_LIST = "1" + se(-1) * 4 + se(1) * 60
ENDED_LIST = "1" + se(127) + se(121)  # 8 + 248 is 0 of 256
LISTS = FULL_LIST + ENDED_LIST + "000" + FULL_LIST + LARGE_LIST


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, (634, 354)),
        ({"interlaced": True}, (634, 708)),
        ({"order": ue(0) + ue(5)}, (634, 354)),
        ({"order": ue(1) + "1" + se(-3) + se(4) + ue(2) + se(5) + se(-6)}, (634, 354)),
        # Grey, 4:2:0, 4:2:2 and 4:4:4: what a step is (table 6-1).
        ({"profile": 100, "chroma": ue(0) + ue(1) + ue(2) + "00"}, (637, 361)),
        ({"profile": 100, "chroma": ue(1) + ue(1) + ue(2) + "10"}, (634, 354)),
        ({"profile": 122, "chroma": ue(2) + ue(1) + ue(2) + "00"}, (634, 361)),
        ({"profile": 244, "chroma": ue(3) + "0" + ue(1) + ue(2) + "00"}, (637, 361)),
        ({"profile": 244, "chroma": ue(3) + "1" + ue(1) + ue(2) + "00"}, (637, 361)),
        ({"profile": 100, "chroma": ue(1) + ue(0) * 2 + "01" + LISTS + "0"}, (634, 354)),
        (
            {
                "profile": 244,
                "chroma": ue(3) + "0" + ue(0) * 2 + "01" + LISTS + "00001" + se(2) * 64,
            },
            (637, 361),
        ),
    ],
)
def test_the_size_is_read_in_any_sps_of_the_standard(
    fields: dict[str, Any], size: tuple[int, int]
) -> None:
    assert bitstream.picture_size("h264", sps(**fields)) == size


def test_vp8_states_its_size_in_key_frames() -> None:
    key, other, _ = encoded("libvpx", 640, 362, {"deadline": "realtime", "lag-in-frames": "0"})
    assert bitstream.picture_size("vp8", key) == (640, 362)
    assert bitstream.picture_size("vp8", other) is None
    assert bitstream.is_whole_key_frame("vp8", key)
    assert not bitstream.is_whole_key_frame("vp8", key[900:])
    assert not bitstream.is_key_frame("vp8", other)
    assert bitstream.picture_size("vp8", key[:10]) == (640, 362)
    assert bitstream.picture_size("vp8", key[:9]) is None


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
    assert not bitstream.is_whole_key_frame("h264", b"\0\0\0\1\x65\x40")  # from macroblock 1 on
    sets = bitstream.parameter_sets(key)
    assert [unit[0] & 0x1F for unit in bitstream.nal_units(sets)] == [7, 8]
    assert not bitstream.parameter_sets(other)


@given(st.binary(max_size=60), st.sampled_from(["h264", "vp8"]))
def test_any_bytes_are_looked_at_without_harm(data: bytes, codec: str) -> None:
    for content in (data, b"\0\0\0\1\x67" + data, b"\0\0\0\1\x65" + data, data[:3] + b"\x9d\1\x2a"):
        bitstream.is_whole_key_frame(codec, content)
        bitstream.picture_size(codec, content)
        bitstream.parameter_sets(content)
