# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a node has running on the event loop, and services that answer with its result."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from reachy_mini_ros.aio import LoopThread, Tasks
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.nodes.common.runtime import RobotNode

T = TypeVar("T")


class Work(Tasks):
    """The tasks of one node; all but :meth:`begin` and :meth:`serve` belongs to the loop."""

    def __init__(self, node: RobotNode, io: LoopThread) -> None:
        super().__init__(node.supervisor)
        self._node = node
        self._io = io
        self._group = ReentrantCallbackGroup()

    def begin(self, part: str, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Have the loop :meth:`start` what ``work`` makes; from any thread."""
        self._io.call(lambda: self.start(part, work()))

    def serve(self, name: str, act: Callable[[], Coroutine[Any, Any, str]]) -> None:
        """Offer a Trigger service that answers with what ``act`` returns or refuses."""

        async def answer() -> tuple[bool, str]:
            try:
                return True, await act()
            except ReachyMiniRosError as error:
                return False, str(error)

        async def on_request(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            work = self._io.submit(answer())
            response.success, response.message = await result_in_executor(self._node, work)
            return response

        self._node.create_service(Trigger, name, on_request, callback_group=self._group)


async def result_in_executor(node: Node, work: concurrent.futures.Future[T]) -> T:
    """Return the result of ``work``, which runs in another thread.

    For callbacks in a ReentrantCallbackGroup: in any other group the node's callbacks would all
    wait with this one.
    """
    done: Future[None] = Future()

    def wake(_: concurrent.futures.Future[T]) -> None:
        done.set_result(None)
        # The executor looks at waiting callbacks whenever it wakes up, and a future that is
        # finished in another thread does not wake it.
        if node.executor is not None:
            node.executor.wake()

    work.add_done_callback(wake)
    await done
    return work.result()
