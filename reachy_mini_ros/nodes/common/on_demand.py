# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions, publishers and clients that are there only while wanted.

An executor of rclpy looks at every entity of its nodes with each callback.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from rclpy.callback_groups import CallbackGroup
from rclpy.client import Client
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from rclpy.task import Future
from rclpy.timer import Timer

from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.statistics import Window

T = TypeVar("T")


MATCH_S = 4.0
"""For a publisher and a subscriber to find each other, which takes up to 3 s on a busy machine."""


async def reached(condition: Callable[[], T], within_s: float = MATCH_S) -> T:
    """Return ``condition()``, asked again until it is true or the time is over."""
    end_s = time.monotonic() + within_s
    while True:
        found = condition()
        if found or time.monotonic() > end_s:
            return found
        await asyncio.sleep(0.005)


class _OnDemand(ABC):
    """An entity of a node that is there only while wanted.

    :meth:`want` may be called from any thread; the entity itself is made and destroyed by the
    executor's.
    """

    def __init__(self, node: RobotNode) -> None:
        self._node = node
        self._wanted = False
        self._there = False

    def want(self, wanted: bool) -> None:
        """Ask for the entity, or for its end."""
        self._wanted = wanted
        self._node.in_executor(self._change)

    def renew(self) -> None:
        """Make the entity anew if it is there."""
        self._node.in_executor(self._again)

    @abstractmethod
    def _begin(self) -> None:
        """Make the entity."""

    @abstractmethod
    def _end(self) -> None:
        """Destroy the entity."""

    def _again(self) -> None:
        if self._there:
            self._end()
            self._begin()

    def _change(self) -> None:
        if self._wanted == self._there:
            return
        self._there = self._wanted
        if self._there:
            self._begin()
        else:
            self._end()


class OnDemand(_OnDemand):
    """A subscription that is there only while wanted."""

    def __init__(
        self,
        node: RobotNode,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        qos: QoSProfile | None = None,
        *,
        raw: bool = False,
    ) -> None:
        super().__init__(node)
        self.topic = node.resolve_topic_name(topic)
        self._what = (kind, topic, callback, qos or reliable(2))
        self._callback = callback
        self._raw = raw
        self._subscription: Subscription[Any] | None = None

    @property
    def matched(self) -> bool:
        """Whether a publisher was found."""
        subscription = self._subscription
        return subscription is not None and subscription.get_publisher_count() > 0

    def _begin(self) -> None:
        self._subscription = self._node.create_subscription(*self._what, raw=self._raw)

    def _end(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            self._node.destroy_subscription(subscription)


class _Never(CallbackGroup):
    """What is in it wakes no executor."""

    def can_execute(self, entity: object) -> bool:
        return False

    def beginning_execution(self, entity: object) -> bool:
        return False

    def ending_execution(self, entity: object) -> None:
        pass


class Polled(OnDemand):
    """One whose messages wait until :meth:`poll`: a wake-up costs more than a small message."""

    def poll(self) -> None:
        """Hand over what has come; on the executor's thread."""
        subscription = self._subscription
        if subscription is None:
            return
        with subscription.handle:
            kind, raw = subscription.msg_type, subscription.raw
            while taken := subscription.handle.take_message(kind, raw):
                # Here, or a failure would be that of who polls.
                with self._node.supervisor.guard(f"topic {self._what[1]}"):
                    self._callback(taken[0])

    def _begin(self) -> None:
        self._subscription = self._node.create_subscription(
            *self._what, raw=self._raw, callback_group=_Never()
        )


class TimerOnDemand(_OnDemand):
    """A timer that is there only while wanted."""

    def __init__(self, node: RobotNode, period_s: float, callback: Callable[[], None]) -> None:
        super().__init__(node)
        self._what = (period_s, callback)
        self._timer: Timer | None = None

    def _begin(self) -> None:
        self._timer = self._node.create_timer(*self._what)

    def _end(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            self._node.destroy_timer(timer)


class PublisherOnDemand(_OnDemand):
    """A publisher that is there only while wanted."""

    def __init__(self, node: RobotNode, kind: type, topic: str) -> None:
        super().__init__(node)
        self.topic = node.resolve_topic_name(topic)
        self._what = (kind, topic, reliable(10))
        self._publisher: Publisher[Any] | None = None
        self._one = threading.Lock()
        """Who publishes does so before the executor destroys, or after it has forgotten."""

    def publish(self, message: Any) -> bool:
        """Publish, and return true, if the publisher is there and has a subscriber."""
        with self._one:
            publisher = self._publisher
            if publisher is None or not publisher.get_subscription_count():
                return False
            publisher.publish(message)
            return True

    def _begin(self) -> None:
        self._publisher = self._node.create_publisher(*self._what)

    def _end(self) -> None:
        with self._one:
            publisher, self._publisher = self._publisher, None
        if publisher is not None:
            self._node.destroy_publisher(publisher)


class LatchedOnDemand(PublisherOnDemand):
    """A latched topic that is there only while wanted; what it was told meanwhile comes then."""

    def __init__(self, node: RobotNode, kind: type, topic: str) -> None:
        super().__init__(node, kind, topic)
        self._what = (kind, topic, latched())
        self._newest: Any = None

    def publish(self, message: Any) -> bool:
        """Publish now, or else when the topic is there; return whether it is."""
        with self._one:
            self._newest = message
            if self._publisher is None:
                return False
            self._publisher.publish(message)
            return True

    def _begin(self) -> None:
        with self._one:
            self._publisher = self._node.create_publisher(*self._what)
            if self._newest is not None:
                self._publisher.publish(self._newest)


class ClientOnDemand(_OnDemand):
    """A client of a service that is there only while wanted."""

    def __init__(self, node: RobotNode, kind: Any, service: str) -> None:
        super().__init__(node)
        self.service = node.resolve_service_name(service)
        self._what = (kind, service)
        self._client: Client[Any, Any] | None = None
        self._one = threading.Lock()

    def call(self, request: Any) -> Future[Any] | None:
        """Call the service; None if the client is not there, or has not found it yet."""
        with self._one:
            if self._client is None or not self._client.service_is_ready():
                return None
            return self._client.call_async(request)

    def forget(self, pending: Future[Any]) -> None:
        """Wait no longer for the answer to a call."""
        with self._one:
            if self._client is not None:
                self._client.remove_pending_request(pending)

    def _begin(self) -> None:
        self._client = self._node.create_client(*self._what)

    def _end(self) -> None:
        with self._one:
            client, self._client = self._client, None
        if client is not None:
            self._node.destroy_client(client)


class Latest(OnDemand, Generic[T]):
    """The newest message of a topic; nothing once it is not subscribed to any more.

    Messages stay serialized until somebody asks: of a fast topic most are never looked at.
    """

    def __init__(
        self,
        node: RobotNode,
        kind: type[T],
        topic: str,
        qos: QoSProfile | None = None,
        on_new: Callable[[], object] | None = None,
    ) -> None:
        """``on_new`` is called on the executor's thread when a message has come."""
        super().__init__(node, kind, topic, self._keep, qos, raw=True)
        self._on_new = on_new
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

    def _end(self) -> None:
        super()._end()
        self._newest = None  # what was true then need not be true when somebody looks again

    def _keep(self, message: bytes) -> None:
        self._newest = time.monotonic(), message
        self._arrivals.add()
        if self._on_new is not None:
            self._on_new()
