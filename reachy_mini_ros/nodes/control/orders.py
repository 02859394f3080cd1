# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From callbacks of rclpy to the driver on the event loop, for commands of topics and services."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import BusyError, ReachyMiniRosError
from reachy_mini_ros.nodes.common.work import result_in_executor
from reachy_mini_ros.nodes.control.presence import ControlPresence
from reachy_mini_ros.nodes.control.stop_gate import MessageInfo, StopGate
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.motion.receipts import Order

Command = Callable[[Order], Coroutine[Any, Any, str]]
Response = TypeVar("Response", Trigger.Response, SetBool.Response)


class Orders:
    """Hands commands over; every method belongs to the executor's thread."""

    def __init__(
        self, node: Node, io: LoopThread, driver: Driver, presence: ControlPresence
    ) -> None:
        """``presence`` says whether this node may command."""
        self.presence = presence
        self._node = node
        self._io = io
        self._driver = driver
        self._gate = StopGate()

    def begin(self, order: Order, command: Command, info: MessageInfo) -> None:
        """Have a command of a topic carried out, unless a stop came after it."""
        try:
            self._gate.check(info)
        except BusyError as error:
            self._io.call(self._driver.fail, order, error)
        else:
            self._io.call(lambda: self._driver.begin(order, self._if_active(command, order)))

    async def stop(self, command: Command, response: Trigger.Response) -> Trigger.Response:
        """End what moves the robot, and all that was sent before; whoever commands it."""
        self._gate.stopped()
        return await self._answer("stop", command, response)

    async def answer(self, source: str, command: Command, response: Response) -> Response:
        """Carry out a command of a service, and answer with its end."""
        return await self._answer(source, partial(self._permitted, command), response)

    async def _answer(self, source: str, command: Command, response: Response) -> Response:
        order = self._driver.order(source)

        async def obey() -> str:
            return await self._driver.obey(order, command(order))

        try:
            response.message = await result_in_executor(self._node, self._io.submit(obey()))
            response.success = True
        except ReachyMiniRosError as error:
            response.message = str(error)
        return response

    async def _if_active(self, command: Command, order: Order) -> str:
        self.presence.require_active()
        return await command(order)

    async def _permitted(self, command: Command, order: Order) -> str:
        await self.presence.refuse_last()
        return await command(order)
