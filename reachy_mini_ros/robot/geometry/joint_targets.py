# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From joints by the URDF's names and signs to what the robot takes."""

from collections.abc import Mapping

import numpy as np

from reachy_mini_ros.robot.geometry.limits import ANTENNA_JOINTS, HEAD_JOINTS, STEWART_JOINTS
from reachy_mini_ros.robot.state import Matrix, Target


def joint_target_of(values: Mapping[str, float], reference: tuple[Matrix, Matrix]) -> Target:
    """Return what is asked of any subset of the driven joints, rad.

    ``reference`` holds head joints and antennas (core's signs) for joints that must be sent
    together with those named. Other names are ignored.
    """
    head, antennas = reference
    by_joints = bool(values.keys() & set(STEWART_JOINTS))
    return Target(
        antennas=_overridden(ANTENNA_JOINTS, -antennas, values, sign=-1.0),
        body_yaw=None if by_joints else values.get("yaw_body"),
        head_joints=_overridden(HEAD_JOINTS, head, values) if by_joints else None,
    )


def _overridden(
    names: tuple[str, ...], base: Matrix, values: Mapping[str, float], sign: float = 1.0
) -> Matrix | None:
    if not values.keys() & set(names):
        return None
    pairs = zip(names, base.tolist(), strict=True)
    return sign * np.array([values.get(name, value) for name, value in pairs])
