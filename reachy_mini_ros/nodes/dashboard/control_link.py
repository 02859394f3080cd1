# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What living control nodes tell of the robot."""

import math
import threading
import time
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import String

from reachy_mini_ros.nodes.common.on_demand import Latest, OnDemand
from reachy_mini_ros.nodes.common.qos import latched
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.control.election import ALIVE_S

LOOK_PERIOD_S = 0.5
"""Whether a control node has ended is looked for so often."""


class ControlLink:
    """What the control node tells of the robot, for as long as that node lives.

    A latched message outlives whoever published it.
    """

    def __init__(self, node: RobotNode, on_connection: Callable[[str], object]) -> None:
        """``on_connection`` hears, on the executor's thread, how the robot is connected."""
        self._node = node
        self._on_connection = on_connection
        self._publishers: set[bytes] = set()
        self._one = threading.Lock()
        """Messages come on the executor's thread, questions on the loop's."""
        self._connection = Latest(node, String, "connection", latched(), self._on_message)
        self._info = Latest(node, DiagnosticStatus, "robot_info", latched())
        self._presence = Latest(node, DiagnosticStatus, "control_nodes", latched())
        self.topics: tuple[OnDemand, ...] = (self._connection, self._info)
        for topic in (*self.topics, self._presence):
            topic.want(True)
        self._looked_s = -math.inf

    def changed(self) -> bool:
        """Tell whether a control node has ended, so that its last words must be forgotten.

        Those of others that live come again with a new subscription.
        """
        if time.monotonic() - self._looked_s < LOOK_PERIOD_S:
            return False
        self._looked_s = time.monotonic()
        with self._one:
            before, self._publishers = self._publishers, self._known()
            return bool(before - self._publishers)

    def _on_message(self) -> None:
        with self._one:
            self._publishers |= self._known()  # its sender may end soon
        self._on_connection(self.connection() or "")

    def _known(self) -> set[bytes]:
        known = self._node.get_publishers_info_by_topic(self._connection.topic)
        return {bytes(one.endpoint_gid) for one in known}

    def there(self) -> bool:
        """Tell whether a control node lives.

        One that was killed is told to publish for some 20 s more, but does not tell of itself.
        """
        if not self._node.count_publishers(self._connection.topic):
            return False
        return self._presence.get() is None or self._presence.get(ALIVE_S) is not None

    def connection(self) -> str | None:
        """Return how the robot is connected, in one word."""
        message = self._connection.get()
        return message.data or None if message else None

    def robot(self) -> dict[str, str]:
        """Return what is known of the robot itself."""
        message = self._info.get()
        return {entry.key: entry.value for entry in message.values} if message else {}
