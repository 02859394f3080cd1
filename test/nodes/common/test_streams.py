# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions apart from the executor: theirs is the thread, and they come and go with it."""

import threading
from collections.abc import Iterator

import pytest
from harness.ros import RosClient
from harness.waiting import patience, wait_for
from std_msgs.msg import Int32

from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.streams import Streams


@pytest.fixture
def ros() -> Iterator[RosClient]:
    with RosClient() as client:
        yield client


@pytest.fixture
def streams(ros: RosClient) -> Iterator[Streams]:
    streams = Streams(ros.node)
    thread = threading.Thread(target=streams.spin, name="streams")
    thread.start()
    yield streams
    streams.end()
    thread.join(patience(10))
    assert not thread.is_alive()


class Taken:
    """What came, and on which thread."""

    def __init__(self) -> None:
        self.values: list[int] = []
        self.threads: set[str] = set()

    def __call__(self, message: Int32) -> None:
        self.values.append(message.data)
        self.threads.add(threading.current_thread().name)


def test_each_topic_s_messages_come_in_order_on_the_thread_that_spins(
    ros: RosClient, streams: Streams
) -> None:
    first, second = Taken(), Taken()
    streams.subscribe(Int32, "first", first, reliable(100))
    sender = ros.publisher(Int32, "first", reliable(100))
    for number in range(20):
        sender.publish(Int32(data=number))
    wait_for(lambda: len(first.values) == 20, 10)
    streams.subscribe(Int32, "second", second, reliable(100))  # while the thread waits
    other = ros.publisher(Int32, "second", reliable(100))
    for number in range(20):
        other.publish(Int32(data=-number))
        sender.publish(Int32(data=20 + number))
    wait_for(lambda: (len(first.values), len(second.values)) == (40, 20), 10)
    assert first.values == list(range(40))
    assert second.values == [-number for number in range(20)]
    assert first.threads == second.threads == {"streams"}


def test_a_subscription_that_is_forgotten_can_be_destroyed_while_the_thread_waits(
    ros: RosClient, streams: Streams
) -> None:
    taken, kept = Taken(), Taken()
    subscription = streams.subscribe(Int32, "topic", taken, reliable(1))
    streams.subscribe(Int32, "kept", kept, reliable(1))
    sender = ros.publisher(Int32, "topic", reliable(1))
    sender.publish(Int32(data=1))
    wait_for(lambda: taken.values == [1], 10)
    streams.forget(subscription)
    ros.destroy(ros.node.destroy_subscription, subscription)
    wait_for(lambda: not sender.get_subscription_count(), 10, "the end of the subscription")
    ros.publisher(Int32, "kept", reliable(1)).publish(Int32(data=2))
    wait_for(lambda: kept.values == [2], 10)


def test_a_function_is_called_by_the_thread_that_spins(streams: Streams) -> None:
    names: list[str] = []
    streams.call(lambda: names.append(threading.current_thread().name))
    wait_for(lambda: names == ["streams"], 10)
