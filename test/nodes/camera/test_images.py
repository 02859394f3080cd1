# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
import sys
import types
from collections.abc import Callable

import numpy as np
import pytest
from sensor_msgs.msg import Image
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


def bridge(cv2_to_imgmsg: Callable[..., Image]) -> types.ModuleType:
    """Return a module as cv_bridge, which has no wheel, with this conversion."""
    module = types.ModuleType("cv_bridge")
    module.CvBridge = type("CvBridge", (), {"cv2_to_imgmsg": staticmethod(cv2_to_imgmsg)})  # type: ignore[attr-defined]
    return module


def test_cv_bridge_converts_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def right(picture: np.ndarray, encoding: str, header: Header) -> Image:
        asked.append(encoding)
        return images.convert(picture, encoding, header)

    monkeypatch.setitem(sys.modules, "cv_bridge", bridge(right))
    by_bridge = images._with_cv_bridge()
    assert by_bridge is not None
    assert asked == ["bgr8", "rgb8", "mono8"]  # its self-check
    assert by_bridge(PICTURE, "bgr8", Header()) == images.convert(PICTURE, "bgr8", Header())
    assert asked[3:] == ["bgr8"]


def test_cv_bridge_is_left_where_it_does_not_go_with_numpy_or_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(picture: np.ndarray, encoding: str, header: Header) -> Image:
        # As PyPI's does with numpy 2.
        raise AttributeError("'numpy.ndarray' object has no attribute 'tostring'")

    monkeypatch.setitem(sys.modules, "cv_bridge", bridge(broken))
    assert images._with_cv_bridge() is None
    monkeypatch.setitem(sys.modules, "cv_bridge", None)
    assert images._with_cv_bridge() is None
