# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The room's picture: true to the pinhole, and readable after what codecs do to it."""

import time

import cv2
import numpy as np
import pytest

from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.landmarks import find
from reachy_mini_ros.simulation.overlay import Overlay
from reachy_mini_ros.simulation.picture import (
    HEAD_TO_CAMERA,
    Picture,
    camera_matrix,
    head_rotation,
)
from reachy_mini_ros.simulation.planes import Array
from reachy_mini_ros.simulation.room import LANDMARKS
from reachy_mini_ros.simulation.yuv import Image, Yuv

SIZES = [(1280, 720), (640, 360), (1920, 1080)]
VIEWS_DEG = [
    *((0, 0, 0), (0, 0, 20), (0, 0, -140), (0, 12, 0), (0, -15, 30)),
    *((20, 0, 0), (-25, 5, 90), (10, -8, 180)),
]


def head(roll: float, pitch: float, yaw: float, position: Array | None = None) -> Array:
    """Return the head pose of angles in degrees."""
    (cr, cp, cy), (sr, sp, sy) = (
        function(np.deg2rad((roll, pitch, yaw))) for function in (np.cos, np.sin)
    )
    pose = np.eye(4)
    pose[:3, :3] = (
        np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
        @ np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
        @ np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    )
    if position is not None:
        pose[:3, 3] = position
    return pose


def angle_deg(one: Array, other: Array) -> float:
    cosine = (np.trace(one.T @ other) - 1) / 2
    return float(np.rad2deg(np.arccos(np.clip(cosine, -1, 1))))


def as_jpeg(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def picture(request: pytest.FixtureRequest) -> Picture:
    return Picture(*request.param, seed=3)


@pytest.mark.parametrize("view", VIEWS_DEG, ids=str)
def test_landmarks_are_where_a_pinhole_puts_them(
    picture: Picture, view: tuple[float, float, float]
) -> None:
    pose = head(*view, position=np.array([0.01, -0.02, 0.015]))
    image = picture.draw(pose).to_bgr()
    height, width = image.shape[:2]
    camera = pose @ HEAD_TO_CAMERA
    sightings = find(image, LANDMARKS)
    assert len(sightings) >= 2
    for sighting in sightings:
        point = camera[:3, :3].T @ (sighting.landmark.position - camera[:3, 3])
        expected = camera_matrix(width, height) @ point
        error = np.linalg.norm(sighting.pixel - expected[:2] / expected[2])
        # The middle of a disc's ellipse is not the picture of its centre, by up to a pixel here.
        assert error < 0.2 + 1.0 * width / 1280


@pytest.mark.parametrize("view", VIEWS_DEG, ids=str)
def test_the_head_is_told_from_the_picture(
    picture: Picture, view: tuple[float, float, float]
) -> None:
    pose = head(*view)
    image = picture.draw(pose).to_bgr()
    smaller = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for seen in (image, as_jpeg(np.asarray(smaller, np.uint8), 80)):
        rotation = head_rotation(seen)
        assert rotation is not None
        assert angle_deg(rotation, pose[:3, :3]) < 0.5


def test_every_direction_is_covered_by_the_room() -> None:
    picture = Picture(320, 180, seed=0)
    for yaw in range(0, 360, 30):
        for pitch in range(-90, 91, 30):
            pose = head(0, pitch, yaw)
            drawn = picture.draw(pose).buffer.copy()
            picture.draw(head(0, 0, yaw + 180))
            assert (picture.draw(pose).buffer == drawn).all(), "the picture before shows through"


def test_what_is_drawn_into_a_picture_is_not_in_the_next_one() -> None:
    picture = Picture(320, 180, seed=0)
    drawn = picture.draw(head(0, 0, 20)).buffer.copy()
    picture.draw(head(0, 0, 20)).buffer[:] = 0
    assert (picture.draw(head(0, 0, 20)).buffer == drawn).all()
    assert (picture.draw(head(0, 0, 21)).buffer != drawn).any()


@pytest.mark.parametrize("view", VIEWS_DEG, ids=str)
def test_a_blurred_picture_shows_the_same_with_less_detail(
    picture: Picture, view: tuple[float, float, float]
) -> None:
    pose = head(*view)
    sharp = picture.draw(pose).to_bgr()
    picture.draw(head(0, 0, 5))
    blurred = picture.draw(pose, blurred=True).to_bgr()
    assert cv2.Laplacian(blurred, cv2.CV_64F).var() < 0.7 * cv2.Laplacian(sharp, cv2.CV_64F).var()
    rotation = head_rotation(blurred)
    assert rotation is not None
    assert angle_deg(rotation, pose[:3, :3]) < 0.5
    assert (picture.draw(pose).to_bgr() == sharp).all(), "a head that stands is drawn sharp again"


def test_a_size_that_has_no_half_is_drawn_sharp() -> None:
    picture = Picture(322, 182, seed=0)
    sharp = picture.draw(head(0, 0, 20)).buffer.copy()
    picture.draw(head(0, 0, 0))
    assert (picture.draw(head(0, 0, 20), blurred=True).buffer == sharp).all()


def test_a_seed_gives_the_same_room_again_and_another_gives_another() -> None:
    def drawn(seed: int) -> Image:
        return Picture(640, 360, seed).draw(np.eye(4)).buffer

    assert (drawn(1) == drawn(1)).all()
    assert (drawn(1) != drawn(2)).any()


@pytest.mark.parametrize("seed", range(4))
def test_nothing_but_landmarks_is_taken_for_one(seed: int) -> None:
    picture = Picture(1280, 720, seed)
    for yaw in range(0, 360, 45):
        image = picture.draw(head(0, 0, yaw + 22)).to_bgr()
        camera = head(0, 0, yaw + 22) @ HEAD_TO_CAMERA
        for sighting in find(image, LANDMARKS):
            point = camera[:3, :3].T @ (sighting.landmark.position - camera[:3, 3])
            expected = camera_matrix(1280, 720) @ point
            assert np.linalg.norm(sighting.pixel - expected[:2] / expected[2]) < 3


@pytest.mark.parametrize("size", [*SIZES, (848, 480), (320, 180)], ids=str)
@pytest.mark.parametrize("scale", [1.0, 0.75, 0.5])
def test_the_overlay_is_read_from_a_scaled_jpeg(size: tuple[int, int], scale: float) -> None:
    width, height = size
    written = Overlay(4_000_000_123, time.time_ns() // 1000 * 1000)
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    drawn = Yuv.from_bgr(noise)
    overlay.draw(drawn, written)
    image = cv2.resize(drawn.to_bgr(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert overlay.read(as_jpeg(np.asarray(image, np.uint8), 80)) == written


def test_a_damaged_overlay_is_not_read() -> None:
    drawn = Yuv.from_bgr(np.zeros((720, 1280, 3), np.uint8))
    assert overlay.read(drawn.to_bgr()) is None
    overlay.draw(drawn, Overlay(7, time.time_ns()))
    image = drawn.to_bgr()
    image[-16:, :16] = 255 - image[-16:, :16]
    assert overlay.read(image) is None
