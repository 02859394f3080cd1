# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG to JPEG: smaller, or of another quality."""

import cv2
import numpy as np

from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.web.picture_size import SizeError, picture_size

USUAL_QUALITY = 80
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
    (1, cv2.IMREAD_COLOR),
)


class UnreadablePictureError(ReachyMiniRosError):
    """What should be a picture cannot be decoded."""


def transcode(picture: bytes, width: int | None, quality: int | None) -> bytes:
    """Return a JPEG or PNG as a JPEG of at most ``width`` px; the aspect is kept.

    What need not be changed is returned as it is. Raises UnreadablePictureError.
    """
    try:
        full_width, full_height = picture_size(picture)
    except SizeError as error:
        raise UnreadablePictureError(f"the picture cannot be read: {error}") from None
    if quality is None and (width is None or width >= full_width) and picture[:1] == b"\xff":
        return picture
    width = min(width or full_width, full_width)
    # The decoder itself halves for less than half the time, as often as enough is left.
    flag = next(flag for factor, flag in _REDUCED if full_width // factor >= width)
    try:
        image = cv2.imdecode(np.frombuffer(picture, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        image = None
    if image is None:
        raise UnreadablePictureError("the picture cannot be decoded")
    if image.shape[1] != width:
        height = max(1, round(full_height * width / full_width))
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality or USUAL_QUALITY]
    done, jpeg = cv2.imencode(".jpg", image, settings)
    assert done, "OpenCV refused a BGR picture"
    return jpeg.tobytes()
