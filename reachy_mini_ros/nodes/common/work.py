# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a node has running on the event loop, and services that answer with its result."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import ReachyMiniRosError

T = TypeVar("T")


class Work:
    """The tasks of one node; :meth:`start` and :meth:`end` belong to the loop."""

    def __init__(self, node: Node, io: LoopThread) -> None:
        self._node = node
        self._io = io
        self._tasks: set[asyncio.Task[None]] = set()
        self._group = ReentrantCallbackGroup()

    def start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``coroutine`` until it returns or :meth:`end` cancels it."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    async def end(self) -> None:
        """Cancel what runs, and wait for its clean-up."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._node.get_logger().fatal(f"internal error, please report it: {error!r}")


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
