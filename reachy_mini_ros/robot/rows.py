# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A state as one row of a table, with the names, frames and signs that ROS has."""

from reachy_mini_ros.robot.geometry.limits import ANTENNA_JOINTS, HEAD_JOINTS
from reachy_mini_ros.robot.geometry.passive_joints import PASSIVE_JOINTS, platform
from reachy_mini_ros.robot.geometry.rotations import to_quaternion
from reachy_mini_ros.robot.sdk import ROOT_TO_NEUTRAL_HEAD_M
from reachy_mini_ros.robot.state import Matrix, RobotState

HEAD = ("head_x", "head_y", "head_z", "head_qx", "head_qy", "head_qz", "head_qw")
"""In the URDF's root frame: metres, and the quaternion of the orientation."""
_DRIVEN = (*HEAD_JOINTS, *ANTENNA_JOINTS)
COLUMNS = (*HEAD, *_DRIVEN, *PASSIVE_JOINTS)


def head_row(head_pose: Matrix) -> tuple[float, ...]:
    """Return the values of :data:`HEAD` for a head pose (4x4, core's frame)."""
    x, y, z = head_pose[:3, 3].tolist()
    return (x, y, z + ROOT_TO_NEUTRAL_HEAD_M, *to_quaternion(head_pose))


def row_of(state: RobotState) -> dict[str, float]:
    """Return what a state says of :data:`COLUMNS`, metres and rad.

    A head pose that cannot be, and what follows from it, is left out.
    """
    driven = (*state.head_joints.tolist(), *(-state.antennas).tolist())
    row = dict(zip(_DRIVEN, driven, strict=True))
    passive = platform().solve(state.head_pose, state.head_joints)
    if passive.consistent:
        row |= zip(HEAD, head_row(state.head_pose), strict=True)
        row |= zip(PASSIVE_JOINTS, passive.angles.tolist(), strict=True)
    return row
