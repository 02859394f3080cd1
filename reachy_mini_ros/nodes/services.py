# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Services whose answers take time: worked out on the event loop while the node goes on."""

from collections.abc import Callable, Coroutine
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future

from reachy_mini_ros.aio import LoopThread

Answer = Callable[[Any, Any], Coroutine[Any, Any, Any]]
"""Takes request and empty response, returns the response."""


def offer_service(node: Node, io: LoopThread, kind: type, name: str, answer: Answer) -> None:
    """Offer a service that ``answer`` serves as a coroutine on the loop."""

    async def serve(request: Any, response: Any) -> Any:
        done: Future[None] = Future()
        answered = io.submit(answer(request, response))

        def wake(_: object) -> None:
            done.set_result(None)
            # A sleeping executor does not notice that what it awaits is there.
            if node.executor is not None:
                node.executor.wake()

        answered.add_done_callback(wake)
        await done
        return answered.result()

    # Of a group of its own: in the node's group, nothing else would run until the answer is there.
    node.create_service(kind, name, serve, callback_group=ReentrantCallbackGroup())
