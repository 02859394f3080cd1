# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions whose messages come often, in a thread of their own.

rclpy's executor waits anew for every entity of its nodes, and does so twice with each callback:
with the control node's services that takes longer than all that becomes of a streamed target. Here
the few subscriptions alone are waited for, as rclpy's own ``wait_for_message`` does for one.
"""

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.qos import QoSProfile


class _Apart(CallbackGroup):
    """Of subscriptions that are none of the executor's."""

    def can_execute(self, entity: object) -> bool:
        return False


class Streams:
    """The subscriptions of one node that its executor leaves alone."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._group = _Apart()
        self._changed = GuardCondition(None, None, node.context)
        self._subscriptions: tuple[Any, ...] = ()
        self._due: deque[Callable[[], object]] = deque()
        self._over = False

    # On the executor's thread, or before it spins.

    def subscribe(
        self, kind: Any, topic: str, callback: Callable[[Any], None], qos: QoSProfile
    ) -> Any:
        """Subscribe; ``callback`` takes each message on the thread that spins this."""
        one = self._node.create_subscription(kind, topic, callback, qos, callback_group=self._group)
        self._subscriptions += (one,)
        self._changed.trigger()
        return one

    def forget(self, subscription: Any) -> None:
        """Let go of a subscription that is about to be destroyed."""
        if subscription in self._subscriptions:
            self._subscriptions = tuple(o for o in self._subscriptions if o is not subscription)
            self._changed.trigger()

    # From any thread.

    def call(self, function: Callable[[], object]) -> None:
        """Have the thread that spins call ``function`` soon."""
        self._due.append(function)
        self._changed.trigger()

    def end(self, _: object = None) -> None:
        """Let :meth:`spin` return; also as the callback of a future."""
        self._over = True
        self._changed.trigger()

    # On a thread of its own.

    def spin(self) -> None:
        """Take messages until :meth:`end`."""
        while not self._over:
            self._take()
            while self._due:
                self._due.popleft()()

    def _take(self) -> None:
        """Wait for messages, or for a change."""
        context, changed = self._node.context.handle, self._changed.handle
        assert context is not None, "a node of a context that never was"
        with ExitStack() as in_use:
            in_use.enter_context(context)
            in_use.enter_context(changed)
            subscriptions = []
            for one in self._subscriptions:
                with suppress(InvalidHandle):  # destroyed just now
                    in_use.enter_context(one.handle)
                    subscriptions.append(one)
            wait_set = rclpy_implementation.WaitSet(len(subscriptions), 1, 0, 0, 0, 0, context)
            wait_set.clear_entities()
            wait_set.add_guard_condition(changed)
            for one in subscriptions:
                wait_set.add_subscription(one.handle)
            wait_set.wait(-1)
            ready = wait_set.get_ready_entities("subscription")
            for one in subscriptions:
                if one.handle.pointer in ready:
                    taken = one.handle.take_message(one.msg_type, one.raw)
                    if taken is not None:
                        one.callback(taken[0])
