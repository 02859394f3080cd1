# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rotations as matrices, quaternions, roll-pitch-yaw angles and rotation vectors."""

import math

import numpy as np

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.state import Matrix

_TINY = 1e-9


def axis_rotation(axis: Matrix, angle_rad: float) -> Matrix:
    """Return the 3x3 rotation about a unit vector (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(
        np.eye(3) + math.sin(angle_rad) * cross + (1.0 - math.cos(angle_rad)) * (cross @ cross)
    )


def from_roll_pitch_yaw(roll: float, pitch: float, yaw: float) -> Matrix:
    """Return the 3x3 rotation Rz(yaw) Ry(pitch) Rx(roll) of fixed-axis angles in rad."""
    x, y, z = np.eye(3)
    return np.asarray(axis_rotation(z, yaw) @ axis_rotation(y, pitch) @ axis_rotation(x, roll))


def head_pose(
    roll: float = 0.0,
    pitch: float = 0.0,
    yaw: float = 0.0,
    x: float = 0.0,
    y: float = 0.0,
    z: float = 0.0,
) -> Matrix:
    """Return a head pose (4x4): rad, and metres from where the neutral head is."""
    pose = np.eye(4)
    pose[:3, :3] = from_roll_pitch_yaw(roll, pitch, yaw)
    pose[:3, 3] = (x, y, z)
    return pose


def all_roll_pitch_yaw(poses: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Return the fixed-axis roll, pitch and yaw (n each, rad) of many poses (nx4x4)."""
    return (
        np.arctan2(poses[:, 2, 1], poses[:, 2, 2]),
        np.arctan2(-poses[:, 2, 0], np.hypot(poses[:, 2, 1], poses[:, 2, 2])),
        np.arctan2(poses[:, 1, 0], poses[:, 0, 0]),
    )


def roll_pitch_yaw(head_pose: Matrix) -> tuple[float, float, float]:
    """Return the fixed-axis roll, pitch and yaw of a pose in rad, Rz(yaw) Ry(pitch) Rx(roll)."""
    rotation = head_pose[:3, :3]
    return (
        math.atan2(rotation[2, 1], rotation[2, 2]),
        math.atan2(-rotation[2, 0], math.hypot(rotation[2, 1], rotation[2, 2])),
        math.atan2(rotation[1, 0], rotation[0, 0]),
    )


def to_quaternion(pose: Matrix) -> tuple[float, float, float, float]:
    """Return x, y, z, w with w >= 0 of a pose's rotation (Shepperd's method)."""
    (a, b, c), (d, e, f), (g, h, i) = pose[:3, :3].tolist()
    if a + e + i > 0.0:
        x, y, z, w = h - f, c - g, d - b, 1.0 + a + e + i
    elif a >= e and a >= i:
        x, y, z, w = 1.0 + a - e - i, b + d, c + g, h - f
    elif e >= i:
        x, y, z, w = b + d, 1.0 - a + e - i, f + h, c - g
    else:
        x, y, z, w = c + g, f + h, 1.0 - a - e + i, d - b
    scale = math.copysign(1.0 / math.sqrt(x * x + y * y + z * z + w * w), w)
    return x * scale, y * scale, z * scale, w * scale


def from_quaternion(quaternion: tuple[float, float, float, float]) -> Matrix:
    """Return the 3x3 rotation of a quaternion x, y, z, w of any length but zero.

    Raises InvalidCommandError for a zero quaternion.
    """
    largest = max(map(abs, quaternion))
    if largest < 1e-6:
        raise InvalidCommandError(
            "head pose: the orientation is a zero quaternion; no rotation is 0, 0, 0, 1"
        )
    length = math.hypot(*(value / largest for value in quaternion))
    x, y, z, w = (value / largest / length for value in quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


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
