# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot's camera sees of the room: a pinhole, without distortion."""

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
        self._seen_from: Matrix | None = None
        self._given = Yuv.empty(width, height)

    def draw(self, head_pose: Matrix) -> Yuv:
        """Return the picture from ``head_pose`` (4x4, world -> head, m); the next one reuses it.

        It may be drawn into: the room is painted anew only for a head that has moved.
        """
        if self._seen_from is None or np.abs(head_pose - self._seen_from).max() > _STANDS:
            camera = head_pose @ HEAD_TO_CAMERA
            for plane in self._planes:
                paint(self._room, plane, self._k, camera[:3, :3], camera[:3, 3])
            self._seen_from = head_pose.copy()
        np.copyto(self._given.buffer, self._room.buffer)
        return self._given


def head_rotation(image_bgr: Image, head_position: Array = _NEUTRAL) -> Array | None:
    """Return the head's rotation (3x3, world -> head) as a picture of any size shows it.

    ``head_position`` is where the head is, metres. Good to half a degree. None if there are not
    two landmarks in the picture.
    """
    height, width = image_bgr.shape[:2]
    sightings = find(image_bgr, LANDMARKS)
    return solve(sightings, camera_matrix(width, height), HEAD_TO_CAMERA, head_position)
