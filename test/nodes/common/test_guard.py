# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A callback that fails costs one message, not the node; a part that fails for good ends it."""

import sys
from collections.abc import Iterator

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from harness.processes import Child, Processes
from harness.ros import Collector, RosClient
from harness.waiting import wait_for
from std_msgs.msg import String
from std_srvs.srv import Trigger

FRAGILE = """
import sys
from rclpy.qos import QoSProfile
from std_msgs.msg import String
from std_srvs.srv import Trigger
from reachy_mini_ros import aio
from reachy_mini_ros.nodes.common.diagnostics import Level, Report, publish_diagnostics
from reachy_mini_ros.nodes.common.on_demand import Polled
from reachy_mini_ros.nodes.common.runtime import RobotNode, run
from reachy_mini_ros.nodes.common.work import Work

aio.MOST_IN_A_ROW = 4

class Fragile(RobotNode):
    def __init__(self, io):
        super().__init__("fragile")
        self.work = Work(self, io)
        self.echo = self.create_publisher(String, "echo", 10)
        self.create_subscription(String, "number", self.on_number, QoSProfile(depth=10))
        self.polled = Polled(self, String, "polled", lambda message: int(message.data))
        self.polled.want(True)
        self.create_timer(0.02, self.polled.poll)
        self.create_service(Trigger, "now", self.on_now)
        self.create_service(Trigger, "later", self.on_later)
        publish_diagnostics(self, "", lambda: Report(Level.OK, "fine"))

    def on_number(self, message):
        if message.data == "give up":
            self.work._io.call(self.work.keep, "engine", self.engine)
            return
        self.echo.publish(String(data=str(1 / int(message.data))))

    async def engine(self):
        raise RuntimeError("no engine")

    def on_now(self, request, response):
        return 1 / 0

    async def on_later(self, request, response):
        return 1 / 0

sys.exit(run("fragile", {"fragile": Fragile}))
"""
STATUS = "/reachy_mini/fragile: status"


class Fragile:
    """A node whose callbacks fail."""

    def __init__(self, child: Child, ros: RosClient) -> None:
        self.child = child
        self.ros = ros
        self.diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")
        self.echo: Collector = ros.subscribe(String, "/reachy_mini/echo")
        self.number = ros.publisher(String, "/reachy_mini/number")
        wait_for(lambda: ros.node.count_publishers("/reachy_mini/echo"), 15, "the node's topic")

    def status(self) -> DiagnosticStatus | None:
        found = [
            status
            for message in self.diagnostics.messages
            for status in message.status
            if status.name == STATUS
        ]
        return found[-1] if found else None

    def wait_message(self, text: str) -> None:
        wait_for(lambda: (now := self.status()) and text in now.message, 15, text)


@pytest.fixture
def fragile(processes: Processes, ros: RosClient) -> Iterator[Fragile]:
    node = Fragile(processes.start(sys.executable, "-c", FRAGILE), ros)
    yield node
    node.child.stop()


def test_a_callback_that_fails_is_an_error_in_diagnostics_until_it_works(fragile: Fragile) -> None:
    for text in ("0", "0", "x"):
        fragile.number.publish(String(data=text))
    fragile.wait_message("topic number: ValueError")
    status = fragile.status()
    assert status is not None
    assert status.level == DiagnosticStatus.ERROR
    fragile.number.publish(String(data="2"))
    assert fragile.echo.next().data == "0.5", "the node goes on"
    fragile.wait_message("fine")
    output = fragile.child.output()
    assert output.count("division by zero') (a bug") == 1, "one trace for the same failure"


def test_a_polled_topic_that_fails_is_told_by_its_own_name(fragile: Fragile) -> None:
    polled = fragile.ros.publisher(String, "/reachy_mini/polled")
    polled.publish(String(data="x"))
    fragile.wait_message("topic polled: ValueError")
    polled.publish(String(data="1"))
    fragile.wait_message("fine")


@pytest.mark.parametrize("service", ["now", "later"])
def test_a_service_that_fails_answers(fragile: Fragile, service: str) -> None:
    for _ in range(2):
        answer = fragile.ros.call(Trigger, f"/reachy_mini/{service}")
        assert not answer.success
        assert "ZeroDivisionError" in answer.message
    fragile.number.publish(String(data="4"))
    assert fragile.echo.next().data == "0.25"


def test_a_part_that_fails_for_good_ends_the_node_with_one_line(fragile: Fragile) -> None:
    fragile.number.publish(String(data="give up"))
    assert fragile.child.wait(60) == 1
    last = fragile.child.output().splitlines()[-1]
    assert last == "fragile: engine failed 4 times in a row: RuntimeError('no engine')"
