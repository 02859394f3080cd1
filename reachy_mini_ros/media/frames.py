# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and sound as they pass between the layers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

_PYAV = int(av.__version__.partition(".")[0])

# From 17 on PyAV starts threads for each conversion by default, which takes longer than one needs.
ONE_THREAD: dict[str, Any] = {"threads": 1} if _PYAV >= 17 else {}

_LIMITED, _FULL = 1, 2

Picture = NDArray[np.uint8]
"""(height, width, 3), BGR."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of the camera; clocks are ``time.monotonic_ns()``."""

    image: av.VideoFrame | Picture
    """As it was decoded, or BGR already."""
    captured_ns: int
    """Estimate of when the camera took it; never after ``arrived_ns``."""
    arrived_ns: int
    """When it was decoded."""

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return int(self.image.shape[1] if isinstance(self.image, np.ndarray) else self.image.width)

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return int(self.image.shape[0] if isinstance(self.image, np.ndarray) else self.image.height)

    @cached_property
    def bgr(self) -> Picture:
        """The picture as BGR, converted at first use.

        FFmpeg's swscale converts with the matrix and range that the stream states; a stream that
        states none is taken as BT.601 in limited range.
        """
        if isinstance(self.image, np.ndarray):
            return self.image
        how = ONE_THREAD if _PYAV >= 17 else _as_stated(self.image)
        return cast(Picture, self.image.to_ndarray(format="bgr24", **how))


def _as_stated(image: av.VideoFrame) -> dict[str, Any]:
    """Return what makes PyAV before 17 convert with the matrix and range that the stream states.

    It looks at them only where the range it is to convert to is another; BGR itself has none.
    """
    usual = _FULL if image.format.name.startswith("yuvj") else _LIMITED
    stated = image.color_range or usual
    return {"src_color_range": stated, "dst_color_range": _LIMITED if stated == _FULL else _FULL}


@dataclass(frozen=True, eq=False)
class EncodedFrame:
    """One picture as the robot encoded it; clocks are ``time.monotonic_ns()``."""

    codec: str
    """``h264`` or ``vp8``."""
    data: bytes
    """Of H264 one access unit as Annex B (H.264, annex B), with SPS and PPS before a key frame."""
    is_key: bool
    """Whether decoding can begin here."""
    captured_ns: int
    """Estimate of when the camera took it; never after ``arrived_ns``."""
    arrived_ns: int
    pts: int
    """Media time in 1/90000 s, from any beginning; it does not wrap."""
    sequence: int
    """Counts the pictures that the sender made, as far as known: one that was lost leaves a gap."""
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class EncodedSound:
    """One packet of sound as the robot encoded it; clocks are ``time.monotonic_ns()``."""

    codec: str
    """``opus``."""
    data: bytes
    captured_ns: int
    """Estimate of when its first sample was heard; never after ``arrived_ns``."""
    arrived_ns: int


@dataclass(frozen=True, eq=False)
class PcmFrame:
    """A piece of the microphone's sound."""

    samples: NDArray[np.int16]
    """(samples, channels)."""
    rate_hz: int
    position: int
    """Number of its first sample in the stream, by the RTP time: what was lost is counted too."""
    captured_ns: int
    arrived_ns: int
