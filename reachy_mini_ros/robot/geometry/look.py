# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Head poses that point the camera at something, with the head level.

Points are x, y, z in metres in the frame of the head poses: that of the neutral head. Unlike the
SDK's shortest arc, yaw and pitch alone turn the head, so that the picture stays upright, and a
point behind is looked at by turning round.
"""

import functools
import math

import cv2
import numpy as np

from reachy_mini_ros.errors import InvalidCommandError, RobotError
from reachy_mini_ros.robot.geometry.camera_models import CameraModel
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.geometry.limits import ANTENNA_JOINTS, HEAD_JOINTS
from reachy_mini_ros.robot.geometry.passive_joints import PASSIVE_JOINTS, platform
from reachy_mini_ros.robot.sdk import ROOT_TO_NEUTRAL_HEAD_M
from reachy_mini_ros.robot.state import Matrix, RobotState
from reachy_mini_ros.texts import LONGEST_NAME, shown

CAMERA_FRAME = "camera_optical"
"""z forward, x to the right, y down in the picture."""
USUAL_DISTANCE_M = 1.5
"""Of what a pixel shows, where nobody says: the camera moves sideways as the head turns."""
NEAREST_M = 0.05
"""In front of the camera."""
FARTHEST_M = 1e6
REFINEMENTS = 20
UNDISTORTED_PX = 0.1


def level_pose(point: Matrix) -> Matrix:
    """Return the head pose (4x4) without roll whose camera points at ``point``.

    The head is where it is when neutral: that gives it the largest reach, and commands that follow
    each other do not let it wander.

    Raises InvalidCommandError for a point that is not finite, absurdly far away, or too near to be
    in front of the camera. Whether the pose can be reached is for
    :mod:`reachy_mini_ros.robot.geometry.limits` to say.
    """
    if point.shape != (3,) or not np.isfinite(point).all():
        raise InvalidCommandError("point: NaN or infinity is not allowed, send finite numbers")
    if np.abs(point).max() > FARTHEST_M:
        raise InvalidCommandError(f"the point is further away than {FARTHEST_M:g} m: give metres")
    forward, left, up = head_to_camera()[:3, 3]
    x, y, z = point.tolist()
    # The optical axis is the head's x axis, moved by (forward, left, up). First turn until the
    # point is as far to the left as the camera, then tilt until it is as high.
    across = math.hypot(x, y)
    ahead = math.sqrt(max(0.0, across**2 - left**2))
    distance = math.hypot(ahead, z)
    if across <= abs(left) or distance**2 - up**2 < (forward + NEAREST_M) ** 2:
        raise InvalidCommandError(
            f"the point is {distance:.2f} m from the middle of the head, too near to be in front "
            "of the camera: look at one further away"
        )
    yaw = math.atan2(y, x) - math.asin(left / across)
    pitch = math.asin(up / distance) - math.atan2(z, ahead)
    cos_yaw, sin_yaw, cos_pitch, sin_pitch = (
        math.cos(yaw),
        math.sin(yaw),
        math.cos(pitch),
        math.sin(pitch),
    )
    pose = np.eye(4)
    pose[:3, :3] = [
        [cos_yaw * cos_pitch, -sin_yaw, cos_yaw * sin_pitch],
        [sin_yaw * cos_pitch, cos_yaw, sin_yaw * sin_pitch],
        [-sin_pitch, 0.0, cos_pitch],
    ]
    return pose


def point_in_world(point: Matrix, frame: str, state: RobotState) -> Matrix:
    """Return a point that is given in any frame of the robot's tree.

    Raises InvalidCommandError for a frame that is not in the tree, RobotError if it cannot be told
    where the frame is because the daemon's head pose is wrong.
    """
    tree = robot_tree()
    if frame not in tree.links:
        raise InvalidCommandError(
            f"'{shown(frame, LONGEST_NAME)}' is not a frame of the robot's URDF, such as "
            f"{tree.root}, head or camera: transform the point first"
        )
    positions: dict[str, float] = {}
    if frame != tree.root:
        passive = platform().solve(state.head_pose, state.head_joints)
        if not passive.consistent:
            raise RobotError(f"where '{frame}' is cannot be told: the daemon's head pose is wrong")
        positions.update(zip(HEAD_JOINTS, state.head_joints.tolist(), strict=True))
        positions.update(zip(ANTENNA_JOINTS, (-state.antennas).tolist(), strict=True))
        positions.update(zip(PASSIVE_JOINTS, passive.angles.tolist(), strict=True))
    with np.errstate(all="ignore"):  # what is not finite is for level_pose to say
        world = (tree.pose(frame, positions) @ np.append(point, 1.0))[:3]
    world[2] -= ROOT_TO_NEUTRAL_HEAD_M
    return np.asarray(world)


def point_of_pixel(
    u: float, v: float, model: CameraModel, head_pose: Matrix, depth_m: float = USUAL_DISTANCE_M
) -> Matrix:
    """Return what pixel ``u``, ``v`` of a picture taken at ``head_pose`` shows.

    The centre of the first pixel is (0, 0); ``depth_m`` is along the optical axis.

    Raises InvalidCommandError for a pixel outside the picture, or where the lens model is not
    valid.
    """
    if not (-0.5 <= u <= model.width - 0.5 and -0.5 <= v <= model.height - 0.5):
        raise InvalidCommandError(
            f"pixel ({u:g}, {v:g}) is outside the picture of {model.width} x {model.height}"
        )
    if not math.isfinite(depth_m) or depth_m <= 0.0:
        raise InvalidCommandError(f"a depth of {depth_m:g} m is not in front of the camera")
    lens, centre = np.array(model.d), np.zeros(3)
    pixel, focal = np.array([u, v]), model.k.diagonal()[:2]
    ray = np.append(cv2.undistortPoints(pixel[None, None], model.k, lens).ravel(), 1.0)
    for _ in range(REFINEMENTS):  # OpenCV's own few iterations leave pixels in the corners
        projected, _jacobian = cv2.projectPoints(ray[None], centre, centre, model.k, lens)
        error = pixel - projected.ravel()
        ray[:2] += error / focal
    if not np.abs(error).max() < UNDISTORTED_PX:
        raise InvalidCommandError(f"the lens model is not valid at pixel ({u:g}, {v:g})")
    camera = head_pose @ head_to_camera()
    return np.asarray(camera[:3, :3] @ (ray * depth_m) + camera[:3, 3])


def pointing_error(point: Matrix, head_pose: Matrix) -> float:
    """Return the angle in rad between the optical axis and the way from the camera to a point."""
    camera = head_pose @ head_to_camera()
    x, y, z = (point - camera[:3, 3]) @ camera[:3, :3]
    return math.atan2(math.hypot(x, y), z)


@functools.cache
def head_to_camera() -> Matrix:
    """Return the optical frame's pose (4x4) in the head, from the URDF."""
    tree = robot_tree()
    zero = dict.fromkeys(tree.movable, 0.0)
    return np.asarray(np.linalg.inv(tree.pose("head", zero)) @ tree.pose(CAMERA_FRAME, zero))
