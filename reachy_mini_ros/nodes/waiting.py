# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Awaiting the event loop's work in a callback of the ROS executor, without blocking it."""

import concurrent.futures
from typing import TypeVar

from rclpy.node import Node
from rclpy.task import Future

T = TypeVar("T")


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
