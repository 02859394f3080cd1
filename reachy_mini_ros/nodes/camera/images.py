# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as sensor_msgs; the one module behind which cv_bridge stands.

cv_bridge converts where it is installed and gives the right result; our own conversion gives the
same where it is missing or does not go with the installed numpy and OpenCV.
"""

import array
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

_CHANNELS = {"bgr8": 3, "rgb8": 3, "mono8": 1}

Convert = Callable[[NDArray[np.uint8], str, Header], Image]


def convert(picture: NDArray[np.uint8], encoding: str, header: Header) -> Image:
    """Return a picture as a message; ``encoding`` (bgr8, rgb8, mono8) names what it holds.

    The shape is (height, width, 3), or (height, width) for mono8.
    """
    height, width = picture.shape[:2]
    message = Image(header=header, height=height, width=width, encoding=encoding)
    message.step = width * _CHANNELS[encoding]
    message.data = _bytes(picture)
    return message


def to_compressed(jpeg: NDArray[np.uint8], header: Header) -> CompressedImage:
    """Return a JPEG of a bgr8 picture as a message, as compressed_image_transport names it."""
    message = CompressedImage(header=header, format="bgr8; jpeg compressed bgr8")
    message.data = _bytes(jpeg)
    return message


def _bytes(content: NDArray[np.uint8]) -> "array.array[int]":
    # The one type that is taken over without looking at every element; if it is assigned: as an
    # argument of the message's constructor it is copied, element by element.
    buffer = array.array("B")
    buffer.frombytes(np.ascontiguousarray(content).data)
    return buffer


def _with_cv_bridge() -> Convert | None:
    try:
        from cv_bridge import CvBridge
    except (ImportError, AttributeError):  # AttributeError: built for another numpy
        return None
    bridge = CvBridge()

    def by_bridge(picture: NDArray[np.uint8], encoding: str, header: Header) -> Image:
        message: Image = bridge.cv2_to_imgmsg(picture, encoding, header)
        return message

    return by_bridge if _agrees(by_bridge) else None


def _agrees(other: Convert) -> bool:
    """Whether another conversion gives what ours gives."""
    picture = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)
    header = Header(frame_id="check")
    for encoding, channels in _CHANNELS.items():
        sample = picture if channels == 3 else picture[:, :, 0].copy()
        try:
            if other(sample, encoding, header) != convert(sample, encoding, header):
                return False
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError):
            return False  # the ways in which one breaks that was built for another numpy or OpenCV
    return True


to_image: Convert = _with_cv_bridge() or convert
"""Return a picture as a message, see :func:`convert`."""
