# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SROS 2 enforced: who has the keys commands, looks, or is not heard at all.

PyPI's wheels have a Fast DDS without security. There a node that is to enforce it does not start,
and the rest is skipped; distributions have one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness.keystore import Authority, write
from harness.processes import Child, Processes, node_module
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import wait_for
from rclpy.impl.implementation_singleton import rclpy_implementation
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from reachy_mini_ros.nodes.policy import policy

NAMESPACE = "/secured"
WITHOUT = "control: the middleware was built without security, as PyPI's wheels are (docs/sros2.md)"


def enforced(keystore: Path) -> dict[str, str]:
    return {
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
        "ROS_SECURITY_KEYSTORE": str(keystore),
    }


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("keys"), policy(NAMESPACE), Authority())


@pytest.fixture(scope="module")
def node(processes: Processes, simulation: Simulation, keystore: Path) -> Child:
    """Return a control node that enforces security, or is about to end because it cannot."""
    arguments = ["--ros-args", "-r", f"__ns:={NAMESPACE}", "--enclave", f"{NAMESPACE}/control"]
    arguments += ["-p", "robot_host:=127.0.0.1", "-p", f"robot_port:={simulation.port}"]
    return processes.start_module(*node_module("control"), *arguments, env=enforced(keystore))


def settled(node: Child) -> bool:
    return node.process.poll() is not None or "connected" in node.output()


@pytest.fixture(scope="module")
def secured(node: Child) -> Child:
    """Return that node where it runs."""
    wait_for(lambda: settled(node), 20)
    if WITHOUT in node.output():
        pytest.skip("this Fast DDS was built without security, as PyPI's wheels are")
    return node


@contextmanager
def client(keystore: Path, name: str) -> Iterator[RosClient]:
    """Be one of the policy's clients."""
    with pytest.MonkeyPatch.context() as environment:
        for variable, value in enforced(keystore).items():
            environment.setenv(variable, value)
        with RosClient(name, NAMESPACE, f"{NAMESPACE}/{name}") as one:
            yield one


def test_without_security_in_the_middleware_nothing_runs_in_the_open(node: Child) -> None:
    wait_for(lambda: settled(node), 20)
    if node.process.poll() is None:
        pytest.skip("this Fast DDS has security")
    assert node.wait_failed() == WITHOUT


def test_who_may_command_does(secured: Child, keystore: Path) -> None:
    with client(keystore, "operator") as operator:
        answer = operator.call(Trigger, f"{NAMESPACE}/stop", timeout_s=30)
        assert answer.success, answer.message


def test_who_may_look_sees_and_cannot_command(secured: Child, keystore: Path) -> None:
    with client(keystore, "viewer") as viewer:
        viewer.subscribe(JointState, f"{NAMESPACE}/joint_states").wait_count(3, 30)
        with pytest.raises(rclpy_implementation.RCLError):
            viewer.node.create_client(Trigger, f"{NAMESPACE}/stop")
        with pytest.raises(rclpy_implementation.RCLError):
            viewer.node.create_publisher(JointState, f"{NAMESPACE}/set_target/joints", 10)


def test_who_has_keys_of_somebody_else_or_none_is_not_there(
    secured: Child, keystore: Path, tmp_path: Path
) -> None:
    """The operator, who gets joint states meanwhile, shows that there was time to get some."""
    forged = write(tmp_path, policy(NAMESPACE), Authority())
    with RosClient() as nobody, client(forged, "operator") as stranger:
        topic = f"{NAMESPACE}/joint_states"
        heard = [one.subscribe(JointState, topic) for one in (nobody, stranger)]
        with client(keystore, "operator") as operator:
            operator.subscribe(JointState, topic).wait_count(100, 60)
        assert [one.count for one in heard] == [0, 0]
        for one in (nobody, stranger):
            assert not one.node.count_publishers(topic)
