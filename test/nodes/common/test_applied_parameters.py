# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters are applied when all of them were accepted, on the event loop's thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import rclpy
from harness.waiting import Awaited, wait_for
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.common.parameters import Param, declare

PARAMS = (Param("rate", 15.0, "A rate", 1.0, 60.0), Param("name", "one", "A name"))


class Applied:
    """What was applied, and where."""

    def __init__(self, io: LoopThread, check: Any = None) -> None:
        self.values: list[tuple[Mapping[str, Any], str]] = []
        self.node = Node("applied")
        self.io = io
        declare(self.node, PARAMS, self._apply, io, check)

    def _apply(self, values: Mapping[str, Any]) -> None:
        self.values.append((values, threading.current_thread().name))

    def set(self, **values: object) -> SetParametersResult:
        parameters = [Parameter(name, value=value) for name, value in values.items()]
        result = self.node.set_parameters_atomically(parameters)
        Awaited(self.io.submit(_nothing())).result(10)  # what was handed to the loop before is done
        return result


async def _nothing() -> None:
    pass


@pytest.fixture
def io() -> Iterator[LoopThread]:
    rclpy.init()
    with LoopThread("the loop") as io_thread:
        yield io_thread
    rclpy.shutdown()


def test_what_was_accepted_is_applied_on_the_loop(io: LoopThread) -> None:
    applied = Applied(io)
    assert applied.set(rate=20, name="two").successful
    wait_for(lambda: applied.values, 5)
    assert applied.values == [({"rate": 20.0, "name": "two"}, "the loop")]
    applied.node.declare_parameter("another", 1)  # as rclpy does for each overridable publisher
    assert len(applied.values) == 1
    applied.set(another=2)
    assert len(applied.values) == 1
    applied.node.destroy_node()


def test_nothing_is_applied_if_one_of_them_is_refused(io: LoopThread) -> None:
    applied = Applied(io)
    assert not applied.set(name="two", rate=500.0).successful
    # Another one's refusal counts too, whose callback comes later.
    refusal = SetParametersResult(successful=False, reason="not now")
    applied.node.add_on_set_parameters_callback(lambda _: refusal)
    assert applied.set(name="three").reason == "not now"
    assert applied.values == []
    applied.node.destroy_node()


def test_a_node_s_own_check_refuses_with_its_reason(io: LoopThread) -> None:
    def check(values: Mapping[str, Any]) -> None:
        if values.get("name") == "nobody":
            raise ValueError("name: there is nobody of this name")

    applied = Applied(io, check)
    result = applied.set(name="nobody", rate=30.0)
    assert (result.successful, "nobody of this name" in result.reason) == (False, True)
    assert applied.values == []
    applied.node.destroy_node()
