# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Node ``dashboard``: the browser's view of the robot over HTTP."""

import math
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped, Quaternion
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.diagnostics import Level, Report, publish_diagnostics
from reachy_mini_ros.nodes.parameters import Param, declare
from reachy_mini_ros.nodes.qos import latched, reliable
from reachy_mini_ros.nodes.runtime import RobotNode, run
from reachy_mini_ros.web.application import Dashboard, HeadAngles, Status
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.pictures import Pictures

T = TypeVar("T")

PARAMETERS = (
    Param(
        "address",
        "127.0.0.1",
        "Address to listen on; any but loopback needs a token",
        read_only=True,
    ),
    Param("port", 8042, "Port to listen on", 1, 65535, read_only=True),
    Param(
        "token",
        "",
        "Secret that the page is opened with once, as ?token=...; empty for none",
        read_only=True,
        secret=True,
    ),
    Param(
        "image_topic",
        "camera/image_raw/compressed",
        "JPEG pictures to show, subscribed to only while somebody looks",
        read_only=True,
    ),
)
LINGER_S = 3.0
"""``head_pose`` and ``/diagnostics`` stay subscribed to for this long after the last question."""

HEAD_FRESH_S = 1.0
CAMERA_FRESH_S = 2.5


class DashboardNode(RobotNode):
    """Feeds the dashboard from topics; the image and the head's pose only while looked at."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("dashboard")
        self._io = io
        values = declare(self, PARAMETERS)
        self._connection = ""
        self._robot: dict[str, str] = {}
        self._head: tuple[float, HeadAngles] | None = None
        self._image = OnDemand(self, CompressedImage, values["image_topic"], self._on_image)
        self._image_topic = self.resolve_topic_name(values["image_topic"])
        self._camera: tuple[float, dict[str, str]] | None = None
        self._asked = (
            OnDemand(self, PoseStamped, "head_pose", self._on_head_pose),
            OnDemand(self, DiagnosticArray, "/diagnostics", self._on_diagnostics, depth=20),
        )
        self._interest = Interest(self._want, LINGER_S)
        self.pictures = Pictures(self._image.want)
        self._dashboard = Dashboard(
            self.pictures,
            self._status,
            address=values["address"],
            port=values["port"],
            token=values["token"],
        )
        io.submit(self._dashboard.start()).result()
        self._connection_topic = self.create_subscription(
            String, "connection", self._on_connection, latched()
        )
        self.create_subscription(DiagnosticStatus, "robot_info", self._on_robot_info, latched())
        publish_diagnostics(self, "", self._report)
        how = "with ?token=... " if values["token"] else ""
        self.get_logger().info(f"open {self._dashboard.url} {how}in a browser")

    def close(self) -> None:
        """End all streams and stop listening."""
        self._io.submit(self._dashboard.stop()).result()

    def _on_image(self, message: CompressedImage) -> None:
        self._io.call(self.pictures.publish, message.data.tobytes())

    def _on_connection(self, message: String) -> None:
        self._connection = message.data

    def _on_robot_info(self, message: DiagnosticStatus) -> None:
        self._robot = {entry.key: entry.value for entry in message.values}

    def _on_head_pose(self, message: PoseStamped) -> None:
        self._head = time.monotonic(), head_angles(message.pose.orientation)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if self._image_topic.startswith(f"{status.name.partition(':')[0]}/"):
                values = {entry.key: entry.value for entry in status.values}
                known = {key: values.get(key, "") for key in ("lifecycle", "reason")}
                self._camera = time.monotonic(), known

    def _want(self, wanted: bool) -> None:
        for subscription in self._asked:
            subscription.want(wanted)

    def _status(self) -> Status:
        """Return what is known; runs on the loop's thread, once for each question."""
        self._interest.touch()
        # A latched message outlives whoever published it.
        if not self.count_publishers(self._connection_topic.topic_name):
            return Status(camera=_fresh(self._camera, CAMERA_FRESH_S) or {})
        head = _fresh(self._head, HEAD_FRESH_S)
        camera = _fresh(self._camera, CAMERA_FRESH_S) or {}
        return Status(self._connection or None, self._robot, head, camera)

    def _report(self) -> Report:
        values = {"url": self._dashboard.url, **self.pictures.status()}
        if not self.pictures.viewers:
            return Report(Level.OK, "nobody looks", values)
        if values["age_s"] is None:
            return Report(Level.WARN, "somebody looks, but the camera sends no pictures", values)
        return Report(Level.OK, "somebody looks", values)


def _fresh(known: tuple[float, T] | None, for_s: float) -> T | None:
    """Return what came at a time (monotonic, s) unless it is older than ``for_s``."""
    return known[1] if known is not None and time.monotonic() - known[0] < for_s else None


class OnDemand:
    """A subscription that is there only while wanted.

    :meth:`want` may be called from any thread; the subscription itself is made and destroyed by
    the executor's, which iterates over the node's subscriptions.
    """

    def __init__(
        self,
        node: RobotNode,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        depth: int = 2,
    ) -> None:
        self._node = node
        self._what = (kind, topic, callback, reliable(depth))
        self._wanted = False
        self._subscription: Subscription[Any] | None = None
        self._changed = node.create_guard_condition(self._change)

    def want(self, wanted: bool) -> None:
        """Ask for the subscription, or for its end."""
        self._wanted = wanted
        self._changed.trigger()

    def _change(self) -> None:
        if self._wanted and self._subscription is None:
            self._subscription = self._node.create_subscription(*self._what)
        elif not self._wanted and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None


def head_angles(q: Quaternion) -> HeadAngles:
    """Return roll, pitch, yaw in degrees about the fixed axes x, y, z (REP-103)."""
    roll = math.atan2(2 * (q.w * q.x + q.y * q.z), 1 - 2 * (q.x * q.x + q.y * q.y))
    pitch = math.asin(max(-1.0, min(1.0, 2 * (q.w * q.y - q.z * q.x))))
    yaw = math.atan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
    return HeadAngles(*(round(math.degrees(angle), 2) + 0.0 for angle in (roll, pitch, yaw)))


def main() -> None:
    """Run the node on its own."""
    sys.exit(run([DashboardNode]))


if __name__ == "__main__":
    main()
