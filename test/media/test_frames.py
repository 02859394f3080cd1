# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
import av
import cv2
import numpy as np
import pytest

from reachy_mini_ros.media import jpeg
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.shape import Shape

BT601, BT709 = (0.299, 0.114), (0.2126, 0.0722)
UNSTATED, MATRIX_709, MATRIX_601 = 2, 1, 6
LIMITED, FULL = 1, 2


def bgr(y: int, u: int, v: int, weights: tuple[float, float], full: bool) -> list[float]:
    """Return the colour by the definition of ITU-R BT.601 and BT.709."""
    red_weight, blue_weight = weights
    luma = y / 255 if full else (y - 16) / 219
    blue_difference, red_difference = ((c - 128) / (255 if full else 224) for c in (u, v))
    red = luma + 2 * (1 - red_weight) * red_difference
    blue = luma + 2 * (1 - blue_weight) * blue_difference
    green = (luma - red_weight * red - blue_weight * blue) / (1 - red_weight - blue_weight)
    return [255 * blue, 255 * green, 255 * red]


@pytest.mark.parametrize(
    ("pixels", "matrix", "range_", "weights", "full"),
    [
        ("yuv420p", UNSTATED, 0, BT601, False),
        ("yuv420p", MATRIX_601, LIMITED, BT601, False),
        ("yuv420p", MATRIX_709, LIMITED, BT709, False),
        ("yuv420p", MATRIX_709, FULL, BT709, True),
        ("yuvj420p", UNSTATED, 0, BT601, True),
    ],
)
def test_colours_follow_matrix_and_range_of_the_stream(
    pixels: str, matrix: int, range_: int, weights: tuple[float, float], full: bool
) -> None:
    image = av.VideoFrame(32, 16, pixels)
    for plane, value in zip(image.planes, (150, 90, 110), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    image.colorspace, image.color_range = matrix, range_
    picture = Frame(image, 0, 0).bgr
    assert picture.shape == (16, 32, 3)
    assert picture[8, 16] == pytest.approx(bgr(150, 90, 110, weights, full), abs=3)


def test_conversion_is_done_once() -> None:
    frame = Frame(av.VideoFrame(32, 16, "yuv420p"), 0, 0)
    assert (frame.width, frame.height) == (32, 16)
    assert frame.bgr is frame.bgr


def test_a_picture_that_is_bgr_already_stays_as_it_is() -> None:
    frame = Frame(np.zeros((16, 32, 3), np.uint8), 0, 0)
    assert (frame.width, frame.height) == (32, 16)
    assert frame.bgr is frame.image


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        (Shape(), (1280, 720)),
        (Shape(width=640), (640, 360)),
        (Shape(height=240), (427, 240)),
        (Shape(width=640, height=480), (640, 480)),
        (Shape(width=4000), (1280, 720)),
        (Shape(width=1), (1, 1)),
    ],
)
def test_pictures_are_scaled_down_and_never_up(shape: Shape, size: tuple[int, int]) -> None:
    assert shape.size(1280, 720) == size
    assert shape.apply(np.zeros((720, 1280, 3), np.uint8)).shape == (size[1], size[0], 3)


def test_a_long_narrow_picture_is_a_pixel_wide_at_least() -> None:
    assert Shape(width=1).size(1000, 100) == (1, 1)
    assert Shape(height=1).size(100, 1000) == (1, 1)
    assert Shape().size(1000, 100) == (1000, 100)


def test_flip_moves_what_is_in_a_corner() -> None:
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[0, 0] = 255
    corners = {"none": (0, 0), "horizontal": (0, 5), "vertical": (3, 0), "both": (3, 5)}
    for flip, corner in corners.items():
        assert Shape(flip=flip).apply(picture)[corner].all(), flip


def test_jpeg_shows_the_picture_and_grows_with_quality() -> None:
    x, y = np.meshgrid(np.arange(320), np.arange(240))
    picture = np.dstack([x % 256, y, (x + y) // 3]).astype(np.uint8)
    low, high = jpeg.encode(picture, 40), jpeg.encode(picture, 95)
    assert low.size < high.size
    decoded = cv2.imdecode(high, cv2.IMREAD_COLOR)
    assert np.abs(decoded.astype(int) - picture).mean() < 4
