# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The head's kinematics without the daemon, on the SDK's analytical engine.

Head poses are 4x4, world -> head, metres; head joints are [body_yaw, stewart_1..6] in rad.
"""

import functools
import math
import threading
from typing import Any

import numpy as np

from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.state import Matrix

ROUND_TRIP_RAD = 2e-3
_WALK_STEPS = 20
_POLISH_STEPS = 10
# The engine's forward solution starts from its last one: one caller at a time.
_lock = threading.Lock()


def inverse(head_pose: Matrix, body_yaw: float, *, automatic_body_yaw: bool) -> Matrix | None:
    """Return the head joints for a pose, None if the platform's arms cannot reach it.

    ``automatic_body_yaw`` turns the body further where the head would otherwise be more than 65
    degrees away from it, as the daemon does by default.
    """
    joints = np.asarray(_engine(automatic_body_yaw).ik(head_pose, body_yaw), dtype=np.float64)
    return joints if np.isfinite(joints).all() else None


def forward(joints: Matrix, near_joints: Matrix, near_pose: Matrix) -> Matrix | None:
    """Return the head pose for head joints, None if there is none that the joints agree with.

    The engine's Newton iteration finds the mirrored assembly of the platform when it starts far
    away, so this walks there in small steps from a known pair of joints and pose, and accepts
    the result only if the inverse gives the same joints again.
    """
    engine = _engine(False)
    offset = np.zeros((4, 4))
    offset[2, 3] = engine.head_z_offset
    with _lock:
        engine.kin.reset_forward_kinematics((near_pose + offset).tolist())
        solution: Any = None
        for step in range(1, _WALK_STEPS + _POLISH_STEPS + 1):
            along = near_joints + (joints - near_joints) * min(1.0, step / _WALK_STEPS)
            solution = engine.kin.forward_kinematics(along[1:].tolist(), float(along[0]))
    pose: Matrix = np.asarray(solution, dtype=np.float64) - offset
    if not np.isfinite(pose).all():
        return None
    again = inverse(pose, float(joints[0]), automatic_body_yaw=False)
    if again is None or np.abs(again - joints).max() > ROUND_TRIP_RAD:
        return None
    return pose


def roll_pitch_yaw(head_pose: Matrix) -> tuple[float, float, float]:
    """Return the fixed-axis roll, pitch and yaw of a pose in rad, Rz(yaw) Ry(pitch) Rx(roll)."""
    rotation = head_pose[:3, :3]
    return (
        math.atan2(rotation[2, 1], rotation[2, 2]),
        math.atan2(-rotation[2, 0], math.hypot(rotation[2, 1], rotation[2, 2])),
        math.atan2(rotation[1, 0], rotation[0, 0]),
    )


@functools.cache
def _engine(automatic_body_yaw: bool) -> Any:
    return sdk.kinematics(automatic_body_yaw)
