# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The room around the robot: four walls, floor, ceiling and the table it stands on.

All lengths in metres, in the world frame of the head poses: the neutral head is the origin.
"""

from collections.abc import Callable

import numpy as np

from reachy_mini_ros.simulation import decoration
from reachy_mini_ros.simulation.canvas import Canvas, Colour, colour
from reachy_mini_ros.simulation.landmarks import (
    HUES,
    MIDDLE_RADIUS_M,
    RADIUS_M,
    Ball,
    Landmark,
    landmarks,
)
from reachy_mini_ros.simulation.planes import Array, Plane
from reachy_mini_ros.simulation.yuv import Yuv

FRONT, BACK, LEFT, RIGHT = 2.3, -1.9, 2.1, -2.1
FLOOR, CEILING, TABLE = -0.93, 1.47, -0.177
WIDE, DEEP, HIGH = LEFT - RIGHT, FRONT - BACK, CEILING - FLOOR
LANDMARKS = landmarks(FRONT, BACK, LEFT, RIGHT)

_X, _Y, _Z = np.eye(3)
# Texture pixels are about as large as the picture's at this distance.
_SHARP_AT_M = 2.2

Paint = Callable[[Canvas, np.random.Generator], None]


def build(focal_px: float, seed: int) -> list[Plane]:
    """Return the room's planes, in an order in which they can be painted one over the other."""
    metre_px = focal_px / _SHARP_AT_M
    random = np.random.default_rng(seed)

    def plane(
        corner: tuple[float, float, float],
        right: Array,
        down: Array,
        size: tuple[float, float],
        paint: Paint,
    ) -> Plane:
        canvas = Canvas(*size, metre_px, (255, 255, 255))
        paint(canvas, random)
        origin = np.array(corner)
        for landmark in LANDMARKS:
            offset = landmark.position - origin
            if abs(offset @ np.cross(right, down)) < 1e-6:
                _hang(canvas, landmark, float(offset @ right), float(offset @ down))
        return Plane(origin, right, down, Yuv.from_bgr(canvas.image), metre_px)

    wall = (WIDE, HIGH)
    side = (DEEP, HIGH)
    return [
        plane((BACK, LEFT, CEILING), -_Y, _X, (WIDE, DEEP), decoration.ceiling),
        plane((FRONT, LEFT, FLOOR), -_Y, -_X, (WIDE, DEEP), decoration.floor),
        plane((FRONT, LEFT, CEILING), -_Y, -_Z, wall, decoration.front_wall),
        plane((BACK, LEFT, CEILING), _X, -_Z, side, decoration.left_wall),
        plane((BACK, RIGHT, CEILING), _Y, -_Z, wall, decoration.back_wall),
        plane((FRONT, RIGHT, CEILING), -_X, -_Z, side, decoration.right_wall),
        plane((0.8, 0.7, TABLE), -_Y, -_X, (1.4, 1.2), decoration.table),
    ]


def _hang(canvas: Canvas, landmark: Landmark, x: float, y: float) -> None:
    """Draw a landmark, and with the topmost ball of a pole the pole itself."""
    if landmark.ball is Ball.PLAIN:
        canvas.box(x - 0.012, y - 0.1, 0.024, 0.92, colour(30, 0.08, 0.55))
        azimuth = 180 - (180 - HUES.index(landmark.hue) * 45) % 360
        canvas.box(x - 0.1, y - 0.2, 0.2, 0.1, (250, 250, 250))
        canvas.text(
            x, y - 0.15, f"{azimuth:+d}" if azimuth % 180 else str(azimuth), 0.05, (70, 70, 70)
        )
    middle: dict[Ball, Colour] = {Ball.WHITE: (250, 250, 250), Ball.BLACK: (20, 20, 20)}
    canvas.disc(x, y, RADIUS_M + 0.012, (245, 245, 245))
    canvas.disc(x, y, RADIUS_M, colour(landmark.hue * 2, 1.0, 0.9))
    if landmark.ball in middle:
        canvas.disc(x, y, MIDDLE_RADIUS_M, middle[landmark.ball])
