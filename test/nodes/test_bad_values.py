# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every input of the nodes against every bad value that it has in harness.bad_messages.

After each: one receipt or refusal with a short reason, a robot that did not move and whose daemon
runs, nodes that live and wrote no trace.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from harness.bad_messages import CONTROL, HUGE, LONG, SERVICES, TOPICS, Bad, actions
from harness.control import ControlledRobot
from harness.interfaces import needs
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import patience, wait_for
from rcl_interfaces.msg import ParameterDescriptor
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.action import ActionClient
from rclpy.parameter import Parameter, parameter_value_to_python
from rclpy.serialization import serialize_message

NS = "/bad_values"
NODES = ("camera", "audio", "control", "dashboard", "stream")
LONGEST = 300
INTERFACE = (Path(__file__).parents[2] / "docs" / "interface.md").read_text(encoding="utf-8")
FREE_TEXTS = {("control", "move_dataset")}
"""Parameters that may be set to any text while the node runs; it is judged when it is used."""


class Robot(ControlledRobot):
    """All nodes, and what must be true of them after whatever came."""

    def begin_watching(self) -> None:
        self._still = self._joints()
        self._lines = len(self.node.output().splitlines())
        self._received = self.receipts.count

    def unharmed(self, what: str) -> None:
        """Check that nothing came of it: neither in the robot, nor in the nodes."""
        assert self.node.process.poll() is None, self.node.output()
        assert self.daemon.get("/api/daemon/status")["state"] == "running", what
        assert np.abs(self._joints() - self._still).max() < 0.003, what
        news = self.node.output().splitlines()[self._lines :]
        for line in news:
            for sign in ("Traceback", "Warning"):
                assert sign not in line, "\n".join(news)[:5000]
            assert "internal error" not in line, line
            assert len(line) < LONGEST + 150, line  # with time, level and name of the node

    def news(self, source: str) -> list[dict[str, str]]:
        """Return the receipts of a source since the watch began."""
        new = self.receipts.count - self._received
        recent = self.receipts.messages[-new:] if new else []
        told = [{entry.key: entry.value for entry in one.values} for one in recent]
        return [one for one in told if one["source"] == source]

    def _joints(self) -> Any:
        state = self.daemon.get("/api/state/full?with_head_joints=true")
        return np.array(
            [state["body_yaw"], *state["antennas_position"], *state["head_pose"].values()]
        )


@pytest.fixture(scope="module")
def robot(processes: Processes, simulation: Simulation, ros: RosClient) -> Iterator[Robot]:
    node = processes.start_node(
        "bringup",
        namespace=NS,
        options=("--nodes", *NODES),
        env={"ROS_PYTHON_CHECK_FIELDS": "1"},
        port=free_port(),
        admin=True,
        **simulation.parameters,
    )
    robot = Robot(ros, node, simulation, NS)
    assert robot.call("wake_up")[0]
    robot.neutral()
    yield robot
    node.stop_cleanly()


@pytest.fixture(autouse=True)
def _watched(robot: Robot) -> None:
    if robot.owner != "idle":  # what a test that failed has begun
        robot.neutral()
    robot.wait_rest()
    robot.begin_watching()


def documented(heading: str, way: str = "") -> set[str]:
    """Return the names in a table of docs/interface.md, those of std_srvs left out."""
    section = INTERFACE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1:4] for line in section.splitlines() if line.startswith("| `")]
    return {
        name.strip(" `")
        for name, kind, direction in rows
        if "std_srvs" not in kind and (not way or direction.strip() == way)
    }


def test_every_input_has_its_bad_values() -> None:
    assert documented("Topics", "in") == set(TOPICS)
    assert documented("Services") == set(SERVICES)


@needs("control_msgs")
def test_every_action_has_its_bad_values() -> None:
    assert documented("Actions") == set(actions())


def checked_reason(told: str, bad: Bad, what: str) -> None:
    assert 10 < len(told) <= LONGEST, (what, told[:400])
    assert told.isprintable(), (what, told)
    assert "internal error" not in told, (what, told)
    assert bad.reason in told, (what, told)


COMMANDS = [topic for topic in TOPICS if not topic.startswith("audio/")]


@pytest.mark.parametrize("topic", COMMANDS)
def test_a_bad_message_has_one_receipt(robot: Robot, topic: str) -> None:
    kind, values = TOPICS[topic].kind, TOPICS[topic].values
    publisher = robot.publisher(kind, topic)
    expected = 0
    for what, bad in values.items():
        publisher.publish(bad.value)
        expected += len(bad.receipts.split())
        wait_for(
            lambda expected=expected: len(robot.news(topic)) >= expected,
            10,
            lambda what=what: f"the receipt of {what}: {robot.news(topic)[-1:]}",  # type: ignore[misc]
        )
        mine = robot.news(topic)[-len(bad.receipts.split()) :]
        assert " ".join(one["kind"] for one in mine) == bad.receipts, (what, mine)
        checked_reason(mine[-1]["reason"], bad, what)
        robot.unharmed(f"{topic}: {what}")
    robot.joint_states.next()
    assert len(robot.news(topic)) == expected, "one receipt each"
    robot.ros.destroy(robot.ros.node.destroy_publisher, publisher)


