# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as the video codec takes them: planar YUV 4:2:0 in one buffer (I420, BT.601)."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Yuv:
    """Views of one buffer: ``y`` is (height, width), ``u`` and ``v`` are half of both."""

    buffer: Image
    """(height * 3 / 2, width), as OpenCV and PyAV take I420."""
    y: Image
    u: Image
    v: Image

    @property
    def planes(self) -> tuple[Image, Image, Image]:
        """Return ``y``, ``u`` and ``v``."""
        return self.y, self.u, self.v

    @classmethod
    def empty(cls, width: int, height: int) -> Self:
        """Return an uninitialised picture; width and height are even."""
        return cls.of(np.empty((height * 3 // 2, width), np.uint8))

    @classmethod
    def of(cls, buffer: Image) -> Self:
        """Return the planes of an I420 buffer."""
        height, width = buffer.shape[0] * 2 // 3, buffer.shape[1]
        flat = buffer.reshape(-1)
        luma, chroma = height * width, height * width // 4
        shape = (height // 2, width // 2)
        return cls(
            buffer,
            flat[:luma].reshape(height, width),
            flat[luma : luma + chroma].reshape(shape),
            flat[luma + chroma :].reshape(shape),
        )

    @classmethod
    def from_bgr(cls, image: Image) -> Self:
        """Return a BGR picture of even size as YUV, chroma in the middle of each four pixels."""
        height, width = image.shape[:2]
        yuv = cls.of(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8))
        # OpenCV takes the chroma of the first of four pixels: make all four their mean.
        mean = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        blocks = np.asarray(mean).repeat(2, axis=0).repeat(2, axis=1)
        chroma = cls.of(np.asarray(cv2.cvtColor(blocks, cv2.COLOR_BGR2YUV_I420), np.uint8))
        yuv.u[:], yuv.v[:] = chroma.u, chroma.v
        return yuv

    def to_bgr(self) -> Image:
        """Return the picture as BGR."""
        return np.asarray(cv2.cvtColor(self.buffer, cv2.COLOR_YUV2BGR_I420), np.uint8)
