# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sound as messages and back."""

from array import array

import numpy as np
import pytest
from std_msgs.msg import Int16MultiArray

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.nodes.common import pcm


@pytest.mark.parametrize("channels", [1, 2, 8])
def test_a_message_and_back_is_the_same_sound(channels: int) -> None:
    sound = np.random.default_rng(0).integers(-(2**15), 2**15, (320, channels)).astype(np.int16)
    message = pcm.to_message(sound, 22050)
    assert isinstance(message.data, array)
    back, rate_hz = pcm.from_message(message, 16000)
    assert (back == sound).all()
    assert rate_hz == 22050


def test_the_layout_tells_frames_then_channels() -> None:
    message = pcm.to_message(np.zeros((320, 2), np.int16))
    dims = [(dim.label, dim.size, dim.stride) for dim in message.layout.dim]
    assert dims == [("frames", 320, 640), ("channels", 2, 2)]
    assert pcm.from_message(message, 16000)[1] == 16000


def test_samples_without_a_layout_are_one_channel() -> None:
    sound, rate_hz = pcm.from_message(Int16MultiArray(data=[1, 2, 3]), 8000)
    assert sound.tolist() == [[1], [2], [3]]
    assert rate_hz == 8000


def bad_sounds() -> dict[str, Int16MultiArray]:
    """Return messages that cannot be played, by what is said of them."""
    wrong_size = pcm.to_message(np.zeros((10, 2), np.int16))
    wrong_size.layout.dim[0].size = 11
    other = pcm.to_message(np.zeros((10, 2), np.int16))
    other.layout.dim[1].label = "colour"
    beyond = pcm.to_message(np.zeros((10, 2), np.int16))
    beyond.layout.data_offset = 1000
    return {
        "11 frames of 2 channels, but there are 20": wrong_size,
        "10 frames of 2 channels, but there are 0": beyond,
        "unknown dimension 'colour'": other,
        "0 channels are outside": pcm.to_message(np.zeros((10, 0), np.int16)),
        "9 channels are outside 1 to 8": pcm.to_message(np.zeros((10, 9), np.int16)),
        "1000 Hz is outside 4000 to 192000": pcm.to_message(np.zeros((10, 1), np.int16), 1000),
        "there is no sample": Int16MultiArray(),
    }


@pytest.mark.parametrize(("reason", "message"), bad_sounds().items())
def test_what_cannot_be_played_is_refused_with_the_reason(
    reason: str, message: Int16MultiArray
) -> None:
    with pytest.raises(InvalidCommandError, match=reason):
        pcm.from_message(message, 16000)
