# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The reachable target nearest to one that is out of reach."""

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry import kinematics, limits, rotations
from reachy_mini_ros.robot.geometry.limits import DOCUMENTED, Reach, clip
from reachy_mini_ros.robot.motion.ramp import interpolated
from reachy_mini_ros.robot.state import Matrix, RobotState, Target

STEPS = 12
"""Bisections: to 1/4096 of the way from neutral."""


def clamp(target: Target, present: RobotState, reach: Reach = DOCUMENTED) -> Target:
    """Return the reachable target nearest to ``target``, which :func:`limits.check` refused.

    Joints are clipped to their limits. A head pose comes back along the line to the neutral head
    with the same yaw, translation and tilt together, as far as it must; the head's yaw is clipped
    to what the body yaw allows.

    Raises InvalidCommandError if there is none: the target is malformed, or the robot is where it
    may not be told to go.
    """
    body = target.body_yaw
    if body is not None:
        body = float(_clipped(limits.HEAD_JOINTS[:1], np.array([body]), reach)[0])
        if target.head_pose is None:
            yaw = rotations.roll_pitch_yaw(present.head_pose)[2]
            body = yaw + clip(math.remainder(body - yaw, math.tau), reach.head_to_body_rad)
    antennas = target.antennas
    if antennas is not None:
        antennas = _clipped(limits.ANTENNA_JOINTS, np.asarray(antennas, dtype=float), reach)
    clamped = replace(target, antennas=antennas, body_yaw=body)
    if target.head_joints is not None:
        joints = np.asarray(target.head_joints)
        return _joints(replace(clamped, head_joints=joints), present, reach)
    if target.head_pose is None:
        return limits.check(clamped, present, reach)
    return _pose(clamped, np.asarray(target.head_pose, dtype=float), present, reach)


def _pose(target: Target, pose: Matrix, present: RobotState, reach: Reach) -> Target:
    yaw = rotations.roll_pitch_yaw(pose)[2]
    body, allowed = target.body_yaw, reach.head_to_body_rad
    if body is None:
        body, allowed = 0.0, reach.head_to_body_rad + reach.body_rad
    apart = math.remainder(yaw - body, math.tau)
    turn = clip(apart, allowed) - apart
    if turn:
        pose = np.block([[_turned(turn)[:3, :3] @ pose[:3, :3], pose[:3, 3:]], [pose[3:]]])
        yaw = math.remainder(yaw + turn, math.tau)
    upright = _turned(yaw)

    def at(part: float) -> Target:
        way = pose if part == 1.0 else interpolated(upright, pose, part)
        return limits.check(replace(target, head_pose=way), present, reach)

    return _farthest(at)


def _joints(target: Target, present: RobotState, reach: Reach) -> Target:
    goal = target.head_joints
    assert goal is not None
    goal = _clipped(limits.HEAD_JOINTS, goal, reach)
    body = float(goal[0])
    neutral = kinematics.inverse(_turned(body), body, automatic_body_yaw=False)
    assert neutral is not None

    def at(part: float) -> Target:
        joints = neutral + (goal - neutral) * part
        return limits.check(replace(target, head_joints=joints), present, reach)

    return _farthest(at)


def _turned(yaw: float) -> Matrix:
    """Return the neutral head with a yaw."""
    return interpolated(np.eye(4), np.diag([-1.0, -1.0, 1.0, 1.0]), yaw / math.pi)


def _farthest(at: Callable[[float], Target]) -> Target:
    with contextlib.suppress(InvalidCommandError):
        return at(1.0)
    best, low, high = at(0.0), 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        try:
            best, low = at(middle), middle
        except InvalidCommandError:
            high = middle
    return best


def _clipped(names: Sequence[str], values: Matrix, reach: Reach) -> Matrix:
    lower, upper = zip(*(limits.joint_limits(reach)[name] for name in names), strict=True)
    return np.clip(values, lower, upper)
