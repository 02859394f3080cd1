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


class Platform:
    """The geometry of the six legs, from a URDF; all arrays have the legs as first axis."""

    def __init__(self, tree: Tree) -> None:
        joints = tree.joints
        zero = dict.fromkeys(tree.movable, 0.0)
        root_to_body = joints["yaw_body"].origin
        arms = np.array([joints[f"stewart_{leg}"].origin for leg in LEGS])
        sockets = np.array([joints[f"passive_{leg}_x"].origin for leg in LEGS])
        # The rod's end in its own frame, and the same point in the head's frame.
        head = tree.pose("head", zero)
        ends = [joints[f"closing_{leg}_1_frame"].origin[:3, 3] for leg in LEGS[:-1]]
        ends.append(joints["passive_7_x"].origin[:3, 3])
        balls = [tree.pose(f"closing_{leg}_2", zero)[:, 3] for leg in LEGS[:-1]]
        balls.append(tree.pose("xl_330", zero)[:, 3])

        self._body_to_root = np.linalg.inv(root_to_body)
        self._balls_in_head = np.linalg.inv(head) @ np.array(balls).T
        """4x6, homogeneous."""
        self._arms, self._arm_origins = arms[:, :3, :3], arms[:, :3, 3]
        self._sockets, self._socket_origins = sockets[:, :3, :3], sockets[:, :3, 3]
        self._socket_turns = np.ascontiguousarray(np.swapaxes(self._sockets, 1, 2))
        rods = np.array(ends)
        self._lengths = np.linalg.norm(rods, axis=1)
        self._directions = rods / self._lengths[:, None]
        self._crosses = np.array([_cross_matrix(direction) for direction in self._directions])
        self._head_to_last = (np.linalg.inv(head) @ tree.pose("xl_330", zero))[:3, :3]
        self._rod_to_last = joints["passive_7_x"].origin[:3, :3]
        neutral = kinematics.inverse(np.eye(4), 0.0, automatic_body_yaw=False)
        assert neutral is not None
        legs = self._legs(np.eye(4), neutral)
        self._neutral_turn = legs[0][:3, :3]
        self._neutral_sides = self._sides(*legs)

    def solve(self, head_pose: Matrix, head_joints: Matrix) -> Passive:
        """Return the passive joints for a head pose (4x4) and [body_yaw, stewart_1..6] in rad."""
        head, rods, arm_turns = self._legs(head_pose, head_joints)
        directions = (self._socket_turns @ rods[:, :, None])[:, :, 0]
        lengths = np.sqrt((directions * directions).sum(axis=1))
        turns = self._shortest_turns(directions / lengths[:, None])
        angles = np.empty((7, 3))
        angles[:6] = _euler_xyz(turns)
        last_rod = arm_turns[5] @ self._sockets[5] @ turns[5] @ self._rod_to_last
        angles[6] = _euler_xyz((last_rod.T @ head[:3, :3] @ self._head_to_last)[None])[0]
        return Passive(
            angles=angles.ravel(),
            residual_m=float(np.abs(lengths - self._lengths).max()),
            mirrored=bool(self._differs(head, rods, arm_turns)),
        )

    def mirrored(self, head_pose: Matrix, head_joints: Matrix) -> bool:
        """Tell of a pose that fits the joints whether a singularity is on the way to it."""
        return bool(self._differs(*self._legs(head_pose, head_joints)))

    def all_mirrored(self, head_poses: Matrix, head_joints: Matrix) -> NDArray[np.bool_]:
        """Tell the same (n) of many poses (nx4x4) and their joints (nx7) at once."""
        return self._differs(*self._legs(head_poses, head_joints))

    def _legs(self, head_pose: Matrix, head_joints: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """Return the head in the body's frame (4x4), the rods in those of the arms, and these.

        The rods are vectors (6x3) from the ball on the arm to the head's, the arms' frames
        rotations (6x3x3) body -> arm. All of it also for many at once, in the first dimension.
        """
        cosines, sines = np.cos(head_joints), np.sin(head_joints)
        head = head_pose.copy()
        head[..., 2, 3] += ROOT_TO_NEUTRAL_HEAD_M
        head = self._body_to_root @ head
        turned = head.copy()
        cosine, sine = cosines[..., :1], sines[..., :1]
        turned[..., 0, :] = cosine * head[..., 0, :] + sine * head[..., 1, :]
        turned[..., 1, :] = cosine * head[..., 1, :] - sine * head[..., 0, :]
        joint_turns = np.zeros((*cosines.shape[:-1], 6, 3, 3))
        joint_turns[..., 0, 0] = joint_turns[..., 1, 1] = cosines[..., 1:]
        joint_turns[..., 0, 1] = -sines[..., 1:]
        joint_turns[..., 1, 0] = sines[..., 1:]
        joint_turns[..., 2, 2] = 1.0
        arm_turns = self._arms @ joint_turns
        balls = (turned @ self._balls_in_head)[..., :3, :].swapaxes(-1, -2) - self._arm_origins
        rods = arm_turns.swapaxes(-1, -2) @ balls[..., None]
        return turned, rods[..., 0] - self._socket_origins, arm_turns

    def _differs(self, head: Matrix, rods: Matrix, arm_turns: Matrix) -> NDArray[np.bool_]:
        return np.asarray((self._sides(head, rods, arm_turns) != self._neutral_sides).any(axis=-1))

    def _sides(self, head: Matrix, rods: Matrix, arm_turns: Matrix) -> Matrix:
        """Return signs (8) that change at the arms' and the head's singularities, and far off."""
        many = head.shape[:-2]
        lines = np.empty((*many, 6, 6))
        forces = lines[..., :3] = (arm_turns @ rods[..., None])[..., 0]
        levers = (head[..., :3, :3] @ self._balls_in_head[:3]).swapaxes(-1, -2)
        for row, (one, other) in enumerate(((1, 2), (2, 0), (0, 1)), start=3):
            lines[..., row] = (
                levers[..., one] * forces[..., other] - levers[..., other] * forces[..., one]
            )
        sides = np.empty((*many, 8))
        # A turn of the arm moves the rod's foot along z x foot.
        sides[..., :6] = (
            self._socket_origins[:, 0] * rods[..., 1] - self._socket_origins[:, 1] * rods[..., 0]
        )
        sides[..., 6] = np.linalg.det(lines)
        trace = (head[..., :3, :3] * self._neutral_turn).sum(axis=(-1, -2))
        sides[..., 7] = trace - (1.0 + 2.0 * math.cos(LARGEST_TURN_RAD))
        return np.asarray(np.sign(sides))

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


def _cross_matrix(vector: Matrix) -> Matrix:
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
