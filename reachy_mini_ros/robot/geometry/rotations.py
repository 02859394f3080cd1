# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rotation vectors: the exponential map of SO(3), its inverse, and its rates."""

import math

import numpy as np

from reachy_mini_ros.robot.geometry.frames import axis_rotation
from reachy_mini_ros.robot.state import Matrix

_TINY = 1e-9


def exp(vector: Matrix) -> Matrix:
    """Return the 3x3 rotation about ``vector`` (rad) by its length."""
    angle = float(np.linalg.norm(vector))
    return np.eye(3) if angle < _TINY else axis_rotation(vector / angle, angle)


def log(rotation: Matrix) -> Matrix:
    """Return the rotation vector (rad) of a 3x3 rotation of less than half a turn."""
    doubled = np.array(
        [
            rotation[2, 1] - rotation[1, 2],
            rotation[0, 2] - rotation[2, 0],
            rotation[1, 0] - rotation[0, 1],
        ]
    )
    sine, cosine = float(np.linalg.norm(doubled)) / 2.0, (float(np.trace(rotation)) - 1.0) / 2.0
    angle = math.atan2(sine, cosine)
    return doubled / 2.0 if sine < _TINY else doubled / (2.0 * sine) * angle


def rate(vector: Matrix, spin: Matrix) -> Matrix:
    """Return the derivative of a rotation vector for an angular velocity in the turned frame.

    The inverse of the right Jacobian of SO(3): Solà, Deray, Atchuthan, "A micro Lie theory for
    state estimation in robotics", equation 144.
    """
    angle = float(np.linalg.norm(vector))
    if angle < _TINY:
        return spin
    factor = 1.0 / angle**2 - (1.0 + math.cos(angle)) / (2.0 * angle * math.sin(angle))
    once = np.cross(vector, spin)
    return np.asarray(spin + 0.5 * once + factor * np.cross(vector, once))
