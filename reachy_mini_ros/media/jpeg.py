# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG out of pictures."""

import cv2
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.media.frames import Picture


def encode(picture: Picture, quality: int) -> NDArray[np.uint8]:
    """Return the picture as a JPEG file (4:2:0), one-dimensional; ``quality`` is 1 to 100."""
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "OpenCV refused a BGR picture"
    return np.asarray(jpeg, dtype=np.uint8)
