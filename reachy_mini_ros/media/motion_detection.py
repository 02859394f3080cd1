# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the picture moves: differences between small grey pictures.

It cannot tell whether the head moved or what it looks at.
"""

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.rate import RateChooser

RATE_HZ = 5.0
"""Pictures compared a second: slow enough that slow motion shows."""
_WIDTH, _HEIGHT = 160, 90
_CHANGED = 16
"""Grey levels; less is noise of the camera and the codec."""
_CALM_NS = 1_000_000_000
_GAP_NS = 2_000_000_000


class MotionDetector:
    """Level and state of motion, with hysteresis: quick to begin, slow to end."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        """Level that motion begins at; it ends below half of it for 1 s. May be changed."""
        self.level = 0.0
        """Share of the picture that changed since the last one looked at, 0 to 1."""
        self.moving = False
        self._chooser = RateChooser(RATE_HZ)
        self._last: NDArray[np.uint8] | None = None
        self._last_ns = 0
        self._over_ns = 0

    def look(self, frame: Frame) -> bool:
        """Take a picture into account; return whether there is a new :attr:`level`."""
        if not self._chooser.choose(frame.captured_ns):
            return False
        picture, before = small_grey(frame), self._last
        begins = before is None or frame.captured_ns - self._last_ns > _GAP_NS
        self._last, self._last_ns = picture, frame.captured_ns
        if before is None or begins:
            self.level, self.moving = 0.0, False
            return True
        self.level = float(np.mean(cv2.absdiff(picture, before) > _CHANGED))
        if self.level >= self.threshold / (2 if self.moving else 1):
            self.moving, self._over_ns = True, frame.captured_ns
        elif frame.captured_ns - self._over_ns > _CALM_NS:
            self.moving = False
        return True


def small_grey(frame: Frame) -> NDArray[np.uint8]:
    """Return the picture as 160x90, blurred a little; of a decoded one only the luma is scaled."""
    small = cv2.resize(_luma(frame), (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(small, (3, 3)), np.uint8)


def _luma(frame: Frame) -> NDArray[np.uint8]:
    image = frame.image
    if isinstance(image, av.VideoFrame):
        return np.asarray(image.reformat(format="gray8").to_ndarray(), np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
