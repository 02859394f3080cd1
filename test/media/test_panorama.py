# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The panorama of the simulated room: its landmarks are at their true directions."""

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from harness.panoramas import landmarks_in

from reachy_mini_ros.media import panorama
from reachy_mini_ros.media.frames import Picture as Image
from reachy_mini_ros.media.panorama import View
from reachy_mini_ros.robot.geometry.camera_models import SIMULATION, camera_model
from reachy_mini_ros.robot.geometry.rotations import head_pose
from reachy_mini_ros.simulation.picture import Picture
from reachy_mini_ros.simulation.room import LANDMARKS

WIDTH, HEIGHT = 640, 360
ALL_AROUND = range(-160, 161, 40)
TOLERANCE = math.radians(1.0)


@pytest.fixture(scope="module")
def room() -> Picture:
    return Picture(WIDTH, HEIGHT, 0)


def view(room: Picture, yaw_deg: float, pitch_deg: float = 0.0) -> View:
    pose = head_pose(0.0, math.radians(pitch_deg), math.radians(yaw_deg))
    image = cv2.cvtColor(room.draw(pose).buffer, cv2.COLOR_YUV2BGR_I420)
    model = camera_model(SIMULATION, WIDTH, HEIGHT)
    return View(np.asarray(image, np.uint8), pose, model, pitch_deg)


def errors(image: Image, extent: panorama.Extent) -> dict[int, tuple[float, float]]:
    """Return for each landmark how far it is from its true yaw and elevation, rad."""
    found = {}
    for landmark, column, row in landmarks_in(image):
        x, y, z = landmark.position
        yaw = extent.left - column / extent.scale
        rise = extent.top - row / extent.scale
        away = math.remainder(yaw - math.atan2(y, x), math.tau)
        found[LANDMARKS.index(landmark)] = (away, rise - z / math.hypot(x, y))
    return found


@pytest.mark.parametrize(
    ("yaws", "pitches", "least"),
    [((-30, 0, 30), (0,), 5), (ALL_AROUND, (0,), 14), ((-40, 0, 40), (-20, 20), 9)],
)
def test_landmarks_are_where_they_are(
    room: Picture, yaws: Sequence[float], pitches: Sequence[float], least: int
) -> None:
    views = [view(room, yaw, pitch) for pitch in pitches for yaw in yaws]
    assert panorama.obstacle(views) == ""
    extent = panorama.extent(views)
    image = panorama.stitch(views, extent)
    assert image.shape == (extent.height, extent.width, 3)
    found = errors(image, extent)
    assert len(found) >= least
    assert all(max(map(abs, each)) < TOLERANCE for each in found.values()), found


def test_all_around_is_one_turn_with_no_gap(room: Picture) -> None:
    views = [view(room, yaw) for yaw in ALL_AROUND]
    extent = panorama.extent(views)
    assert extent.width / extent.scale == pytest.approx(math.tau, abs=2 / extent.scale)
    middle = panorama.stitch(views, extent)[extent.height // 3 : -extent.height // 3]
    assert middle.max(axis=2).min() > 0, "no black"


def test_pictures_without_overlap_make_none(room: Picture) -> None:
    assert "do not overlap enough" in panorama.obstacle([view(room, 0), view(room, 65)])
    assert "fewer than two" in panorama.obstacle([view(room, 0)])
    unknown = replace(view(room, 0), model=None)
    assert "matrix was not known" in panorama.obstacle([unknown, unknown])
    assert panorama.strip([unknown, unknown]).shape == (HEIGHT, 2 * WIDTH, 3)


def test_a_strip_is_sorted_by_measured_yaw_from_the_left(room: Picture) -> None:
    views = [view(room, yaw) for yaw in (0, 30, -30)]
    strip = panorama.strip(views)
    assert strip.shape == (HEIGHT, 3 * WIDTH, 3)
    assert np.array_equal(strip[:, :WIDTH], views[1].image)
    assert np.array_equal(strip[:, -WIDTH:], views[2].image)
    two = panorama.grid([strip, views[0].image])
    assert two.shape == (2 * HEIGHT, 3 * WIDTH, 3)
    assert np.array_equal(two[HEIGHT:, WIDTH:-WIDTH], views[0].image)


@pytest.mark.parametrize("pitch_deg", [0, 20])
def test_a_panorama_shows_all_of_its_pictures_at_the_scale_of_their_middle(
    room: Picture, pitch_deg: float
) -> None:
    views = [view(room, yaw, pitch_deg) for yaw in (30, -30)]
    extent = panorama.extent(views)
    camera = views[0].camera
    focal = camera.k[0, 0]
    across, along = (math.atan(side / 2 / focal) for side in (WIDTH, HEIGHT))
    assert extent.scale == pytest.approx(focal)
    assert extent.left == pytest.approx(math.radians(30) + across - 0.5 / focal)
    assert extent.width == int((math.radians(60) + 2 * across) * focal)
    top, bottom = (math.tan(side - math.radians(pitch_deg)) for side in (along, -along))
    assert extent.top == pytest.approx(top - 0.5 / focal)
    assert extent.height == int((top - bottom) * focal)


def test_white_stays_white_without_distortion_too(room: Picture) -> None:
    white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    views = [
        replace(one, image=white, model=replace(one.camera, d=()))
        for one in (view(room, 0), view(room, 30))
    ]
    image = panorama.stitch(views, panorama.extent(views))
    height, width = image.shape[:2]
    assert image[height // 3 : -height // 3, width // 3 : -width // 3].min() == 255


def test_a_strip_that_is_too_wide_is_made_smaller(room: Picture) -> None:
    one = view(room, 0)
    wide = replace(one, image=np.zeros((100, 20_000, 3), np.uint8))
    assert panorama.strip([wide]).shape == (80, 16_000, 3)
    line = replace(one, image=np.zeros((1, 40_000, 3), np.uint8))
    assert panorama.strip([line]).shape[0] == 1
    for size in (80, 3):  # what is as wide as the others are high is made smaller as well
        square = replace(one, image=np.zeros((size, size, 3), np.uint8))
        tall = replace(one, image=np.zeros((2 * size, size, 3), np.uint8))
        assert panorama.strip([square, tall]).shape == (size, size + size // 2, 3)
    small = [replace(one, image=np.zeros((side, side, 3), np.uint8)) for side in (3, 6)]
    assert panorama.strip(small).shape == (3, 6, 3)
