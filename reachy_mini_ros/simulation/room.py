# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The room around the robot: four walls, floor, ceiling and the table it stands on."""

import numpy as np

from reachy_mini_ros.simulation.planes import Array, Plane
from reachy_mini_ros.simulation.yuv import Yuv

FRONT, BACK, LEFT, RIGHT = 2.3, -1.9, 2.1, -2.1
FLOOR, CEILING, TABLE = -0.93, 1.47, -0.177
_X, _Y, _Z = np.eye(3)


def build(focal_px: float, seed: int) -> list[Plane]:
    """Return the room's planes, in an order in which they can be painted one over the other."""
    random = np.random.default_rng(seed)
    metre_px = focal_px / 2.2

    def plane(origin: Array, right: Array, down: Array, size: tuple[float, float]) -> Plane:
        width, height = (round(length * metre_px / 2) * 2 for length in size)
        colour = random.integers(90, 220, 3)
        image = np.full((height, width, 3), colour, np.uint8)
        image[:: int(metre_px / 4)] //= 2
        image[:, :: int(metre_px / 4)] //= 2
        return Plane(origin, right, down, Yuv.from_bgr(image), metre_px)

    wide, deep, high = LEFT - RIGHT, FRONT - BACK, CEILING - FLOOR
    return [
        plane(np.array([BACK, LEFT, CEILING]), -_Y, _X, (wide, deep)),
        plane(np.array([FRONT, LEFT, FLOOR]), -_Y, -_X, (wide, deep)),
        plane(np.array([FRONT, LEFT, CEILING]), -_Y, -_Z, (wide, high)),
        plane(np.array([BACK, LEFT, CEILING]), _X, -_Z, (deep, high)),
        plane(np.array([BACK, RIGHT, CEILING]), _Y, -_Z, (wide, high)),
        plane(np.array([FRONT, RIGHT, CEILING]), -_X, -_Z, (deep, high)),
        plane(np.array([0.8, 0.7, TABLE]), -_Y, -_X, (1.4, 1.2)),
    ]
