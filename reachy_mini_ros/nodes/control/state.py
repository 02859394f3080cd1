# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the control node publishes of the robot's state: joints, head poses, IMU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Imu, JointState, Temperature

from reachy_mini_ros.errors import UnreachableError
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.stamps import to_stamp
from reachy_mini_ros.nodes.control import conversions
from reachy_mini_ros.robot.geometry.passive_joints import platform
from reachy_mini_ros.robot.state import ImuSample, Matrix, RobotState


class StatePublisher:
    """Publishes each state on the thread that brings it.

    ``values`` are the node's parameters, kept up to date by it. ``target_pose`` returns the head
    pose that is being commanded, None while none is. ``report`` is called when the daemon's head
    pose becomes wrong, and must be quick.
    """

    def __init__(
        self,
        node: Node,
        values: Mapping[str, Any],
        target_pose: Callable[[], Matrix | None],
        report: Callable[[str], None],
    ) -> None:
        self._node = node
        self._values = values
        self._target_pose = target_pose
        self._report = report
        self._platform = platform()
        self._joint_states = node.create_publisher(JointState, "joint_states", reliable(10))
        self._head_pose = node.create_publisher(PoseStamped, "head_pose", reliable(10))
        self._target_head_pose = node.create_publisher(
            PoseStamped, "target_head_pose", reliable(10)
        )
        self._imu: tuple[Publisher[Imu], Publisher[Temperature]] | None = None
        self.mirrored = False
        """The daemon's head pose is wrong at present."""
        self.withheld = 0
        """Samples without head pose so far."""

    def publish(self, state: RobotState) -> None:
        """Publish joints and poses; a head pose that cannot be, and what follows from it, is not.

        The driven joints are measured and always right.
        """
        stamp = to_stamp(self._node.get_clock(), state.received_ns)
        passive = self._platform.solve(state.head_pose, state.head_joints)
        if passive.consistent:
            self._head_pose.publish(self._pose(state.head_pose, stamp))
            angles = passive.angles
        else:
            self.withheld += 1
            angles = None
        self._joint_states.publish(conversions.joint_state_message(state, stamp, angles))
        if self._target_head_pose.get_subscription_count():
            self._publish_target(stamp)
        if passive.mirrored and not self.mirrored:
            self._report(
                "the daemon's head pose is wrong: it belongs to an assembly of the platform that "
                "the head cannot get into (its joints are right). head_pose is not published until "
                "it is right again: call daemon/restart"
            )
        self.mirrored = passive.mirrored

    def publish_imu(self, sample: ImuSample) -> None:
        """Publish a reading; the first one creates the topics (REP-145)."""
        if self._imu is None:
            self._imu = (
                self._node.create_publisher(Imu, "imu/data", reliable(10)),
                self._node.create_publisher(Temperature, "imu/temperature", reliable(10)),
            )
        imu, temperature = self._imu
        stamp = to_stamp(self._node.get_clock(), sample.received_ns)
        message = conversions.imu_message(
            sample,
            *(
                self._values[f"imu.{part}_stddev"]
                for part in ("orientation", "angular_velocity", "linear_acceleration")
            ),
        )
        message.header.stamp = stamp
        message.header.frame_id = self._values["imu.frame_id"]
        imu.publish(message)
        temperature.publish(Temperature(header=message.header, temperature=sample.temperature))

    def _publish_target(self, stamp: Time) -> None:
        try:
            target = self._target_pose()
        except UnreachableError:
            return  # joints whose pose cannot be told from where the head is now
        if target is not None:
            self._target_head_pose.publish(self._pose(target, stamp))

    def _pose(self, head_pose: Matrix, stamp: Time) -> PoseStamped:
        return conversions.pose_message(head_pose, self._values["base_frame"], stamp)
