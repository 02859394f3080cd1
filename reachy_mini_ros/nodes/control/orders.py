# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From callbacks of rclpy to the driver on the event loop, for commands of topics and services."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from std_srvs.srv import SetBool, Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import BusyError, ReachyMiniRosError
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.work import result_in_executor
from reachy_mini_ros.nodes.control.door import Door
from reachy_mini_ros.nodes.control.presence import ControlPresence
from reachy_mini_ros.nodes.control.stop_gate import MessageInfo, StopGate
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.motion.receipts import Order

Command = Callable[[Order], Coroutine[Any, Any, str]]
Response = TypeVar("Response", Trigger.Response, SetBool.Response)


class Orders:
    """Hands commands over; every method belongs to the executor's thread."""

    def __init__(
        self,
        node: RobotNode,
        io: LoopThread,
        driver: Driver,
        presence: ControlPresence,
        gate: StopGate,
        door: Door | None = None,
    ) -> None:
        """``presence`` says whether this node may command, ``door`` in whose name."""
        self.presence = presence
        self.door = door or Door(node)
        self._node = node
        self._io = io
        self._driver = driver
        self._gate = gate

    def order(self, source: str, id: str = "", detail: str = "") -> Order:
        """Return the order for a command that came by ``source``; from any thread."""
        self.door.seen = True
        return self._driver.order(self.door.prefix + source, id, detail, self.door.holder)

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
        return await self._answer(self._driver.order("stop"), command, response)

    async def answer(self, source: str, command: Command, response: Response) -> Response:
        """Carry out a command of a service, and answer with its end."""
        return await self._answer(self.order(source), partial(self._permitted, command), response)

    async def _answer(self, order: Order, command: Command, response: Response) -> Response:
        async def obey() -> str:
            return await self._driver.obey(order, command(order))

        with self.door.busy():
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
