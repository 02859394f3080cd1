# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What commands over HTTP ask of the robot's parts, in its own terms: rad, metres, URDF names."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from reachy_mini_ros.robot.geometry.rotations import head_pose
from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.web.commands import Antennas, Body, Head

LOOK_AT = "look_at"
JOINT_TRAJECTORY = "joint_trajectory"
PLAY_SOUND = "audio/play_sound"
LOOK_AT_PIXEL = "look_at_pixel"
PLAY_MOVE = "play_move"


@dataclass(frozen=True, slots=True)
class Order:
    """Where the head, or some of the joints, are to be."""

    source: str
    """The topic that says the same: ``goto/head_pose``, ``set_target/joints``, ..."""
    streamed: bool
    head_pose: Matrix | None = None
    """4x4, metres from where the neutral head is; None where joints are asked for."""
    joints: Mapping[str, float] = field(default_factory=dict)
    """rad, by the URDF's names and with its signs."""
    duration_s: float | None = None
    """As it is set for gotos where it is None."""


def order_of(command: Head | Antennas | Body) -> Order:
    """Return what a command asks for."""
    streamed = command.mode == "stream"
    topic = "set_target" if streamed else "goto"
    if isinstance(command, Head):
        roll, pitch, yaw = map(math.radians, (command.roll, command.pitch, command.yaw))
        pose = head_pose(roll, pitch, yaw, command.x, command.y, command.z)
        return Order(f"{topic}/head_pose", streamed, pose)
    degrees = {"yaw_body": command.yaw} if isinstance(command, Body) else _antennas(command)
    joints = {name: math.radians(angle) for name, angle in degrees.items()}
    if isinstance(command, Body) and command.duration is not None:
        return Order(JOINT_TRAJECTORY, streamed, joints=joints, duration_s=command.duration)
    return Order(f"{topic}/joints", streamed, joints=joints)


def _antennas(command: Antennas) -> dict[str, float]:
    return {f"{side}_antenna": angle for side, angle in command.angles.items()}
