# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from std_msgs.msg import Header

from reachy_mini_ros.nodes.camera import images

PICTURE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


@pytest.mark.parametrize(("encoding", "channels"), [("bgr8", 3), ("rgb8", 3), ("mono8", 1)])
@pytest.mark.parametrize("convert", [images.convert, images.to_image])
def test_a_picture_is_in_the_message_row_by_row(
    convert: images.Convert, encoding: str, channels: int
) -> None:
    picture = PICTURE if channels == 3 else PICTURE[:, :, 0]
    header = Header(frame_id="f")
    message = convert(np.ascontiguousarray(picture), encoding, header)
    assert (message.height, message.width, message.step) == (5, 7, 7 * channels)
    assert (message.encoding, message.header, message.is_bigendian) == (encoding, header, 0)
    assert bytes(message.data) == picture.tobytes()


def test_a_view_into_a_larger_picture_is_packed() -> None:
    part = PICTURE[1:4, 2:6]
    assert bytes(images.convert(part, "bgr8", Header()).data) == part.tobytes()


def test_a_converter_that_differs_is_not_used() -> None:
    def wrong(picture: np.ndarray, encoding: str, header: Header) -> object:
        return images.convert(picture[::-1], encoding, header)

    def broken(picture: np.ndarray, encoding: str, header: Header) -> object:
        raise KeyError(16)

    assert images._agrees(images.convert)
    assert not images._agrees(wrong)
    assert not images._agrees(broken)
