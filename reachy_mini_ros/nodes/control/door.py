# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The names by which commands come: the node's own, or those of one holder of the lease.

Neither a service nor, on every distribution, a message tells who sent it: a holder is known by
the names that it uses, which are the usual ones below `lease/NAME/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rclpy.qos import QoSProfile

from reachy_mini_ros.nodes.common.runtime import RobotNode


class Door:
    """Topics and services that take commands; made and closed on the executor's thread."""

    def __init__(self, node: RobotNode, holder: str = "") -> None:
        """``holder``: whose names these are; empty for those that are always there."""
        self.holder = holder
        self.prefix = f"lease/{holder}/" if holder else ""
        self._node = node
        self._subscriptions: list[Any] = []
        self._services: list[Any] = []
        self._answering = 0
        self.seen = False
        """Whether anybody was there."""

    def subscribe(
        self,
        kind: type,
        topic: str,
        callback: Callable[..., None],
        qos: QoSProfile,
        **options: Any,
    ) -> None:
        """Subscribe to a topic."""
        self._subscriptions.append(
            self._node.create_subscription(kind, self.prefix + topic, callback, qos, **options)
        )

    def stream(
        self, kind: type, topic: str, callback: Callable[[Any], None], qos: QoSProfile
    ) -> None:
        """Subscribe to a topic on which messages come often; ``callback`` has a thread apart."""
        assert self._node.streams is not None
        self._subscriptions.append(
            self._node.streams.subscribe(kind, self.prefix + topic, callback, qos)
        )

    def serve(self, kind: Any, name: str, callback: Callable[..., Any], **options: Any) -> None:
        """Offer a service."""
        self._services.append(
            self._node.create_service(kind, self.prefix + name, callback, **options)
        )

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep the services while one of them is answered in the block."""
        self._answering += 1
        try:
            yield
        finally:
            self._answering -= 1

    def used(self) -> bool:
        """Tell whether anybody can send by it."""
        node = self._node
        used = any(node.count_publishers(one.topic_name) for one in self._subscriptions) or any(
            node.count_clients(one.service_name) for one in self._services
        )
        self.seen = self.seen or used
        return used

    def closed(self) -> bool:
        """Take nothing any more; return whether it could be, as nobody waits for an answer."""
        if self._answering:
            return False
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        for service in self._services:
            self._node.destroy_service(service)
        self._subscriptions, self._services = [], []
        return True
