# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Many pictures in one: strips, a grid, and a panorama by the known poses and camera matrices.

The panorama is on a cylinder around the middle of the head. As both the poses and the camera are
known, nothing is matched: blank walls are no obstacle, and each column is at its true yaw.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.media.frames import Picture
from reachy_mini_ros.robot.geometry.camera_models import CameraModel
from reachy_mini_ros.robot.geometry.look import head_to_camera
from reachy_mini_ros.robot.state import Matrix

DISTANCE_M = 2.0
"""Of what is seen: the camera moves 8 cm to and fro as the head turns round."""
WIDEST_PX = 16_000
STEEPEST = math.tan(math.radians(60.0))
"""A cylinder has no place for what is straight up or down."""
LARGEST_GAP = 0.85
"""Between two neighbours, as a part of the width of a picture; more is no overlap to blend over."""

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class View:
    """One picture and where it was taken."""

    image: Picture
    head_pose: Matrix
    """4x4, world -> head, metres."""
    model: CameraModel | None
    """Of pictures of this size; without it they make strips, and no panorama."""
    pitch: float
    """Of its row, as it was asked for, degrees."""

    @property
    def yaw(self) -> float:
        """Return where the head looked, measured, rad."""
        return math.atan2(self.head_pose[1, 0], self.head_pose[0, 0])

    @property
    def camera(self) -> CameraModel:
        """Return the model, which must be known."""
        assert self.model is not None, "an obstacle to a panorama"
        return self.model

    @property
    def half_width(self) -> float:
        """Return half of the horizontal field of view, rad."""
        return math.atan(self.camera.width / 2 / self.camera.k[0, 0])


@dataclass(frozen=True, slots=True)
class Extent:
    """What a panorama shows: column x is at yaw ``left`` - x / ``scale``."""

    left: float
    """Yaw of the middle of the first column, rad."""
    scale: float
    """px per rad."""
    width: int
    top: float
    """Tangent of the elevation of the middle of the first row; each further row is 1 / ``scale``
    lower."""
    height: int


def strip(views: Sequence[View]) -> Picture:
    """Return pictures side by side, from the left-most by its measured yaw."""
    ordered = [view.image for view in sorted(views, key=lambda view: -view.yaw)]
    height = min(image.shape[0] for image in ordered)
    width = sum(image.shape[1] * height // image.shape[0] for image in ordered)
    height = max(1, round(height * min(1.0, WIDEST_PX / width)))
    return np.hstack([_of_height(image, height) for image in ordered])


def grid(strips: Sequence[Picture]) -> Picture:
    """Return strips one below the other, each in the middle."""
    width = max(one.shape[1] for one in strips)

    def padded(one: Picture) -> Picture:
        left = (width - one.shape[1]) // 2
        return np.pad(one, ((0, 0), (left, width - one.shape[1] - left), (0, 0)))

    return np.vstack([padded(one) for one in strips])


def obstacle(views: Sequence[View]) -> str:
    """Return why the pictures make no panorama, empty if they do."""
    if len(views) < 2:
        return "fewer than two pictures were taken"
    if any(view.model is None for view in views):
        return "the camera's matrix was not known"
    ordered = sorted(views, key=lambda view: view.yaw)
    for left, right in zip(ordered[1:], ordered[:-1], strict=True):
        most = LARGEST_GAP * (left.half_width + right.half_width)
        if left.yaw - right.yaw > most:
            return (
                f"between yaw {math.degrees(right.yaw):.0f} and {math.degrees(left.yaw):.0f} the "
                f"pictures do not overlap enough: they are {math.degrees(most):.0f} degrees apart "
                "at most"
            )
    return ""


def extent(views: Sequence[View]) -> Extent:
    """Return what a panorama of the views shows."""
    ordered = sorted(views, key=lambda view: view.yaw)
    first, last = ordered[0], ordered[-1]
    right, left = first.yaw - first.half_width, last.yaw + last.half_width
    if left - right >= math.tau:  # all around: what is behind is at both ends
        right, left = -math.pi, math.pi
    scale = min(max(view.camera.k[0, 0] for view in views), WIDEST_PX / (left - right))
    heights = [_elevations(view) for view in views]
    top = min(max(high for high, _ in heights), STEEPEST)
    bottom = max(min(low for _, low in heights), -STEEPEST)
    return Extent(
        left - 0.5 / scale,
        float(scale),
        max(1, int((left - right) * scale)),
        top - 0.5 / scale,
        max(1, int((top - bottom) * scale)),
    )


def stitch(views: Sequence[View], of: Extent) -> Picture:
    """Return the panorama: where pictures overlap they fade into each other."""
    total = np.zeros((of.height, of.width, 3), np.float32)
    weights = np.zeros((of.height, of.width), np.float32)
    yaws = of.left - np.arange(of.width) / of.scale
    rise = of.top - np.arange(of.height) / of.scale
    for view in views:
        away = np.abs(np.mod(yaws - view.yaw + math.pi, math.tau) - math.pi)
        # A pitched or rolled picture is wider than its horizontal field of view.
        columns = np.flatnonzero(away < view.half_width + 0.5)
        if columns.size == 0:
            continue
        x, y, weight = _seen(view, yaws[columns], rise)
        seen = cv2.remap(view.image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        total[:, columns] += weight[..., None] * seen
        weights[:, columns] += weight
    known = weights > 0.0
    total[known] /= weights[known][:, None]
    return np.asarray(np.clip(total + 0.5, 0, 255), np.uint8)


def _seen(view: View, yaws: Matrix, rise: Matrix) -> tuple[Plane, Plane, Plane]:
    """Return where in a picture each point of the cylinder is, px, and how much it counts."""
    camera = view.head_pose @ head_to_camera()
    points = np.empty((rise.size, yaws.size, 3))
    points[..., 0] = DISTANCE_M * np.cos(yaws)
    points[..., 1] = DISTANCE_M * np.sin(yaws)
    points[..., 2] = DISTANCE_M * rise[:, None]
    inside = (points - camera[:3, 3]) @ camera[:3, :3]
    in_front = inside[..., 2] > 0.2 * np.linalg.norm(inside, axis=-1)
    inside[~in_front] = (0.0, 0.0, 1.0)
    zero, model = np.zeros(3), view.camera
    pixels, _ = cv2.projectPoints(
        inside.reshape(-1, 3), zero, zero, model.k, np.array(model.d or (0.0,) * 5)
    )
    x, y = (pixels.reshape(*in_front.shape, 2)[..., axis] for axis in (0, 1))
    # Highest in the middle, nothing at the edge.
    across = 1.0 - np.abs(2.0 * (x + 0.5) / model.width - 1.0)
    along = 1.0 - np.abs(2.0 * (y + 0.5) / model.height - 1.0)
    weight = np.where(in_front, np.clip(np.minimum(across, along), 0.0, 1.0), 0.0)
    return x.astype(np.float32), y.astype(np.float32), weight.astype(np.float32)


def _elevations(view: View) -> tuple[float, float]:
    """Return the tangents of the highest and lowest elevation in the middle of a picture."""
    pitch = math.atan2(-view.head_pose[2, 0], math.hypot(*view.head_pose[:2, 0]))
    half = math.atan(view.camera.height / 2 / view.camera.k[1, 1])
    steepest = math.atan(STEEPEST)
    low, high = (max(-steepest, min(steepest, -pitch + side)) for side in (-half, half))
    return math.tan(high), math.tan(low)


def _of_height(image: Picture, height: int) -> Picture:
    if image.shape[0] == height:
        return image
    width = max(1, image.shape[1] * height // image.shape[0])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
