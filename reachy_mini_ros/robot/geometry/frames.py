# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The frames of the robot's URDF: where each link is for given joint positions.

Rotations are 3x3, poses 4x4 homogeneous, metres and radians. The root is the URDF's
(``body_foot_3dprint``), 0.177 m under the neutral head.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.geometry.rotations import axis_rotation, from_roll_pitch_yaw
from reachy_mini_ros.robot.state import Matrix


@dataclass(frozen=True, eq=False, slots=True)
class Joint:
    """One joint of the URDF."""

    name: str
    parent: str
    child: str
    origin: Matrix
    """4x4, parent link -> joint."""
    axis: Matrix | None
    """Unit vector of a revolute joint in its own frame; None for a fixed one."""


class Tree:
    """The links of a URDF and the joints between them."""

    def __init__(self, joints: list[Joint]) -> None:
        self.joints = {joint.name: joint for joint in joints}
        self._to_parent = {joint.child: joint for joint in joints}
        (self.root,) = {joint.parent for joint in joints} - self._to_parent.keys()
        self.links = (self.root, *self._to_parent)
        self.movable = tuple(joint.name for joint in joints if joint.axis is not None)

    @classmethod
    def parse(cls, urdf: str) -> "Tree":
        """Return the tree of a URDF of fixed and revolute joints."""
        return cls([_joint(each) for each in ElementTree.fromstring(urdf).iter("joint")])

    def pose(self, link: str, positions: Mapping[str, float]) -> Matrix:
        """Return the pose root -> ``link`` for joint positions (rad, by name).

        Raises KeyError for a link that is not in the tree, or a joint on the way without position.
        """
        if link not in self.links:
            raise KeyError(link)
        pose: Matrix = np.eye(4)
        while link != self.root:
            joint = self._to_parent[link]
            pose = joint.origin @ turned(joint.axis, positions, joint.name) @ pose
            link = joint.parent
        return pose


@functools.cache
def robot_tree() -> Tree:
    """Return the tree of the robot's URDF in the SDK."""
    return Tree.parse(sdk.urdf())


def turned(axis: Matrix | None, positions: Mapping[str, float], name: str) -> Matrix:
    """Return the 4x4 motion of a joint; a fixed one has no axis and needs no position."""
    motion = np.eye(4)
    if axis is not None:
        motion[:3, :3] = axis_rotation(axis, positions[name])
    return motion


def _joint(element: ElementTree.Element) -> Joint:
    def vector(tag: str, key: str) -> Matrix:
        found = element.find(tag)
        text = "0 0 0" if found is None else found.get(key, "0 0 0")
        return np.array([float(value) for value in text.split()])

    def link(tag: str) -> str:
        return str(element.find(tag).get("link"))  # type: ignore[union-attr]

    origin = np.eye(4)
    origin[:3, :3] = from_roll_pitch_yaw(*vector("origin", "rpy").tolist())
    origin[:3, 3] = vector("origin", "xyz")
    return Joint(
        name=str(element.get("name")),
        parent=link("parent"),
        child=link("child"),
        origin=origin,
        axis=None if element.get("type") == "fixed" else vector("axis", "xyz"),
    )
