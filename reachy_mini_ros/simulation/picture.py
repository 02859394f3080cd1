# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot's camera sees of the room: a pinhole, without distortion."""

import cv2
import numpy as np

from reachy_mini_ros.robot.geometry.camera_models import SIMULATION, camera_model
from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.simulation.landmarks import find, solve
from reachy_mini_ros.simulation.planes import Array, paint
from reachy_mini_ros.simulation.room import LANDMARKS, build
from reachy_mini_ros.simulation.yuv import Image, Yuv

HEAD_TO_CAMERA: Array = np.array(
    [
        [0.0, 0.0, 1.0, 0.0395],
        [-1.0, 0.0, 0.0, 0.0],
        [0.0, -1.0, 0.0, 0.0525],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
"""Pose of the optical frame (z forward, x right, y down) in the head, of the robot's URDF."""

_NEUTRAL: Array = np.zeros(3)
_STANDS = 1e-6
"""Metres and parts of a radian that the head moves by in less than a thousandth of a pixel."""


def camera_matrix(width: int, height: int) -> Array:
    """Return the true intrinsics of a picture of this size."""
    return camera_model(SIMULATION, width, height).k


class Picture:
    """Draws the room of a ``seed`` as it is seen from a head pose, in even pixels."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self._k = camera_matrix(width, height)
        self._planes = build(self._k[0, 0], seed)
        self._room = Yuv.empty(width, height)
        self._half = None if width % 4 or height % 4 else Yuv.empty(width // 2, height // 2)
        self._half_k = camera_matrix(width // 2, height // 2)
        self._seen_from: Matrix | None = None
        self._given = Yuv.empty(width, height)

    def draw(self, head_pose: Matrix, *, blurred: bool = False) -> Yuv:
        """Return the picture from ``head_pose`` (4x4, world -> head, m); the next one reuses it.

        It may be drawn into: the room is painted anew only for a head that has moved. ``blurred``
        paints it with half the detail, as a camera that turns sees it: half the work.
        """
        if self._seen_from is None or np.abs(head_pose - self._seen_from).max() > _STANDS:
            blurred = blurred and self._half is not None
            self._paint(head_pose @ HEAD_TO_CAMERA, blurred=blurred)
            self._seen_from = None if blurred else head_pose.copy()
        np.copyto(self._given.buffer, self._room.buffer)
        return self._given

    def _paint(self, camera: Array, *, blurred: bool) -> None:
        target, k = self._room, self._k
        if blurred and self._half is not None:
            target, k = self._half, self._half_k
        for plane in self._planes:
            paint(target, plane, k, camera[:3, :3], camera[:3, 3])
        if target is not self._room:
            for small, whole in zip(target.planes, self._room.planes, strict=True):
                cv2.resize(small, whole.shape[::-1], whole, interpolation=cv2.INTER_LINEAR)


def head_rotation(image_bgr: Image, head_position: Array = _NEUTRAL) -> Array | None:
    """Return the head's rotation (3x3, world -> head) as a picture of any size shows it.

    ``head_position`` is where the head is, metres. Good to half a degree. None if there are not
    two landmarks in the picture.
    """
    height, width = image_bgr.shape[:2]
    sightings = find(image_bgr, LANDMARKS)
    return solve(sightings, camera_matrix(width, height), HEAD_TO_CAMERA, head_position)
