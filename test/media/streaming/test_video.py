# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG pictures as the encoder takes them: all of the first one's size, none torn or distorted."""

import cv2
import numpy as np
import pytest
from av.video.frame import PictureType

from reachy_mini_ros.media.streaming.video import StreamPictures


def jpeg(width: int, height: int, bgr: tuple[int, int, int] = (0, 0, 255)) -> bytes:
    _, data = cv2.imencode(".jpg", np.full((height, width, 3), bgr, np.uint8))
    return data.tobytes()


def shown(pictures: StreamPictures, picture: bytes) -> np.ndarray:
    """Return what is shown of a picture, BGR."""
    frame = pictures.decode(picture)
    assert frame is not None
    assert (frame.format.name, int(frame.pict_type)) == ("yuv420p", PictureType.NONE)
    assert (frame.width, frame.height) == pictures.size
    # FFmpeg's own conversion spreads the colour over the edges of the bars.
    return cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420)


@pytest.mark.parametrize(
    ("size", "stream"), [((64, 48), (64, 48)), ((65, 49), (64, 48)), ((1, 1), (2, 2))]
)
def test_the_first_picture_sets_the_size(size: tuple[int, int], stream: tuple[int, int]) -> None:
    pictures = StreamPictures()
    assert pictures.size is None
    image = shown(pictures, jpeg(*size))
    assert pictures.size == stream
    assert np.abs(image.astype(int) - (0, 0, 255)).max() < 12
    assert np.abs(shown(pictures, jpeg(*size, (255, 0, 0))).astype(int) - (255, 0, 0)).max() < 12


@pytest.mark.parametrize("torn", [b"", b"no JPEG", jpeg(64, 48)[:20]])
def test_what_is_no_picture_is_left_out(torn: bytes) -> None:
    pictures = StreamPictures()
    assert pictures.decode(torn) is None
    assert pictures.size is None
    assert shown(pictures, jpeg(64, 48)).shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("size", "left", "top"),
    [((128, 96), 0, 0), ((32, 24), 0, 0), ((32, 48), 16, 0), ((64, 24), 0, 12), ((96, 36), 0, 12)],
)
def test_a_picture_of_another_size_is_fitted_in_with_black_bars(
    size: tuple[int, int], left: int, top: int
) -> None:
    pictures = StreamPictures()
    shown(pictures, jpeg(64, 48))
    image = shown(pictures, jpeg(*size)).astype(int)
    inner = image[top : 48 - top, left : 64 - left]
    assert np.abs(inner - (0, 0, 255)).max() < 12
    bars = np.ones((48, 64), bool)
    bars[top : 48 - top, left : 64 - left] = False
    assert np.abs(image[bars]).max(initial=0) < 3


def test_a_thin_picture_is_two_pixels_wide() -> None:
    pictures = StreamPictures()
    shown(pictures, jpeg(64, 48))
    image = shown(pictures, jpeg(1, 480)).astype(int)
    columns = np.flatnonzero(image[24].max(axis=1) > 100).tolist()
    assert columns == [30, 31]


def test_the_card_is_dark_with_text_in_the_middle() -> None:
    pictures = StreamPictures()
    shown(pictures, jpeg(640, 360))
    card = pictures.card().to_ndarray()
    assert card.shape == (540, 640)
    luma, colour = card[:360], card[360:]
    assert (colour == 128).all()
    assert (luma.min(), luma.max()) == (24, 180)
    rows, columns = np.nonzero(luma > 100)
    assert rows.mean() == pytest.approx(180, abs=6)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(320, abs=4)
    assert 300 < np.ptp(columns) < 500
    assert 10 < np.ptp(rows) < 40
    pictures.size = 1280, 720
    large = pictures.card().to_ndarray()[:720] > 100
    assert np.ptp(np.nonzero(large)[1]) == pytest.approx(2 * np.ptp(columns), abs=12)
    assert large.sum() == pytest.approx(4 * (luma > 100).sum(), rel=0.1)
