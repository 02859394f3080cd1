# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions that are there only while wanted."""

import math
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription

from reachy_mini_ros.nodes.qos import reliable
from reachy_mini_ros.statistics import Window

T = TypeVar("T")


class OnDemand:
    """A subscription that is there only while wanted.

    :meth:`want` may be called from any thread; the subscription itself is made and destroyed by
    the executor's, which iterates over the node's subscriptions.
    """

    def __init__(
        self,
        node: Node,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        qos: QoSProfile | None = None,
        *,
        raw: bool = False,
    ) -> None:
        self.topic = node.resolve_topic_name(topic)
        self._node = node
        self._what = (kind, topic, callback, qos or reliable(2))
        self._raw = raw
        self._wanted = False
        self._subscription: Subscription[Any] | None = None
        self._changed = node.create_guard_condition(self._change)

    def want(self, wanted: bool) -> None:
        """Ask for the subscription, or for its end."""
        self._wanted = wanted
        self._changed.trigger()

    def ended(self) -> None:
        """Drop what came, now that the subscription is gone."""

    def _change(self) -> None:
        if self._wanted and self._subscription is None:
            self._subscription = self._node.create_subscription(*self._what, raw=self._raw)
        elif not self._wanted and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
            self.ended()


class Latest(OnDemand, Generic[T]):
    """The newest message of a topic; nothing once it is not subscribed to any more.

    Messages stay serialized until somebody asks: of a fast topic most are never looked at.
    """

    def __init__(
        self, node: Node, kind: type[T], topic: str, qos: QoSProfile | None = None
    ) -> None:
        super().__init__(node, kind, topic, self._keep, qos, raw=True)
        self._kind = kind
        self._newest: tuple[float, bytes] | None = None
        self._arrivals = Window()

    def get(self, fresh_s: float = math.inf) -> T | None:
        """Return the newest message unless it is older than ``fresh_s``; from any thread."""
        newest = self._newest
        if newest is None or time.monotonic() - newest[0] > fresh_s:
            return None
        message: T = deserialize_message(newest[1], self._kind)
        return message

    def rate_hz(self) -> float:
        """Return messages per second, 0 while none come."""
        return self._arrivals.rate_hz()

    def ended(self) -> None:
        """Forget: what was true then need not be true when somebody looks again."""
        self._newest = None

    def _keep(self, message: bytes) -> None:
        self._newest = time.monotonic(), message
        self._arrivals.add()
