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