@pytest.mark.parametrize("topic", ["audio/play", "audio/play_sound"])
def test_bad_sound_is_refused_and_counted(robot: Robot, topic: str) -> None:
    def told() -> dict[str, str]:
        status = next(
            one
            for message in robot.diagnostics.messages[::-1]
            for one in message.status
            if one.name == f"{NS}/audio: status"
        )
        return {entry.key: entry.value for entry in status.values}

    publisher = robot.publisher(TOPICS[topic].kind, topic)
    wait_for(lambda: robot.diagnostics.count, 10, "diagnostics")
    for what, bad in TOPICS[topic].values.items():
        before = int(told()["refused"])
        publisher.publish(bad.value)
        wait_for(lambda before=before: int(told()["refused"]) == before + 1, 10, what)  # type: ignore[misc]
        checked_reason(told()["last_error"], bad, what)
        robot.unharmed(f"{topic}: {what}")
    robot.ros.destroy(robot.ros.node.destroy_publisher, publisher)


@pytest.mark.parametrize("service", SERVICES)
def test_a_bad_request_is_answered_with_the_reason(robot: Robot, service: str) -> None:
    kind, values = SERVICES[service].kind, SERVICES[service].values
    for what, bad in values.items():
        answer = robot.ros.call(kind, f"{NS}/{service}", bad.value)
        assert not answer.success, what
        text = getattr(answer, "message", None) or answer.status_message
        checked_reason(text, bad, what)
        robot.unharmed(f"{service}: {what}")


@needs("control_msgs")
@pytest.mark.parametrize("action", ["follow_joint_trajectory", "point_head"])
def test_a_bad_goal_is_aborted_with_one_receipt(robot: Robot, action: str) -> None:
    row = actions()[action]
    client = ActionClient(robot.ros.node, row.kind, f"{NS}/{action}")
    assert client.wait_for_server(patience(10))
    for number, (what, bad) in enumerate(row.values.items()):
        sent = client.send_goal_async(bad.value)
        wait_for(sent.done, 10, what)
        result = sent.result().get_result_async()
        wait_for(result.done, 10, what)
        assert result.result().status == GoalStatus.STATUS_ABORTED, what
        if text := getattr(result.result().result, "error_string", ""):
            checked_reason(text, bad, what)
        wait_for(lambda number=number: len(robot.news(action)) > number, 5, what)  # type: ignore[misc]
        receipt = robot.news(action)[-1]
        assert receipt["kind"] == "refused", (what, receipt)
        checked_reason(receipt["reason"], bad, what)
        robot.unharmed(f"{action}: {what}")
    assert len(robot.news(action)) == len(row.values)
    robot.ros.destroy(lambda one: one.destroy() or True, client)


@pytest.mark.parametrize("node", NODES)
def test_a_bad_parameter_is_refused_and_changes_nothing(robot: Robot, node: str) -> None:
    def ask(kind: Any, service: str, **request: Any) -> Any:
        return robot.ros.call(kind, f"{NS}/{node}/{service}", kind.Request(**request))

    names = ask(ListParameters, "list_parameters").result.names
    names = [name for name in names if not name.startswith(("qos_overrides", "use_sim", "start_"))]
    descriptors = ask(DescribeParameters, "describe_parameters", names=names).descriptors
    before = ask(GetParameters, "get_parameters", names=names).values
    bad = [
        Parameter(name, value=value)
        for name, descriptor, present in zip(names, descriptors, before, strict=True)
        for value in bad_values(descriptor, parameter_value_to_python(present))
        if (node, name) not in FREE_TEXTS
    ]
    parameters = [one.to_parameter_msg() for one in bad]
    results = ask(SetParameters, "set_parameters", parameters=parameters).results
    for one, result in zip(bad, results, strict=True):
        assert not result.successful, f"{one.name}: {str(one.value)[:100]!r}"
        assert 10 < len(result.reason) <= LONGEST, (one.name, result.reason[:400])
        assert result.reason.isprintable(), (one.name, result.reason)
        assert one.name in result.reason, result.reason
    assert ask(GetParameters, "get_parameters", names=names).values == before
    robot.unharmed(node)


def test_messages_that_are_no_messages_harm_nobody(robot: Robot) -> None:
    for topic, row in TOPICS.items():
        publisher = robot.publisher(row.kind, topic)
        whole = serialize_message(next(iter(row.values.values())).value)
        for raw in (
            whole[: len(whole) // 2],
            whole[:4],
            whole.replace(b"nose", b"\xff\xfe\x80\xc0"),
        ):
            publisher.publish(raw)
        robot.joint_states.next()
        robot.unharmed(topic)
        robot.ros.destroy(robot.ros.node.destroy_publisher, publisher)


def bad_values(descriptor: ParameterDescriptor, present: Any) -> list[Any]:
    """Return values that a parameter does not take, whatever it is."""
    numbers = [math.nan, math.inf, -math.inf, HUGE, -HUGE, 2**63 - 1, -(2**63)]
    texts = ["", CONTROL, LONG, "~nobody-is-called-this\n"]
    lists = [[math.nan], [True], [1, 2]]
    if isinstance(present, bool):
        return [*numbers, *texts, *lists]
    if isinstance(present, int | float):
        return [*numbers, True, *texts, "20", *lists]
    if isinstance(present, str):
        return [*numbers, *texts[1:], *lists]
    return [*numbers, True, *lists]
