# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sound as messages: 16-bit samples, interleaved, in std_msgs/Int16MultiArray.

The layout has the dimensions ``frames`` and ``channels``, in this order. On its way to the speaker
it may have a third, ``sample_rate``, whose size is the rate in Hz and which holds no samples.
"""

from array import array

import numpy as np
from numpy.typing import NDArray
from std_msgs.msg import Int16MultiArray, MultiArrayDimension, MultiArrayLayout

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.texts import LONGEST_NAME, shown

FRAMES, CHANNELS, SAMPLE_RATE = "frames", "channels", "sample_rate"
MOST_CHANNELS = 8
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 4000, 192_000


def to_message(samples: NDArray[np.int16], rate_hz: int | None = None) -> Int16MultiArray:
    """Return (frames, channels) samples as a message."""
    frames, channels = samples.shape
    dimensions = [
        MultiArrayDimension(label=FRAMES, size=frames, stride=frames * channels),
        MultiArrayDimension(label=CHANNELS, size=channels, stride=channels),
    ]
    if rate_hz is not None:
        dimensions.append(MultiArrayDimension(label=SAMPLE_RATE, size=rate_hz, stride=0))
    data = array("h")
    data.frombytes(samples.tobytes())
    message = Int16MultiArray(layout=MultiArrayLayout(dim=dimensions))
    message.data = data  # given to the constructor it would be copied sample by sample
    return message


def from_message(message: Int16MultiArray, default_rate_hz: int) -> tuple[NDArray[np.int16], int]:
    """Return (frames, channels) samples and their rate in Hz; without dimensions it is one channel.

    Raises InvalidCommandError if layout and data do not agree, or are out of range.
    """
    sizes = {dimension.label: int(dimension.size) for dimension in message.layout.dim}
    if unknown := sizes.keys() - {FRAMES, CHANNELS, SAMPLE_RATE}:
        name = shown(sorted(unknown)[0], LONGEST_NAME)
        raise InvalidCommandError(
            f"unknown dimension '{name}': the layout has {FRAMES}, {CHANNELS} and, "
            f"if it differs from play_sample_rate, {SAMPLE_RATE}"
        )
    data = np.frombuffer(message.data, np.int16)[message.layout.data_offset :]
    channels = sizes.get(CHANNELS, 1)
    rate_hz = sizes.get(SAMPLE_RATE, default_rate_hz)
    if not 1 <= channels <= MOST_CHANNELS:
        raise InvalidCommandError(f"{channels} channels are outside 1 to {MOST_CHANNELS}")
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise InvalidCommandError(
            f"a sample rate of {rate_hz} Hz is outside {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}"
        )
    frames = sizes.get(FRAMES, len(data) // channels)
    if len(data) != frames * channels:
        raise InvalidCommandError(
            f"the layout tells {frames} frames of {channels} channels, but there are "
            f"{len(data)} samples"
        )
    if not frames:
        raise InvalidCommandError("there is no sample in it")
    return data.reshape(frames, channels), rate_hz
