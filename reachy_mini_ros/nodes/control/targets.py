# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`set_target/*`, `goto/*`, `look_at` and `look_at_pixel`: where the robot is to be."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from geometry_msgs.msg import PointStamped, PoseStamped
from sensor_msgs.msg import JointState

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.stamps import command_id
from reachy_mini_ros.nodes.control import conversions
from reachy_mini_ros.nodes.control.look import LookAtTopics
from reachy_mini_ros.nodes.control.orders import Orders
from reachy_mini_ros.nodes.control.stop_gate import MessageInfo
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.motion.receipts import Order
from reachy_mini_ros.robot.state import Target

Convert = Callable[[Any], Target]
"""From a message to what it asks for, on the loop's thread; raises a ReachyMiniRosError."""

REPLACED = "a newer pixel took its place before the camera was known"


class TargetTopics:
    """Passes targets on to the driver."""

    def __init__(
        self,
        io: LoopThread,
        driver: Driver,
        orders: Orders,
        looking: LookAtTopics,
        base_frame: str,
    ) -> None:
        self._io = io
        self._driver = driver
        self._orders = orders
        self._look = looking
        self._base_frame = base_frame
        door = orders.door
        for name, kind, convert in (
            ("head_pose", PoseStamped, self._pose_target),
            ("joints", JointState, self._joint_target),
        ):
            stream = partial(self._on_stream, f"set_target/{name}", convert)
            door.stream(kind, f"set_target/{name}", stream, reliable(1))
            goto = partial(self._on_goto, f"goto/{name}", convert)
            door.subscribe(kind, f"goto/{name}", goto, reliable(10))
        look_at = partial(self._on_goto, "look_at", looking.point_target)
        door.subscribe(PointStamped, "look_at", look_at, reliable(10))
        door.subscribe(PointStamped, "look_at_pixel", self._on_pixel, reliable(10))

    def _on_stream(self, topic: str, convert: Convert, message: Any) -> None:
        self._io.call(self._stream, topic, convert, message, time.monotonic_ns())

    def _stream(self, topic: str, convert: Convert, message: Any, arrived_ns: int) -> None:
        order = self._order(topic, message)
        try:
            self._orders.presence.require_active()
            self._driver.commander.stream(convert(message), arrived_ns, order)
        except ReachyMiniRosError as error:
            self._driver.fail(order, error)

    def _on_goto(self, topic: str, convert: Convert, message: Any, info: MessageInfo) -> None:
        self._orders.begin(self._order(topic, message), partial(self._goto, convert, message), info)

    def _on_pixel(self, message: PointStamped, info: MessageInfo) -> None:
        order = self._order("look_at_pixel", message)
        goto = partial(self._goto, self._look.pixel_target, message)
        self._look.when_camera_known(
            partial(self._orders.begin, order, goto, info),
            partial(self._io.call, order.refuse, REPLACED),
        )

    async def _goto(self, convert: Convert, message: Any, order: Order) -> str:
        return await self._driver.goto(convert(message), order=order)

    def _order(self, topic: str, message: Any) -> Order:
        return self._orders.order(topic, command_id(message.header.stamp))

    def _pose_target(self, message: PoseStamped) -> Target:
        return conversions.head_target(message, self._base_frame)

    def _joint_target(self, message: JointState) -> Target:
        return conversions.joint_target(message, self._driver.commander.reference())
