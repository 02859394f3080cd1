# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot reports and what it can be told, as values passed between the layers.

Frames follow the daemon: x forward, y left, z up. A head pose is the 4x4 homogeneous matrix
world -> head in metres; the identity is the neutral head, 0.177 m above the URDF's root.
Clocks: every ``*_ns`` is ``time.monotonic_ns()``; the nodes turn it into ROS time.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


class Interpolation(StrEnum):
    """Time laws of a goto, as the daemon names them."""

    LINEAR = "linear"
    MINJERK = "minjerk"
    EASE_IN_OUT = "ease_in_out"
    CARTOON = "cartoon"


@dataclass(frozen=True, slots=True)
class RobotState:
    """One 50 Hz sample of the robot."""

    head_pose: Matrix
    """4x4, world -> head, metres."""
    head_joints: Matrix
    """[body_yaw, stewart_1..6], rad."""
    antennas: Matrix
    """[right, left], rad, with the SDK's signs (the URDF's are the opposite)."""
    received_ns: int


@dataclass(frozen=True, slots=True)
class ImuSample:
    """One reading of the IMU, which only the wireless robot has; axes are the sensor's own."""

    orientation: Matrix
    """w, x, y, z; heading drifts, there is no magnetometer."""
    angular_velocity: Matrix
    """x, y, z, rad/s."""
    linear_acceleration: Matrix
    """x, y, z, m/s2, with gravity."""
    temperature: float
    """Degrees Celsius."""
    received_ns: int


@dataclass(frozen=True, slots=True)
class Health:
    """What the daemon tells of the robot's insides; None for what a daemon does not tell."""

    ready: bool | None = None
    """Whether the motors have answered, and the control loop runs; None in simulation."""
    motors_answered: float | None = None
    """When they last did, unix time in s by the robot's clock."""
    rate_hz: float | None = None
    """Of the daemon's control loop in its last second, as are the next two."""
    longest_interval_s: float | None = None
    errors: int | None = None
    """Reads of the motors that failed."""
    motor_controller: str = ""
    """The controller's own statistics, in its words."""
    media: str = ""
    """``available``, ``released`` to another program, or ``off``: the daemon runs without."""


@dataclass(frozen=True, slots=True)
class RobotInfo:
    """What the daemon tells of itself once a second."""

    robot_name: str
    model: str
    """``lite``, ``wireless``, ``mockup`` or ``mujoco``."""
    daemon_version: str
    daemon_state: str
    motor_mode: str
    camera_name: str
    """Name of the camera's specs as the daemon reports it; empty if it reports none."""
    media_available: bool
    error: str
    hardware_id: str
    wireless: bool
    """Whether its daemon is a wireless robot's, which has more to offer."""
    health: Health = field(default=Health(), compare=False)
    """Changes with each second, which is no news."""

    def facts(self) -> dict[str, object]:
        """Return all but the health, by name."""
        return {key: getattr(self, key) for key in self.__slots__ if key != "health"}


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """What went wrong with what the daemon sent, since the link was made."""

    malformed: int
    """Messages that were not what they should be, and were dropped."""
    gaps: int
    """Pauses between states that were longer than they should be, and no loss of the link."""
    longest_gap_s: float
    bursts: int
    """Times that states came faster than the daemon makes them."""
    dropped_states: int
    """States that were not new any more, or might not be."""
    dropped_samples: int
    """The same of the IMU."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the robot is to be; None leaves a part as it is.

    Build one with :func:`reachy_mini_ros.robot.geometry.limits.check` before it goes anywhere.
    """

    head_pose: Matrix | None = None
    """4x4, world -> head, metres."""
    antennas: Matrix | None = None
    """[right, left], rad, SDK signs."""
    body_yaw: float | None = None
    """rad, positive to the left."""
    head_joints: Matrix | None = None
    """[body_yaw, stewart_1..6], rad: instead of ``head_pose`` and ``body_yaw``."""
