# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The head's kinematics without the daemon, on the engine that the daemon uses by default.

Head poses are 4x4, world -> head, metres; head joints are [body_yaw, stewart_1..6] in rad.
"""

import functools
import math
import threading
from typing import Any

import numpy as np

from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.state import Matrix

MAX_HEAD_TO_BODY_RAD, MAX_BODY_RAD = math.radians(65.0), math.radians(160.0)
"""Of the daemon's automatic body yaw."""
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
    pose, engine = _from_root(head_pose), _engine()
    if automatic_body_yaw:
        joints = engine.inverse_kinematics_safe(
            pose,
            body_yaw=body_yaw,
            max_relative_yaw=MAX_HEAD_TO_BODY_RAD,
            max_body_yaw=MAX_BODY_RAD,
        )
    else:
        joints = [body_yaw, *engine.inverse_kinematics(pose, body_yaw)]
    return np.array(joints) if all(map(math.isfinite, joints)) else None


def inverse_all(head_poses: Matrix, body_yaws: Matrix) -> Matrix:
    """Return the head joints (nx7) for many poses (nx4x4) and body yaws (n, rad).

    A row is NaN where the platform's arms cannot reach the pose.
    """
    engine, poses = _engine(), head_poses.copy()
    poses[:, 2, 3] += sdk.ROOT_TO_NEUTRAL_HEAD_M
    pairs = zip(poses.tolist(), body_yaws.tolist(), strict=True)
    joints = np.array([[yaw, *engine.inverse_kinematics(pose, yaw)] for pose, yaw in pairs])
    joints[~np.isfinite(joints).all(axis=1)] = np.nan
    return joints


def forward(joints: Matrix, near_joints: Matrix, near_pose: Matrix) -> Matrix | None:
    """Return the head pose for head joints, None if there is none that the joints agree with.

    The engine's Newton iteration finds the mirrored assembly of the platform when it starts far
    away, so this walks there in small steps from a known pair of joints and pose, and accepts
    the result only if the inverse gives the same joints again.
    """
    engine = _engine()
    with _lock:
        engine.reset_forward_kinematics(_from_root(near_pose))
        solution: Any = None
        for step in range(1, _WALK_STEPS + _POLISH_STEPS + 1):
            along = near_joints + (joints - near_joints) * min(1.0, step / _WALK_STEPS)
            solution = engine.forward_kinematics(along[1:].tolist(), float(along[0]))
    pose: Matrix = np.asarray(solution, dtype=np.float64)
    pose[2, 3] -= sdk.ROOT_TO_NEUTRAL_HEAD_M
    if not np.isfinite(pose).all():
        return None
    again = inverse(pose, float(joints[0]), automatic_body_yaw=False)
    if again is None or np.abs(again - joints).max() > ROUND_TRIP_RAD:
        return None
    return pose


def _from_root(head_pose: Matrix) -> list[list[float]]:
    pose: list[list[float]] = head_pose.tolist()
    pose[2][3] += sdk.ROOT_TO_NEUTRAL_HEAD_M
    return pose


@functools.cache
def _engine() -> Any:
    return sdk.kinematics()
