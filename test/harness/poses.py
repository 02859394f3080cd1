# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Head poses for tests, computed without the package."""

import numpy as np

from reachy_mini_ros.robot.state import Matrix

NEUTRAL_JOINTS = np.array([0.0, 0.6265, -0.6265, 0.6265, -0.6265, 0.6265, -0.6265])
"""[body_yaw, stewart_1..6], rad."""


def pose(x: float, y: float, z: float, roll: float, pitch: float, yaw: float) -> Matrix:
    """Return a head pose, 4x4, metres and rad."""
    (sr, sp, sy), (cr, cp, cy) = np.sin([roll, pitch, yaw]), np.cos([roll, pitch, yaw])
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    matrix = np.eye(4)
    matrix[:3, :3] = about_z @ about_y @ about_x
    matrix[:3, 3] = (x, y, z)
    return matrix
