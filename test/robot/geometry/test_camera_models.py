# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0

import cv2
import numpy as np
import pytest

from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.geometry.camera_models import (
    SIMULATION,
    CameraModel,
    camera_model,
    distortion_model,
)

POINTS = np.array([[x, y, 2.0] for x in (-1.2, -0.4, 0.0, 0.7) for y in (-0.7, 0.1, 0.5)])


def project(model: CameraModel, points: np.ndarray) -> np.ndarray:
    d = np.array(model.d)
    pixels, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), model.k, d)
    return pixels.reshape(-1, 2)


def test_robots_cameras_have_the_focal_length_that_the_sdk_states_for_their_mode() -> None:
    lite = camera_model("lite", 1920, 1080)
    assert lite.k[0, 0] == pytest.approx(1116.0, abs=0.1)
    assert lite.k[1, 1] == pytest.approx(930.6, abs=0.1)
    wireless = camera_model("wireless", 1280, 720)
    assert wireless.k[0, 0] == pytest.approx(667.3, abs=0.1)
    assert wireless.k[:2, 2] == pytest.approx([635.3, 369.0], abs=0.5)
    assert lite.distortion_model == "rational_polynomial"
    assert len(lite.d) == 12


@pytest.mark.parametrize(
    ("count", "name"),
    [(0, "plumb_bob"), (5, "plumb_bob"), (8, "rational_polynomial"), (12, "rational_polynomial")],
)
def test_distortion_model_is_named_by_the_number_of_coefficients(count: int, name: str) -> None:
    assert distortion_model((0.1,) * count) == name


@pytest.mark.parametrize(("name", "focal_px"), [("arducam", 550.4), ("generic", 640.0)])
def test_webcams_are_calibrated_at_720p_already(name: str, focal_px: float) -> None:
    model = camera_model(name, 1280, 720)
    assert model.k[0, 0] == pytest.approx(focal_px, abs=0.1)
    assert model.distortion_model == "plumb_bob"
    assert camera_model(name, 640, 360).k[0, 0] == pytest.approx(focal_px / 2, abs=0.1)


def test_mujocos_camera_sees_80_degrees_from_top_to_bottom() -> None:
    model = camera_model("mujoco", 1280, 720)
    assert 2 * np.rad2deg(np.arctan(360 / model.k[1, 1])) == pytest.approx(80, abs=0.1)
    assert model.k[0, 0] == model.k[1, 1] == pytest.approx(429.03)
    np.testing.assert_allclose(model.k[:2, 2], [640, 360])


@pytest.mark.parametrize("name", ["lite", "wireless", "older_rpi", "arducam", SIMULATION])
def test_a_resized_model_puts_points_where_the_resized_picture_has_them(name: str) -> None:
    full = camera_model(name, 1280, 720)
    half = full.resized(640, 360)
    # A pixel of the small picture covers two by two, their middle is at its own middle.
    assert project(half, POINTS) == pytest.approx((project(full, POINTS) - 0.5) / 2, abs=1e-6)
    assert half.resized(1280, 720).k == pytest.approx(full.k)


@pytest.mark.parametrize("horizontal", [False, True])
@pytest.mark.parametrize("vertical", [False, True])
@pytest.mark.parametrize("name", ["lite", "arducam"])
def test_a_flipped_model_puts_mirrored_points_where_the_flipped_picture_has_them(
    name: str, horizontal: bool, vertical: bool
) -> None:
    model = camera_model(name, 1280, 720)
    sign = np.array([-1 if horizontal else 1, -1 if vertical else 1, 1])
    expected = project(model, POINTS)
    if horizontal:
        expected[:, 0] = 1279 - expected[:, 0]
    if vertical:
        expected[:, 1] = 719 - expected[:, 1]
    flipped = model.flipped(horizontal, vertical)
    assert project(flipped, POINTS * sign) == pytest.approx(expected, abs=1e-6)


def test_the_simulated_camera_looks_straight_ahead_and_sees_70_degrees() -> None:
    model = camera_model(SIMULATION, 1280, 720)
    focal_px = 640 / np.tan(np.deg2rad(35.0))
    np.testing.assert_allclose(model.k, [[focal_px, 0, 639.5], [0, focal_px, 359.5], [0, 0, 1]])
    assert (model.width, model.height, model.d) == (1280, 720, (0.0,) * 5)
    wide = camera_model(SIMULATION, 640, 480)
    np.testing.assert_allclose(wide.k[:2, 2], [319.5, 239.5])


@pytest.mark.parametrize("name", ["mujoco", "arducam", "generic"])
def test_what_is_calibrated_at_720p_has_that_size(name: str) -> None:
    model = camera_model(name, 1280, 720)
    assert (model.width, model.height) == (1280, 720)
    np.testing.assert_allclose(model.k[:2, 2], [640, 360], atol=60)
    assert camera_model(name, 640, 360).k[:2, 2] == pytest.approx(model.k[:2, 2] / 2, abs=0.5)


@pytest.mark.parametrize(
    ("name", "width", "height", "zoom"),
    [
        ("lite", 1920, 1080, 1.115),
        ("lite", 3840, 2592, 1.0),
        ("lite", 3840, 2160, 1.109),
        ("lite", 1280, 720, 1.115),  # no mode of it: from the default one
        ("wireless", 1920, 1080, 1.115),
        ("wireless", 640, 360, 1.0),
    ],
)
def test_a_mode_leaves_out_an_even_margin_of_the_sensor(
    name: str, width: int, height: int, zoom: float
) -> None:
    sensor, model = sdk.camera_specs(name).K, camera_model(name, width, height)
    for axis, (size, full) in enumerate(((width, 3840), (height, 2592))):
        assert model.k[axis, axis] == pytest.approx(sensor[axis][axis] * size / full * zoom)
        # From the middle of the picture, whose first pixel has its own middle at 0.
        off_px = (sensor[axis][2] - (full - 1) / 2) * size / full * zoom
        assert model.k[axis, 2] == pytest.approx((size - 1) / 2 + off_px)
    assert (model.width, model.height) == (width, height)
