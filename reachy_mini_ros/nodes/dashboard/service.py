# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Services that the dashboard calls."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import NotConnectedError, RobotError, TimedOutError
from reachy_mini_ros.nodes.common.on_demand import ClientOnDemand, reached
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.receipts import ANSWER_S

KEEP_S = 60.0
"""A publisher or a client is kept for this long after it was used."""


class Service:
    """A service, called from the event loop; its client is there only while it is used."""

    def __init__(self, node: RobotNode, io: LoopThread, kind: Any, name: str) -> None:
        self._node = node
        self._io = io
        self._client = ClientOnDemand(node, kind, name)
        self._interest = Interest(self._client.want, KEEP_S)

    async def call(self, request: Any) -> str:
        """Return the answer's message; raises RobotError with it if it is a refusal."""
        response = await self.ask(request)
        if not response.success:
            raise RobotError(response.message)
        return str(response.message)

    async def ask(self, request: Any) -> Any:
        """Return the answer; raises NotConnectedError, or TimedOutError if there is none."""
        name = self._client.service
        if not self._node.count_services(name):
            raise NotConnectedError(f"nobody offers the service {name}: start its node")
        with self._interest.held():
            return await self._answer(request)

    async def _answer(self, request: Any) -> Any:
        name = self._client.service
        pending = await reached(partial(self._client.call, request))
        if pending is None:
            raise NotConnectedError(f"who offers the service {name} was not reached")
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        pending.add_done_callback(lambda done: self._io.call(_settle, answered, done.result()))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answered
        except TimeoutError:
            raise TimedOutError(f"{name} gave no answer within {ANSWER_S:g} s") from None
        finally:
            self._client.forget(pending)


class Parameters:
    """Those of another node."""

    def __init__(self, node: RobotNode, io: LoopThread, name: str) -> None:
        """``name``: of the other node."""
        self._set = Service(node, io, SetParametersAtomically, f"{name}/set_parameters_atomically")

    async def set(self, values: Mapping[str, bool | int]) -> None:
        """Set all of them or none; raises RobotError if the node refuses."""
        parameters = [Parameter(name, value=one).to_parameter_msg() for name, one in values.items()]
        answer = await self._set.ask(SetParametersAtomically.Request(parameters=parameters))
        if not answer.result.successful:
            raise RobotError(answer.result.reason)


def _settle(future: "asyncio.Future[Any]", result: object) -> None:
    if not future.done():
        future.set_result(result)
