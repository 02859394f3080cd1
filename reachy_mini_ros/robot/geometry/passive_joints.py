# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The 21 ball-joint angles between the platform's arms and the head, in closed form.

Each of the six rods hangs with a ball joint (`passive_i_{x,y,z}`, intrinsic x-y-z) on an arm that
`stewart_i` turns, and ends in a ball of the head. The daemon tells the arms' angles and the head's
pose, so both ends of every rod are known: a rod is turned on the shortest way from where it lies
at zero to where the head's ball is, and what is left to the head's orientation is
`passive_7_{x,y,z}`, between the sixth rod and the head.

The pose is also judged, because the daemon computes it from the arms' angles by iteration, which
after a jump ends, and stays, in another assembly of the same parts: one that no motion leads to
without passing a singularity. All rods fit there as well, so that their lengths say nothing. What
tells is on which side of the singularities the pose is (Gosselin and Angeles 1990): of each arm
(rod and arm in line) and of the head (the determinant of the rods' Pluecker coordinates is zero),
and that the head is not turned further than the mechanics let it.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.robot.geometry import kinematics
from reachy_mini_ros.robot.geometry.frames import Tree, robot_tree
from reachy_mini_ros.robot.sdk import ROOT_TO_NEUTRAL_HEAD_M
from reachy_mini_ros.robot.state import Matrix

LEGS = range(1, 7)
PASSIVE_JOINTS = tuple(f"passive_{number}_{axis}" for number in range(1, 8) for axis in "xyz")

_TURN_PARTS = np.zeros((3, 4, 4))
"""Of a turn about z: what stays, what goes with the cosine, what goes with the sine."""
_TURN_PARTS[0, 2, 2] = _TURN_PARTS[0, 3, 3] = 1.0
_TURN_PARTS[1, 0, 0] = _TURN_PARTS[1, 1, 1] = 1.0
_TURN_PARTS[2, 1, 0], _TURN_PARTS[2, 0, 1] = 1.0, -1.0
_NEXT, _LAST = [1, 2, 0], [2, 0, 1]
"""The axes of a cross product's terms."""
LARGEST_RESIDUAL_M = 0.005
"""The daemon's pose lags by up to 1 mm of a rod while it iterates in a fast motion."""
LARGEST_TURN_RAD = math.radians(95.0)
"""Of the head against the body. Roll and pitch of 40 and a yaw of 65 degrees make 89 together."""


@dataclass(frozen=True, slots=True)
class Passive:
    """The passive joints of one sample, and what they say of it."""

    angles: Matrix
    """21, rad, in the order of :data:`PASSIVE_JOINTS`."""
    residual_m: float
    """Largest difference between a rod's length and the distance that it has to span."""
    mirrored: bool
    """The pose is of an assembly that the platform cannot get into."""

    @property
    def consistent(self) -> bool:
        """Tell whether head pose and joints belong together."""
        return not self.mirrored and self.residual_m < LARGEST_RESIDUAL_M


@dataclass(frozen=True, slots=True)
class _Legs:
    """The six legs of one sample, or of many in a first dimension, in the body's frame, m."""

    head: Matrix
    """The head's pose, 3x4."""
    balls: Matrix
    """Where the rods end in the head, 3x6."""
    sockets: Matrix
    """The poses of the joints on the arms where they begin, 6x3x4."""
    rods: Matrix
    """The rods as vectors from there to the balls, 3x6."""
    swings: Matrix
    """How their beginnings move with the arms' angles, 3x6, m/rad."""


class Platform:
    """The geometry of the six legs, from a URDF.

    What a joint turns is the sum of what stays as it is, what goes with the cosine of its angle
    and what goes with the sine: these three are computed once.
    """

    def __init__(self, tree: Tree) -> None:
        joints = tree.joints
        zero = dict.fromkeys(tree.movable, 0.0)
        arms = np.array([joints[f"stewart_{leg}"].origin for leg in LEGS])
        sockets = np.array([joints[f"passive_{leg}_x"].origin for leg in LEGS])
        # The rod's end in its own frame, and the same point in the head's frame.
        head = tree.pose("head", zero)
        ends = [joints[f"closing_{leg}_1_frame"].origin[:3, 3] for leg in LEGS[:-1]]
        ends.append(joints["passive_7_x"].origin[:3, 3])
        balls = [tree.pose(f"closing_{leg}_2", zero)[:, 3] for leg in LEGS[:-1]]
        balls.append(tree.pose("xl_330", zero)[:, 3])

        root_to_neutral = np.eye(4)
        root_to_neutral[2, 3] = ROOT_TO_NEUTRAL_HEAD_M
        root_to_body = np.linalg.inv(joints["yaw_body"].origin)
        # The body turns away from below the head: by the negative angle.
        still, cosine, sine = _TURN_PARTS @ root_to_body @ root_to_neutral
        self._body_turn = still[:3], cosine[:3], -sine[:3]
        still, cosine, sine = arms @ _TURN_PARTS[:, None] @ sockets
        self._socket_turn = still[:, :3], cosine[:, :3], sine[:, :3]
        self._balls_in_head = np.linalg.inv(head) @ np.array(balls).T
        """4x6, homogeneous."""
        rods = np.array(ends)
        self._lengths = np.linalg.norm(rods, axis=1)
        self._directions = rods / self._lengths[:, None]
        self._crosses = np.array([_cross_matrix(direction) for direction in self._directions])
        self._head_to_last = (np.linalg.inv(head) @ tree.pose("xl_330", zero))[:3, :3]
        self._rod_to_last = joints["passive_7_x"].origin[:3, :3]
        neutral = kinematics.inverse(np.eye(4), 0.0, automatic_body_yaw=False)
        assert neutral is not None
        legs = self._legs(np.eye(4), neutral)
        self._neutral_turn = legs.head[:, :3]
        self._neutral_sides = np.sign(self._sides(legs))

    def solve(self, head_pose: Matrix, head_joints: Matrix) -> Passive:
        """Return the passive joints for a head pose (4x4) and [body_yaw, stewart_1..6] in rad."""
        legs = self._legs(head_pose, head_joints)
        sockets = legs.sockets[:, :, :3]
        directions = (legs.rods.T[:, None] @ sockets)[:, 0]
        lengths = np.sqrt((directions * directions).sum(axis=1))
        turns = self._shortest_turns(directions / lengths[:, None])
        angles = np.empty((7, 3))
        angles[:6] = _euler_xyz(turns)
        last_rod = sockets[5] @ turns[5] @ self._rod_to_last
        angles[6] = _euler_xyz((last_rod.T @ legs.head[:, :3] @ self._head_to_last)[None])[0]
        return Passive(
            angles=angles.ravel(),
            residual_m=float(np.abs(lengths - self._lengths).max()),
            mirrored=bool(self._differs(legs)),
        )

    def mirrored(self, head_pose: Matrix, head_joints: Matrix) -> bool:
        """Tell of a pose that fits the joints whether a singularity is on the way to it."""
        return bool(self._differs(self._legs(head_pose, head_joints)))

    def all_mirrored(self, head_poses: Matrix, head_joints: Matrix) -> NDArray[np.bool_]:
        """Tell the same (n) of many poses (nx4x4) and their joints (nx7) at once."""
        return self._differs(self._legs(head_poses, head_joints))

    def _legs(self, head_pose: Matrix, head_joints: Matrix) -> _Legs:
        cosines = np.cos(head_joints)[..., None, None]
        sines = np.sin(head_joints)[..., None, None]
        still, cosine, sine = self._body_turn
        head = (still + cosines[..., 0, :, :] * cosine + sines[..., 0, :, :] * sine) @ head_pose
        cosines, sines = cosines[..., 1:, :, :], sines[..., 1:, :, :]
        still, cosine, sine = self._socket_turn
        sockets = still + cosines * cosine + sines * sine
        swings = cosines[..., 0] * sine[..., 3] - sines[..., 0] * cosine[..., 3]
        balls = head @ self._balls_in_head
        rods = balls - sockets[..., 3].swapaxes(-1, -2)
        return _Legs(head, balls, sockets, rods, swings.swapaxes(-1, -2))

    def _differs(self, legs: _Legs) -> NDArray[np.bool_]:
        return np.asarray(~(self._sides(legs) * self._neutral_sides > 0.0).all(axis=-1))

    def _sides(self, legs: _Legs) -> Matrix:
        """Return 8 numbers that are zero at the arms' and the head's singularities, and far off."""
        balls, rods = legs.balls, legs.rods
        lines = np.empty((*rods.shape[:-2], 6, 6))
        lines[..., :3, :] = rods
        lines[..., 3:, :] = _cross(balls, rods)
        sides = np.empty((*rods.shape[:-2], 8))
        sides[..., :6] = (legs.swings * rods).sum(axis=-2)
        sides[..., 6] = np.linalg.det(lines)
        trace = (legs.head[..., :3] * self._neutral_turn).sum(axis=(-1, -2))
        sides[..., 7] = trace - (1.0 + 2.0 * math.cos(LARGEST_TURN_RAD))
        return sides

    def _shortest_turns(self, directions: Matrix) -> Matrix:
        """Return the rotations (6x3x3) from the rods' directions at zero to these (6x3)."""
        axes = (self._crosses @ directions[:, :, None])[:, :, 0]
        cosines = (self._directions * directions).sum(axis=1)
        turns: Matrix = axes[:, :, None] * (axes / (1.0 + cosines)[:, None])[:, None, :]
        x, y, z = axes.T
        turns[:, 0, 0] += cosines
        turns[:, 1, 1] += cosines
        turns[:, 2, 2] += cosines
        turns[:, 0, 1] -= z
        turns[:, 1, 0] += z
        turns[:, 0, 2] += y
        turns[:, 2, 0] -= y
        turns[:, 1, 2] -= x
        turns[:, 2, 1] += x
        return turns


@functools.cache
def platform() -> Platform:
    """Return the geometry of the robot's URDF in the SDK."""
    return Platform(robot_tree())


def _euler_xyz(rotations: Matrix) -> Matrix:
    """Return a, b, c (nx3) of rotations (nx3x3) that are Rx(a) Ry(b) Rz(c)."""
    angles: Matrix = np.stack(
        (
            np.arctan2(-rotations[:, 1, 2], rotations[:, 2, 2]),
            np.arcsin(np.clip(rotations[:, 0, 2], -1.0, 1.0)),
            np.arctan2(-rotations[:, 0, 1], rotations[:, 0, 0]),
        ),
        axis=1,
    )
    return angles


def _cross(one: Matrix, other: Matrix) -> Matrix:
    """Return the cross products of columns (3xn); much faster than numpy's for a few."""
    return one.take(_NEXT, -2) * other.take(_LAST, -2) - one.take(_LAST, -2) * other.take(_NEXT, -2)


def _cross_matrix(vector: Matrix) -> Matrix:
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
