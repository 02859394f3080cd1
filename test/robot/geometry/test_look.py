# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Looking at points and pixels, checked with the URDF's own camera and with OpenCV's pinhole."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.errors import InvalidCommandError, RobotError
from reachy_mini_ros.robot.geometry import kinematics, limits, look, rotations
from reachy_mini_ros.robot.geometry.camera_models import SIMULATION, camera_model
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.state import Matrix, RobotState, Target
from reachy_mini_ros.simulation.picture import HEAD_TO_CAMERA


def state_at(pose: Matrix) -> RobotState:
    joints = kinematics.inverse(pose, 0.0, automatic_body_yaw=True)
    assert joints is not None
    return RobotState(pose, joints, np.array([0.3, -0.4]), 0)


def in_camera(point: Matrix, pose: Matrix) -> Matrix:
    camera = pose @ look.head_to_camera()
    return np.asarray(camera[:3, :3].T @ (point - camera[:3, 3]))


def off_axis_rad(point: Matrix, pose: Matrix) -> float:
    x, y, z = in_camera(point, pose)
    return math.atan2(math.hypot(x, y), z)


@given(
    st.floats(0.3, 20.0),
    st.floats(-math.pi, math.pi),
    st.floats(-1.3, 1.3),
)
def test_the_ray_hits_and_the_head_is_level_wherever_the_point_is(
    distance: float, azimuth: float, elevation: float
) -> None:
    point = distance * np.array(
        [
            math.cos(azimuth) * math.cos(elevation),
            math.sin(azimuth) * math.cos(elevation),
            math.sin(elevation),
        ]
    )
    pose = look.level_pose(point)
    # The URDF's digits turn the optical axis by 4e-6 rad.
    assert off_axis_rad(point, pose) < 1e-5
    assert pose[2, 1] == 0.0
    assert pose[2, 2] > 0.0
    assert (pose[:3, 3] == 0.0).all()
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)


def test_what_is_behind_is_looked_at_by_turning_round() -> None:
    pose = look.level_pose(np.array([-2.0, -0.1, 0.3]))
    limits.check(Target(head_pose=pose))
    assert abs(rotations.roll_pitch_yaw(pose)[2]) > 3.0


@pytest.mark.parametrize(
    ("point", "text"),
    [
        ([0.05, 0.0, 0.05], "too near"),
        ([0.0, 0.0, 0.0], "too near"),
        ([math.nan, 0.0, 0.0], "NaN or infinity"),
        ([math.inf, 0.0, 0.0], "NaN or infinity"),
        ([0.0, -1.001e6, 0.0], "further away than 1e\\+06 m"),
        ([1.0, 0.0], "NaN or infinity"),
    ],
)
def test_a_point_that_cannot_be_looked_at_is_refused(point: list[float], text: str) -> None:
    with pytest.raises(InvalidCommandError, match=text):
        look.level_pose(np.array(point))


def test_the_nearest_point_is_five_centimetres_before_the_camera() -> None:
    forward, left, up = look.head_to_camera()[:3, 3]
    near = np.array([forward + look.NEAREST_M + 1e-6, left, up])
    assert look.NEAREST_M == 0.05
    pose = look.level_pose(near)
    np.testing.assert_allclose(pose, np.eye(4), atol=1e-4)
    assert look.pointing_error(near, pose) == pytest.approx(off_axis_rad(near, pose), abs=1e-9)
    with pytest.raises(InvalidCommandError, match="too near"):
        look.level_pose(near - [2e-6, 0.0, 0.0])
    look.level_pose(np.array([1e6, -1e6, 1e6]))


def test_the_pointing_error_is_the_angle_off_the_optical_axis() -> None:
    for point in ([1.0, 0.3, 0.2], [0.5, -0.4, 0.0], [-1.0, 0.2, 0.1]):
        turned = look.level_pose(np.array([1.0, 0.4, -0.1]))
        error = look.pointing_error(np.array(point), turned)
        assert error == pytest.approx(off_axis_rad(np.array(point), turned), abs=1e-9)
        assert error > 0.05


def test_a_point_overhead_is_out_of_reach_and_the_reason_says_so() -> None:
    with pytest.raises(InvalidCommandError, match=r"pitch -.* outside"):
        limits.check(Target(head_pose=look.level_pose(np.array([0.3, 0.0, 2.0]))))


