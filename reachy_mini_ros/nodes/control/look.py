# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`look_at` and `look_at_pixel`: from points in messages to head poses."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import PointStamped
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import CameraInfo

from reachy_mini_ros.errors import InvalidCommandError, RobotError
from reachy_mini_ros.nodes.camera.info import from_message
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.stamps import stamp_ns
from reachy_mini_ros.robot.geometry import look
from reachy_mini_ros.robot.geometry.camera_models import CameraModel
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.history import History
from reachy_mini_ros.robot.state import Matrix, RobotState, Target
from reachy_mini_ros.texts import LONGEST_NAME, shown

CAMERA_INFO = "camera/camera_info"
WAIT_S = 2.0
"""For the first camera_info, which makes the camera open its stream."""
NO_CAMERA = (
    f"no {CAMERA_INFO} came within {WAIT_S} s, which a pixel needs: is the camera node running, "
    "and has it pictures?"
)
KEEP_S = 10.0
"""The stream is let go so long after the last pixel."""


class LookAtTopics:
    """Turns points into targets, on the thread of the commands.

    ``present`` returns the newest state or raises NotConnectedError.
    """

    def __init__(
        self, node: Node, base_frame: str, prefix: str, present: Callable[[], RobotState]
    ) -> None:
        self._node = node
        self._base_frame = base_frame
        self._prefix = prefix
        self._present = present
        self._history = History()
        self._camera = _Camera(node)
        look.head_to_camera()  # reads the URDF now, not in the first command

    def note(self, state: RobotState) -> None:
        """Remember a state, for pictures that were taken then."""
        self._history.note(state)

    def when_camera_known(self, then: Callable[[], None], replaced: Callable[[], None]) -> None:
        """Call ``then`` when a pixel can be looked at, or cannot in time; on the executor's thread.

        A later call takes the place of one that waits, whose ``replaced`` is called.
        """
        self._camera.request(then, replaced)

    def point_target(self, message: PointStamped) -> Target:
        """Return the head pose that looks at a point in any frame of the robot's tree."""
        return Target(head_pose=look.level_pose(self.point_in_world(message)))

    def point_in_world(self, message: PointStamped) -> Matrix:
        """Return a point in any frame of the robot's tree, as it is now."""
        point = message.point
        values = np.array([point.x, point.y, point.z])
        frame = message.header.frame_id
        if frame in ("", self._base_frame):
            frame = robot_tree().root
        elif frame.startswith(self._prefix):
            frame = frame.removeprefix(self._prefix)
        else:  # of another robot
            raise InvalidCommandError(
                f"'{shown(frame, LONGEST_NAME)}' is not a frame of this robot: they begin with "
                f"'{self._prefix}'"
            )
        return look.point_in_world(values, frame, self._present())

    def pixel_target(self, message: PointStamped) -> Target:
        """Return the head pose that looks at what a pixel showed.

        x and y are the pixel, z its depth in metres or 0 for unknown; the stamp is the picture's,
        or 0 for now.
        """
        camera = self._camera.info
        if camera is None:
            raise RobotError(self._camera.problem)
        model, frame = camera
        if message.header.frame_id not in ("", frame):
            raise InvalidCommandError(
                f"pixels are taken in the picture's frame '{frame}' (or with an empty frame_id), "
                f"not in '{shown(message.header.frame_id, LONGEST_NAME)}'"
            )
        point = message.point
        seen = look.point_of_pixel(
            point.x, point.y, model, self._head_pose_at(message), point.z or look.USUAL_DISTANCE_M
        )
        return Target(head_pose=look.level_pose(seen))

    def _head_pose_at(self, message: PointStamped) -> Matrix:
        present = self._present()
        picture_ns = stamp_ns(message.header.stamp)
        if not picture_ns:
            return present.head_pose
        age_ns = self._node.get_clock().now().nanoseconds - picture_ns
        return self._history.at(time.monotonic_ns() - age_ns, present).head_pose


class _Camera:
    """The camera's model, subscribed to only while pixels come: subscribing opens its stream."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._subscription: Subscription[CameraInfo] | None = None
        self._timer: Timer | None = None
        self._waiting: tuple[Callable[[], None], Callable[[], None]] | None = None
        self._asked_s = 0.0
        self.info: tuple[CameraModel, str] | None = None
        """The model and its frame."""
        self.problem = NO_CAMERA
        """Why there is none."""

    def request(self, then: Callable[[], None], replaced: Callable[[], None]) -> None:
        self._asked_s = time.monotonic()
        if self.info is not None:
            then()
            return
        if self._waiting is not None:
            self._waiting[1]()
        self._waiting = then, replaced
        if self._subscription is None:
            self._subscription = self._node.create_subscription(
                CameraInfo, CAMERA_INFO, self._take, reliable(1)
            )
            self._timer = self._node.create_timer(0.1, self._check)

    def _take(self, message: CameraInfo) -> None:
        try:
            self.info = from_message(message, ""), message.header.frame_id
        except ValueError as error:
            self.info, self.problem = None, f"{CAMERA_INFO} cannot be used: {error}"
        self._go_on()

    def _check(self) -> None:
        waited_s = time.monotonic() - self._asked_s
        if waited_s > WAIT_S:
            self._go_on()
        if waited_s > KEEP_S and self._subscription is not None and self._timer is not None:
            self._node.destroy_subscription(self._subscription)
            self._node.destroy_timer(self._timer)
            self._subscription = self._timer = self.info = None
            self.problem = NO_CAMERA

    def _go_on(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting[0]()
