# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is read in Opus packets, against a real encoder and decoder."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.media import opus


@pytest.mark.parametrize("application", ["audio", "voip", "lowdelay"])
@pytest.mark.parametrize("frame_ms", ["2.5", "5", "10", "20", "40", "60", "120"])
def test_the_duration_is_that_of_the_encoder(application: str, frame_ms: str) -> None:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = opus.RATE_HZ, "stereo", "s16"
    codec.options = {"application": application, "frame_duration": frame_ms}
    samples = round(opus.RATE_HZ * float(frame_ms) / 1000)
    noise = np.random.default_rng(0).integers(-9000, 9000, (1, 2 * samples)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(noise, "s16", "stereo")
    frame.sample_rate, frame.pts = opus.RATE_HZ, 0
    packets = [bytes(packet) for packet in (*codec.encode(frame), *codec.encode(None))]
    assert opus.duration(packets[0]) == samples


MILLISECONDS = (10, 20, 40, 60) * 3 + (10, 20) * 2 + (2.5, 5, 10, 20) * 4
"""Of a frame, by the number of its configuration (RFC 6716, table 2)."""


@pytest.mark.parametrize("configuration", range(32))
@pytest.mark.parametrize("stereo", [0, 4])
def test_the_duration_is_that_of_the_standard_s_table(configuration: int, stereo: int) -> None:
    first, samples = configuration << 3 | stereo, MILLISECONDS[configuration] * 48
    assert opus.duration(bytes([first, 9])) == samples
    for two in (1, 2):
        assert opus.duration(bytes([first | two, 9])) == 2 * samples
    for count in range(64):
        for flags in (0x00, 0x40, 0x80, 0xC0):  # padding, variable size
            expected = count * samples if count * samples <= 5760 else 0
            assert opus.duration(bytes([first | 3, flags | count])) == expected
    assert opus.duration(bytes([first | 3])) == 0, "without the number of frames"


def test_the_head_of_a_stream_is_that_of_the_standard() -> None:
    rate = (48_000).to_bytes(4, "little")
    # Version, channels, samples to skip, the input's rate, gain and family (RFC 7845, 5.1).
    assert opus.head(2) == b"OpusHead" + b"\1\2" + b"\0\0" + rate + b"\0\0" + b"\0"


@given(st.binary(max_size=4))
def test_whatever_comes_has_a_possible_duration(packet: bytes) -> None:
    assert 0 <= opus.duration(packet) <= opus.LONGEST


def test_silence_is_silent() -> None:
    decoder = av.CodecContext.create("libopus", "r")
    frames = [frame for _ in range(3) for frame in decoder.decode(av.Packet(opus.SILENCE))]
    assert [frame.samples for frame in frames] == [opus.duration(opus.SILENCE)] * 3
    assert not any(frame.to_ndarray().any() for frame in frames)
