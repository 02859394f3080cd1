# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All nodes in one process."""

import json
import signal
import socket
import urllib.request
from pathlib import Path

import pytest
from geometry_msgs.msg import PoseStamped
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import patience, wait_for
from sensor_msgs.msg import CompressedImage, JointState


def children(pid: int) -> list[int]:
    """Return the PIDs of a process's children, of all its threads."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_everything_comes_from_one_process_and_ends_with_it(
    processes: Processes, simulation: Simulation, ros: RosClient, number: signal.Signals
) -> None:
    namespace, port = f"/bringup_{number.name.lower()}", free_port()
    child = processes.start_node("bringup", namespace=namespace, port=port, **simulation.parameters)
    poses = ros.subscribe(PoseStamped, f"{namespace}/head_pose")
    joints = ros.subscribe(JointState, f"{namespace}/joint_states")
    pictures = ros.subscribe(CompressedImage, f"{namespace}/camera/image_raw/compressed")
    for collector in (poses, joints, pictures):
        collector.wait_count(5, 20)

    def status() -> dict[str, object]:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/api/status", timeout=patience(5)
        ) as answer:
            return json.load(answer)  # type: ignore[no-any-return]

    wait_for(lambda: status()["connection"] == "connected", 10, "the page's status: connected")
    assert child.stop(number) == 0, child.output()
    assert "Traceback" not in child.output(), child.output()
    assert not Path(f"/proc/{child.pid}").exists() or not children(child.pid)


def test_only_the_nodes_asked_for_are_started(processes: Processes, ros: RosClient) -> None:
    namespace = "/bringup_some"
    arguments = ["--nodes", "control", "--ros-args", "-r", f"__ns:={namespace}"]
    child = processes.start_module(
        "reachy_mini_ros.nodes.bringup", *arguments, "-p", f"robot_port:={free_port()}"
    )
    wait_for(lambda: ("control", namespace) in ros.node.get_node_names_and_namespaces(), 15)
    names = {name for name, space in ros.node.get_node_names_and_namespaces() if space == namespace}
    assert names == {"control"}
    assert child.stop() == 0, child.output()


def test_a_dashboard_whose_port_is_taken_leaves_the_others_running(
    processes: Processes, simulation: Simulation, ros: RosClient
) -> None:
    namespace = "/bringup_taken"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        child = processes.start_node(
            "bringup", namespace=namespace, port=port, **simulation.parameters
        )
        line = child.wait_for_output("left out")
        assert f"dashboard: port {port} on 127.0.0.1 is in use: set the parameter 'port'" in line
        pictures = ros.subscribe(CompressedImage, f"{namespace}/camera/image_raw/compressed")
        joints = ros.subscribe(JointState, f"{namespace}/joint_states")
        for collector in (pictures, joints):
            collector.wait_count(10, 20)
        assert child.stop() == 0, child.output()
    assert "Traceback" not in child.output(), child.output()


def test_unknown_node_is_refused_with_the_choices(processes: Processes) -> None:
    child = processes.start_module("reachy_mini_ros.nodes.bringup", "--nodes", "legs")
    assert child.wait(20) == 2
    assert "choose from" in child.output()
    assert "Traceback" not in child.output()
