# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Mirroring and scaling of pictures before they are handed on."""

from dataclasses import dataclass

import cv2
import numpy as np

from reachy_mini_ros.media.frames import Picture

FLIPS = {"none": None, "horizontal": 1, "vertical": 0, "both": -1}
"""What can be mirrored, and OpenCV's code for it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a picture is to look."""

    width: int = 0
    height: int = 0
    """Pixels; 0: as it comes, or as the other one demands to keep the aspect. Never enlarged."""
    flip: str = "none"
    """One of :data:`FLIPS`."""

    @property
    def flip_horizontal(self) -> bool:
        """Return whether left and right change places."""
        return self.flip in ("horizontal", "both")

    @property
    def flip_vertical(self) -> bool:
        """Return whether top and bottom change places."""
        return self.flip in ("vertical", "both")

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return (width, height) of what becomes of a picture of that size."""
        wanted_width = self.width or (
            round(self.height * width / height) or 1 if self.height else 0
        )
        wanted_height = self.height or (
            round(self.width * height / width) or 1 if self.width else 0
        )
        return min(wanted_width or width, width), min(wanted_height or height, height)

    def apply(self, picture: Picture) -> Picture:
        """Return the picture mirrored and scaled; the same object if there is nothing to do."""
        height, width = picture.shape[:2]
        size = self.size(width, height)
        if size != (width, height):
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        return self.mirror(picture)

    def mirror(self, picture: Picture) -> Picture:
        """Return the picture mirrored, at its own size."""
        code = FLIPS[self.flip]
        return picture if code is None else np.asarray(cv2.flip(picture, code), np.uint8)