def test_a_point_may_be_given_in_any_frame_of_the_tree() -> None:
    pose = look.level_pose(np.array([0.7, 1.5, 0.2]))
    state = state_at(pose)
    ahead = look.point_in_world(np.array([0.0, 0.0, 3.0]), "camera_optical", state)
    np.testing.assert_allclose(in_camera(ahead, pose), [0, 0, 3], atol=1e-5)
    nose = look.point_in_world(np.array([0.1, 0.0, 0.0]), "head", state)
    np.testing.assert_allclose(nose, pose[:3, :3] @ [0.1, 0, 0], atol=1e-5)
    root = look.point_in_world(np.array([1.0, 2.0, 3.0]), robot_tree().root, state)
    np.testing.assert_allclose(root, [1.0, 2.0, 3.0 - 0.177])
    for link in robot_tree().links:
        assert np.isfinite(look.point_in_world(np.zeros(3), link, state)).all()


def test_an_unknown_frame_and_a_head_pose_that_cannot_be_are_refused() -> None:
    state = state_at(np.eye(4))
    with pytest.raises(InvalidCommandError, match="'map' is not a frame of the robot's URDF"):
        look.point_in_world(np.zeros(3), "map", state)
    wrong = np.eye(4)
    wrong[2, 3] = -0.15
    with pytest.raises(RobotError, match="head pose is wrong"):
        look.point_in_world(
            np.zeros(3), "head", RobotState(wrong, state.head_joints, np.ones(2), 0)
        )


def test_the_urdf_s_camera_is_the_simulation_s() -> None:
    np.testing.assert_allclose(look.head_to_camera(), HEAD_TO_CAMERA, atol=1e-5)


@pytest.mark.parametrize(
    ("camera", "width", "height", "margin"),
    [
        (SIMULATION, 1280, 720, 0),
        ("lite", 1920, 1080, 0),
        ("wireless", 1280, 720, 0),
        # Its polynomial turns back in the corners.
        ("arducam", 640, 360, 90),
    ],
)
def test_a_pixel_s_point_is_projected_onto_that_pixel_by_opencv(
    camera: str, width: int, height: int, margin: int
) -> None:
    model = camera_model(camera, width, height)
    pose = look.level_pose(np.array([1.0, 0.5, 0.1]))
    for u in np.linspace(margin, width - 1 - margin, 9):
        for v in np.linspace(margin, height - 1 - margin, 7):
            point = look.point_of_pixel(float(u), float(v), model, pose, depth_m=2.0)
            seen = in_camera(point, pose)
            assert seen[2] == pytest.approx(2.0)
            pixel, _ = cv2.projectPoints(
                seen[None], np.zeros(3), np.zeros(3), model.k, np.array(model.d)
            )
            np.testing.assert_allclose(pixel.ravel(), [u, v], atol=0.2)


def test_a_pixel_that_the_lens_model_does_not_reach_is_refused() -> None:
    with pytest.raises(InvalidCommandError, match="lens model is not valid at pixel"):
        look.point_of_pixel(0.0, 0.0, camera_model("arducam", 640, 360), np.eye(4))


@pytest.mark.parametrize(
    ("u", "v", "depth", "text"),
    [
        (1280.0, 0.0, 1.0, "outside the picture of 1280 x 720"),
        (-1.0, 0.0, 1.0, "outside the picture"),
        (-0.51, 0.0, 1.0, "outside the picture"),
        (0.0, -0.51, 1.0, "outside the picture"),
        (1279.51, 0.0, 1.0, "outside the picture"),
        (0.0, 719.51, 1.0, "outside the picture"),
        (5.0, 5.0, 0.0, "not in front"),
        (math.nan, 0.0, 1.0, "outside the picture"),
        (5.0, 5.0, -1.0, "not in front"),
        (5.0, 5.0, math.inf, "not in front"),
    ],
)
def test_a_pixel_that_shows_nothing_is_refused(u: float, v: float, depth: float, text: str) -> None:
    with pytest.raises(InvalidCommandError, match=text):
        look.point_of_pixel(u, v, camera_model(SIMULATION, 1280, 720), np.eye(4), depth)


@pytest.mark.parametrize(("u", "v"), [(-0.5, -0.5), (1279.5, 719.5)])
def test_a_picture_s_edge_is_in_it(u: float, v: float) -> None:
    model = camera_model(SIMULATION, 1280, 720)
    shown = in_camera(look.point_of_pixel(u, v, model, np.eye(4)), np.eye(4))
    assert shown[2] == pytest.approx(1.5), "where nobody says how far it is"
    assert shown[:2] / 1.5 == pytest.approx((np.array([u, v]) - model.k[:2, 2]) / model.k[0, 0])
