# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ramps streamed targets: no step of the commands is faster than the allowed speeds. No I/O.

The daemon passes a jump on to the motors as it is, and where it computes the head's pose from the
joints (everywhere but in MuJoCo) a jump of more than about 40 degrees or 12 mm in one of its 20 ms
makes that pose wrong until it is restarted.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry import kinematics, limits, rotations
from reachy_mini_ros.robot.state import Matrix, RobotState, Target

TICK_S = 0.02
"""The daemon's period; also the longest time that one step makes up for."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """Maximum speeds of streamed targets; 0 is unlimited."""

    head_rad_s: float = 4.0
    """Of the head's roll, pitch and yaw together, and of each stewart joint."""
    head_m_s: float = 0.15
    body_rad_s: float = 4.0
    antennas_rad_s: float = 8.0


class Ramp:
    """Steps from where the robot is commanded to be towards the newest target."""

    def __init__(self, speeds: Speeds | None = None) -> None:
        self.speeds = speeds or Speeds()
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next target is approached from the present state."""
        self.goal = Target()
        """The newest target, part by part."""
        self.at = Target()
        """What :meth:`step` last returned, part by part."""
        self.arrived = True
        self._under_way = (False, False)
        self._new = Target()
        self._stepped_s = -math.inf

    def aim(self, target: Target, present: RobotState) -> None:
        """Take a checked target; parts that it leaves out keep theirs."""
        self.at = _start(self.at, target, present)
        self.goal = merge(self.goal, target)
        self._new = merge(self._new, target)
        self.arrived = False

    def step(self, now_s: float) -> Target | None:
        """Return what is to be sent now; None if nothing is.

        ``now_s`` is monotonic. Parts that have not changed are left out.
        """
        if self.arrived:
            return None
        dt_s = min(now_s - self._stepped_s, TICK_S)
        self._stepped_s = now_s
        antennas, antennas_done = self._antennas(dt_s)
        head, head_done = self._head(dt_s)
        self.at = merge(merge(self.at, head), Target(antennas=antennas))
        new, self._new = self._new, Target()
        antennas_went, head_went = self._under_way  # then this step is also to be sent
        self._under_way = (not antennas_done, not head_done)
        self.arrived = antennas_done and head_done
        if antennas_done and new.antennas is None and not antennas_went:
            antennas = None
        if not head_done or head_went:
            return replace(head, antennas=antennas)
        return Target(
            head_pose=None if new.head_pose is None else head.head_pose,
            antennas=antennas,
            body_yaw=None if new.body_yaw is None else head.body_yaw,
            head_joints=None if new.head_joints is None else head.head_joints,
        )

    def _antennas(self, dt_s: float) -> tuple[Matrix | None, bool]:
        goal, at = self.goal.antennas, self.at.antennas
        if goal is None or at is None:
            return None, True
        part = _part(np.abs(goal - at).max(), self.speeds.antennas_rad_s * dt_s)
        return (goal, True) if part >= 1.0 else (at + (goal - at) * part, False)

    def _head(self, dt_s: float) -> tuple[Target, bool]:
        """Step head and body by the same part of their ways: what lies between is legal too."""
        goal, at, speeds = self.goal, self.at, self.speeds
        parts = [1.0]
        if goal.head_joints is not None and at.head_joints is not None:
            away = np.abs(goal.head_joints - at.head_joints)
            parts.append(_part(away[0], speeds.body_rad_s * dt_s))
            parts.append(_part(away[1:].max(), speeds.head_rad_s * dt_s))
        if goal.head_pose is not None and at.head_pose is not None:
            angles = _angles(goal.head_pose) - _angles(at.head_pose)
            away_m = float(np.linalg.norm((goal.head_pose - at.head_pose)[:3, 3]))
            parts.append(_part(float(np.linalg.norm(angles)), speeds.head_rad_s * dt_s))
            parts.append(_part(away_m, speeds.head_m_s * dt_s))
        if goal.body_yaw is not None and at.body_yaw is not None:
            parts.append(_part(abs(goal.body_yaw - at.body_yaw), speeds.body_rad_s * dt_s))
        part = min(parts)
        if part >= 1.0:
            return replace(goal, antennas=None), True
        return _between(at, goal, part), False


def merge(old: Target, new: Target) -> Target:
    """Return ``old`` with the parts that ``new`` names; head joints and head pose exclude."""
    antennas = old.antennas if new.antennas is None else new.antennas
    if new.head_joints is not None:
        return Target(antennas=antennas, head_joints=new.head_joints)
    if new.head_pose is None and new.body_yaw is None:
        return replace(old, antennas=antennas)
    return Target(
        head_pose=old.head_pose if new.head_pose is None else new.head_pose,
        antennas=antennas,
        body_yaw=old.body_yaw if new.body_yaw is None else new.body_yaw,
    )


def interpolated(start: Matrix, end: Matrix, part: float) -> Matrix:
    """Return the head pose at ``part`` of the way; both 4x4.

    Roll, pitch and yaw go straight: no more tilt than at the ends, and the turn from 170 to -170
    degrees through the front, as the body must take it.
    """
    roll, pitch, yaw = _angles(start) + (_angles(end) - _angles(start)) * part
    (sr, sp, sy), (cr, cp, cy) = np.sin([roll, pitch, yaw]), np.cos([roll, pitch, yaw])
    pose = np.eye(4)
    pose[:3, :3] = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    pose[:3, 3] = start[:3, 3] + (end[:3, 3] - start[:3, 3]) * part
    return pose


def _between(at: Target, goal: Target, part: float) -> Target:
    joints = pose = body = None
    if goal.head_joints is not None and at.head_joints is not None:
        joints = at.head_joints + (goal.head_joints - at.head_joints) * part
    if goal.head_pose is not None and at.head_pose is not None:
        pose = interpolated(at.head_pose, goal.head_pose, part)
    if goal.body_yaw is not None and at.body_yaw is not None:
        body = at.body_yaw + (goal.body_yaw - at.body_yaw) * part
    return Target(head_pose=pose, body_yaw=body, head_joints=joints)


def _start(at: Target, target: Target, present: RobotState) -> Target:
    """Return ``at`` with a start for every part that ``target`` names."""
    antennas = at.antennas
    if target.antennas is not None and antennas is None:
        antennas = present.antennas
    pose, body, joints = at.head_pose, at.body_yaw, at.head_joints
    if target.head_joints is not None and joints is None:
        if pose is not None:
            yaw = float(present.head_joints[0]) if body is None else body
            joints = kinematics.inverse(pose, yaw, automatic_body_yaw=body is None)
        joints = present.head_joints if joints is None else joints
        pose = body = None
    elif target.head_pose is not None or target.body_yaw is not None:
        if target.head_pose is not None and pose is None:
            pose = present.head_pose if joints is None else _pose_of(joints, present)
        if target.body_yaw is not None and body is None:
            body = float((present.head_joints if joints is None else joints)[0])
        joints = None
    return Target(pose, antennas, body, joints)


def _pose_of(joints: Matrix, present: RobotState) -> Matrix:
    try:
        return limits.pose_of_joints(joints, present)
    except InvalidCommandError:
        return present.head_pose


def _part(way: float, allowed: float) -> float:
    """Return the part of a way that may be gone at once."""
    return 1.0 if allowed <= 0.0 or way <= allowed else float(allowed / way)


def _angles(pose: Matrix) -> Matrix:
    return np.array(rotations.roll_pitch_yaw(pose))
