# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A ROS node on the test's side: collects messages, calls services, publishes."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.task import Future

from harness.waiting import patience, wait_for
from reachy_mini_ros.nodes.common.runtime import use_fastdds_profile


class Collector:
    """The messages of one topic, with their arrival times (monotonic seconds)."""

    def __init__(self, keep: int = 2000) -> None:
        self._received: deque[tuple[float, Any]] = deque(maxlen=keep)
        self.count = 0

    def __call__(self, message: Any) -> None:
        self._received.append((time.monotonic(), message))
        self.count += 1

    @property
    def messages(self) -> list[Any]:
        return [message for _, message in tuple(self._received)]

    @property
    def arrivals_s(self) -> list[float]:
        return [arrival for arrival, _ in tuple(self._received)]

    @property
    def last(self) -> Any:
        """The newest message; waits for the first."""
        wait_for(lambda: self._received, 10.0, "a first message")
        return self._received[-1][1]

    def next(self, timeout_s: float = 10.0) -> Any:
        """Return the first message that arrives from now on."""
        before = self.count
        wait_for(lambda: self.count > before, timeout_s, "a message")
        return self.last

    def wait_count(self, count: int, timeout_s: float = 10.0) -> None:
        """Wait until ``count`` messages have come in all."""
        wait_for(lambda: self.count >= count, timeout_s, f"{count} messages, have {self.count}")


class RosClient:
    """A node spinning in a thread of its own."""

    def __init__(self, name: str = "test_client", namespace: str = "", enclave: str = "/") -> None:
        """``enclave``: where its keys are, for tests of security."""
        self._name, self._namespace, self._enclave = name, namespace, enclave

    def __enter__(self) -> Self:
        self.context = rclpy.Context()
        environment = dict(os.environ)
        use_fastdds_profile()  # nodes that start later find this one as soon as one another
        try:
            rclpy.init(args=["--ros-args", "--enclave", self._enclave], context=self.context)
            self.node = rclpy.create_node(
                self._name, namespace=self._namespace, context=self.context
            )
        finally:  # the nodes shall set it by themselves
            os.environ.clear()
            os.environ.update(environment)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._executor.spin_until_future_complete, args=(self._ended,)
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # In this order: shutdown under a spinning thread aborts the process.
        self._ended.set_result(None)
        self._thread.join()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    def subscribe(self, kind: type, topic: str, qos: QoSProfile | int = 10) -> Collector:
        collector = Collector()
        collector.subscription = self.node.create_subscription(kind, topic, collector, qos)  # type: ignore[attr-defined]
        return collector

    def destroy(self, destroy: Callable[[Any], bool], entity: Any) -> None:
        """Destroy an entity of the node, in the executor's thread.

        From another one it can happen between the executor's steps, which then ends with
        InvalidHandle (rclpy 9.1), and the node hears nothing more.
        """
        task = self._executor.create_task(destroy, entity)
        wait_for(task.done, 10, "the executor")

    def unsubscribe(self, collector: Collector) -> None:
        self.destroy(self.node.destroy_subscription, collector.subscription)  # type: ignore[attr-defined]

    def publisher(
        self, kind: type, topic: str, qos: QoSProfile | int = 10, timeout_s: float = 15.0
    ) -> Publisher:
        """Return a publisher that somebody already listens to."""
        publisher = self.node.create_publisher(kind, topic, qos)
        wait_for(publisher.get_subscription_count, timeout_s, f"a subscriber of {topic}")
        return publisher

    def call(self, kind: type, service: str, request: Any = None, timeout_s: float = 15.0) -> Any:
        """Call a service and return its response."""
        client = self.node.create_client(kind, service)
        try:
            assert client.wait_for_service(patience(timeout_s)), f"no service {service}"
            future = client.call_async(request if request is not None else kind.Request())  # type: ignore[attr-defined]
            wait_for(future.done, timeout_s, f"an answer from {service}")
            return future.result()
        finally:
            self.destroy(self.node.destroy_client, client)
