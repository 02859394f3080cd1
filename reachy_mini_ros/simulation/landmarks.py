# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Coloured poles around the robot, and how a picture tells from them where the head looks.

Every 45 degrees of azimuth a pole with three balls hangs on the wall. The colour tells the pole,
the ball's middle tells its height: plain at the top, white in the middle, black at the bottom.
Nothing else in the room is as saturated as the balls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.simulation.planes import Array
from reachy_mini_ros.simulation.yuv import Image

HUES = (157, 67, 112, 22, 90, 0, 135, 45)
"""Of the poles at 0, 45, 90 ... degrees to the left of straight ahead; OpenCV's, 0..179."""
HEIGHTS_M = (0.40, 0.05, -0.30)
RADIUS_M = 0.06
MIDDLE_RADIUS_M = 0.025

_HUE_TOLERANCE = 8
_SATURATION_MIN, _VALUE_MIN = 150, 80


class Ball(IntEnum):
    """Place on the pole."""

    PLAIN = 0
    WHITE = 1
    BLACK = 2


@dataclass(frozen=True, slots=True)
class Landmark:
    """One ball."""

    hue: int
    ball: Ball
    position: Array
    """Of its centre in the world frame, metres."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A landmark and where it is in a picture, pixels."""

    landmark: Landmark
    pixel: Array


def landmarks(front: float, back: float, left: float, right: float) -> list[Landmark]:
    """Return the landmarks of a room whose walls stand there, metres."""
    found = []
    for index, hue in enumerate(HUES):
        direction = np.array([np.cos(index * np.pi / 4), np.sin(index * np.pi / 4)])
        walls = np.where(direction > 0, (front, left), (back, right))
        distances = walls / np.where(np.abs(direction) > 1e-9, direction, 1e-9)
        x, y = direction * np.min(np.abs(distances))
        for ball, z in zip(Ball, HEIGHTS_M, strict=True):
            found.append(Landmark(hue, ball, np.array([x, y, z])))
    return found


def find(image_bgr: Image, known: list[Landmark]) -> list[Sighting]:
    """Return the landmarks that are wholly in a picture."""
    hsv = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2HSV), np.uint8)
    by_name = {(landmark.hue, landmark.ball): landmark for landmark in known}
    sightings = []
    for hue in HUES:
        for ball, pixel in _balls(hsv, hue):
            sightings.append(Sighting(by_name[hue, ball], pixel))
    return sightings


def solve(
    sightings: list[Sighting], k: Array, head_to_camera: Matrix, head_position: Array
) -> Array | None:
    """Return the head's rotation (3x3, world -> head) that shows what was seen.

    ``k`` is the camera matrix for the picture's size, ``head_position`` where the head is
    (metres). None with fewer than two landmarks. The rotation is the least-squares one of
    Wahba's problem by singular value decomposition (Markley 1988), found again as the camera
    moves with it.
    """
    if len(sightings) < 2:
        return None
    pixels = np.array([[*sighting.pixel, 1.0] for sighting in sightings])
    seen = _units(pixels @ np.linalg.inv(k).T) @ head_to_camera[:3, :3].T
    positions = np.array([sighting.landmark.position for sighting in sightings])
    rotation: Array = np.eye(3)
    for _ in range(5):
        camera = head_position + rotation @ head_to_camera[:3, 3]
        u, _, vt = np.linalg.svd(_units(positions - camera).T @ seen)
        rotation = np.asarray(u @ np.diag([1.0, 1.0, np.linalg.det(u) * np.linalg.det(vt)]) @ vt)
    return rotation


def _balls(hsv: NDArray[np.uint8], hue: int) -> Iterator[tuple[Ball, Array]]:
    height, width = hsv.shape[:2]
    distance = np.abs((hsv[:, :, 0].astype(np.int16) - hue + 90) % 180 - 90)
    mask = (
        (distance <= _HUE_TOLERANCE)
        & (hsv[:, :, 1] >= _SATURATION_MIN)
        & (hsv[:, :, 2] >= _VALUE_MIN)
    )
    # Contours, because the middle of a ring is missing from the mask.
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        x, y, w, h = cv2.boundingRect(outline)
        moments = cv2.moments(outline)
        whole = x > 0 and y > 0 and x + w < width and y + h < height
        if not whole or moments["m00"] < (width / 100) ** 2 or not 0.4 < w / h < 2.5:
            continue
        pixel = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
        column, row = np.round(pixel).astype(int)
        if mask[row, column]:
            yield Ball.PLAIN, pixel
        else:
            yield (Ball.WHITE if hsv[row, column, 2] > 128 else Ball.BLACK), pixel


def _units(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
