# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Between ROS messages and the core's poses and joints.

In ROS the head's pose is given in the root frame of the robot's URDF, where the neutral head is
0.177 m up; in the core the neutral head is the identity. ROS has the URDF's joint names and
signs; the antennas' signs are the opposite of the SDK's.
"""

import math

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import Imu, JointState

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry.joint_targets import joint_target_of
from reachy_mini_ros.robot.geometry.limits import ANTENNA_JOINTS, HEAD_JOINTS
from reachy_mini_ros.robot.geometry.passive_joints import PASSIVE_JOINTS
from reachy_mini_ros.robot.geometry.rotations import from_quaternion, to_quaternion
from reachy_mini_ros.robot.sdk import ROOT_TO_NEUTRAL_HEAD_M
from reachy_mini_ros.robot.state import ImuSample, Matrix, RobotState, Target
from reachy_mini_ros.texts import LONGEST_NAME, shown

JOINT_NAMES = (*HEAD_JOINTS, *ANTENNA_JOINTS)
"""The driven joints, in the order of `joint_states`."""
ALL_JOINT_NAMES = (*JOINT_NAMES, *PASSIVE_JOINTS)


def joint_state_message(
    state: RobotState, stamp: Time, passive: Matrix | None = None
) -> JointState:
    """Return the driven joints, and the passive ones if given, with the URDF's names and signs."""
    message = JointState(name=JOINT_NAMES if passive is None else ALL_JOINT_NAMES)
    message.header.stamp = stamp
    message.position = [*state.head_joints.tolist(), *(-state.antennas).tolist()]
    if passive is not None:
        message.position.extend(passive.tolist())
    return message


def pose_message(head_pose: Matrix, frame_id: str, stamp: Time) -> PoseStamped:
    """Return a head pose (4x4, core's frame) in the root frame."""
    message = PoseStamped()
    message.header.stamp = stamp
    message.header.frame_id = frame_id
    position, orientation = message.pose.position, message.pose.orientation
    position.x, position.y, position.z = head_pose[:3, 3].tolist()
    position.z += ROOT_TO_NEUTRAL_HEAD_M
    orientation.x, orientation.y, orientation.z, orientation.w = to_quaternion(head_pose)
    return message


def imu_message(
    sample: ImuSample,
    orientation_stddev: float,
    angular_velocity_stddev: float,
    linear_acceleration_stddev: float,
) -> Imu:
    """Return a reading without header; each covariance is diagonal, all zero for unknown."""
    message = Imu()
    q, rate, acceleration = (
        message.orientation,
        message.angular_velocity,
        message.linear_acceleration,
    )
    q.w, q.x, q.y, q.z = sample.orientation.tolist()
    rate.x, rate.y, rate.z = sample.angular_velocity.tolist()
    acceleration.x, acceleration.y, acceleration.z = sample.linear_acceleration.tolist()
    message.orientation_covariance = _covariance(orientation_stddev)
    message.angular_velocity_covariance = _covariance(angular_velocity_stddev)
    message.linear_acceleration_covariance = _covariance(linear_acceleration_stddev)
    return message


def head_target(message: PoseStamped, base_frame: str) -> Target:
    """Return the head pose that a message asks for.

    Raises InvalidCommandError for another frame, numbers that are not finite, a zero quaternion,
    or a height that tells that the sender counted from the neutral head.
    """
    frame = message.header.frame_id
    if frame not in ("", base_frame):
        raise InvalidCommandError(
            f"head poses are taken in frame '{base_frame}' (or with an empty frame_id), not in "
            f"'{shown(frame, LONGEST_NAME)}': transform the pose first"
        )
    position, orientation = message.pose.position, message.pose.orientation
    quaternion = (orientation.x, orientation.y, orientation.z, orientation.w)
    if not all(map(math.isfinite, (position.x, position.y, position.z, *quaternion))):
        raise InvalidCommandError("head pose: NaN or infinity is not allowed, send finite numbers")
    if abs(position.z - ROOT_TO_NEUTRAL_HEAD_M) > 0.1:
        raise InvalidCommandError(
            f"head pose z = {position.z:.4g} m is out of reach: z counts from the robot's root, "
            f"where the neutral head is at {ROOT_TO_NEUTRAL_HEAD_M} m"
        )
    pose = np.eye(4)
    pose[:3, :3] = from_quaternion(quaternion)
    pose[:3, 3] = (position.x, position.y, position.z - ROOT_TO_NEUTRAL_HEAD_M)
    return Target(head_pose=pose)


def joint_target(message: JointState, reference: tuple[Matrix, Matrix]) -> Target:
    """Return what a message asks of any subset of the driven joints, in any order.

    Passive joints are ignored: they follow the driven ones, and a `joint_states` can be sent back.
    ``reference`` holds head joints and antennas (core's signs) for joints that must be sent
    together with those named. Velocities and efforts are ignored: the robot takes positions.

    Raises InvalidCommandError for unknown or repeated names, or sizes that do not match.
    """
    names, positions = list(message.name), list(message.position)
    if len(names) != len(positions):
        raise InvalidCommandError(
            f"joints: {len(names)} names and {len(positions)} positions must be equally many"
        )
    unknown = sorted(set(names) - set(ALL_JOINT_NAMES))
    if unknown:
        name = shown(unknown[0], LONGEST_NAME)
        raise InvalidCommandError(f"joints: '{name}' is not one of {', '.join(JOINT_NAMES)}")
    values = dict(zip(names, positions, strict=True))
    if len(values) != len(names):
        raise InvalidCommandError("joints: a name is given more than once")
    return joint_target_of(values, reference)


def _covariance(stddev: float) -> Matrix:
    return np.ravel(np.eye(3) * stddev**2)
