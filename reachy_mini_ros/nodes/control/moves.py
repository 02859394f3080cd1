# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`joint_trajectory`, `play_move`, `list_moves` and `record_move`."""

import json
from functools import partial
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.control.orders import Orders
from reachy_mini_ros.nodes.control.stop_gate import MessageInfo
from reachy_mini_ros.nodes.control.trajectories import decoded, trajectory_id, trajectory_of
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.motion.receipts import Order


class MoveTopics:
    """Topics and services for what is longer than one target."""

    def __init__(self, node: Node, driver: Driver, orders: Orders) -> None:
        self._node = node
        self._driver = driver
        self._orders = orders
        group = ReentrantCallbackGroup()
        door = orders.door
        door.subscribe(
            JointTrajectory, "joint_trajectory", self._on_trajectory, reliable(10), raw=True
        )
        door.subscribe(String, "play_move", self._on_play, reliable(10))
        door.serve(Trigger, "list_moves", self._on_list, callback_group=group)
        door.serve(SetBool, "record_move", self._on_record, callback_group=group)

    def _on_trajectory(self, raw: bytes, info: MessageInfo) -> None:
        order = self._orders.order("joint_trajectory", trajectory_id(raw))
        self._orders.begin(order, partial(self._follow, raw), info)

    async def _follow(self, raw: bytes, order: Order) -> str:
        names, points = trajectory_of(decoded(raw), self._node)
        planned = await self._driver.player.plan(names, points)
        return await self._driver.player.play_trajectory(planned, points, None, order)

    def _on_play(self, message: String, info: MessageInfo) -> None:
        order = self._orders.order("play_move", detail=message.data)
        self._orders.begin(order, partial(self._driver.play_move, message.data), info)

    async def _on_list(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return await self._orders.answer("list_moves", self._list, response)

    async def _list(self, _: Order) -> str:
        found = await self._driver.list_moves()
        known: dict[str, Any] = {"recorded": found.recorded}
        if found.unavailable:
            known["unavailable"] = found.unavailable
        else:
            known[found.dataset] = found.names
        return json.dumps(known)

    async def _on_record(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        command = self._start_recording if request.data else self._end_recording
        return await self._orders.answer("record_move", command, response)

    async def _start_recording(self, _: Order) -> str:
        return self._driver.recorder.start()

    async def _end_recording(self, _: Order) -> str:
        return str(await self._driver.save_recording())
