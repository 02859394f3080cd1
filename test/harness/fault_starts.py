# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults at the start of a node: what it says, and how it goes on or ends."""

import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from sensor_msgs.msg import JointState
from std_msgs.msg import String

from harness.daemon import Daemon
from harness.processes import Processes, free_port, node_module
from harness.ros import RosClient
from harness.waiting import wait_for
from reachy_mini_ros.nodes.common.qos import latched

NS = "/starts"
MOMENTS_S = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 2.0)
BAD_FILES = {
    "no YAML": "control: [1, 2",
    "a parameter out of its range": "/**:\n  ros__parameters:\n    goto.duration: 1000.0\n",
    "a parameter of another type": "/**:\n  ros__parameters:\n    robot_port: eight\n",
}


def absent(processes: Processes, ros: RosClient, folder: Path) -> str:
    """Start a node, and its robot's daemon when that was told."""
    port, namespace = free_port(), f"{NS}/absent"
    node = processes.start_node(
        "control", namespace=namespace, robot_host="127.0.0.1", robot_port=port
    )
    connection = ros.subscribe(String, f"{namespace}/connection", latched())
    states = ros.subscribe(JointState, f"{namespace}/joint_states")
    line = node.wait_for_output("lost: ")
    assert states.count == 0
    daemon = Daemon.start(processes, port)
    begun_s = time.monotonic()
    states.wait_count(1, 10)
    wait_for(lambda: connection.last.data == "connected", 5, "the connection")
    back_s = time.monotonic() - begun_s
    node.stop_cleanly()
    daemon.kill()
    told = line.partition("lost: ")[2].replace(f"127.0.0.1:{port}", "ROBOT")
    return f"lost: {told}; states {back_s:.1f} s after the daemon"


def port_taken(processes: Processes, ros: RosClient, folder: Path) -> str:
    """Start all nodes with the dashboard's port taken: the others run."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        node = processes.start_node(
            "bringup",
            namespace=f"{NS}/taken",
            robot_host="127.0.0.1",
            robot_port=free_port(),
            signalling_port=free_port(),
            port=port,
        )
        line = node.wait_for_output("in use")
        node.wait_for_output("lost: ")
        assert node.process.poll() is None
        node.stop(signal.SIGTERM)
    told = line.rpartition("]: ")[2] or line
    return told.replace(str(port), "PORT") + "; the other nodes run"


def bad_files(processes: Processes, ros: RosClient, folder: Path) -> str:
    """Start a node with files of parameters that cannot be."""
    told = []
    for what, text in BAD_FILES.items():
        file = folder / "parameters.yaml"
        file.write_text(text)
        arguments = ("--ros-args", "--params-file", str(file))
        line = processes.start_module(*node_module("control"), *arguments).wait_failed()
        told.append(f"{what}: {line.replace(str(file), 'FILE')}")
    return "ends with 1; " + "; ".join(told)


def signals(processes: Processes, ros: RosClient, folder: Path) -> str:
    """Send SIGINT and SIGTERM at moments from the node's first line on."""
    codes = set()
    for number in (signal.SIGINT, signal.SIGTERM):
        for moment_s in MOMENTS_S:
            child = processes.start_node(
                "control", namespace=NS, robot_host="127.0.0.1", robot_port=free_port()
            )
            child.wait_first_line()
            deadline_s = time.monotonic() + moment_s
            wait_for(lambda deadline_s=deadline_s: time.monotonic() > deadline_s)  # type: ignore[misc]
            codes.add(child.stop(number))
            output = child.output()
            assert "Traceback" not in output, output
    assert codes <= {0, -signal.SIGINT, -signal.SIGTERM}, codes
    return f"ends at once, at {len(MOMENTS_S)} moments with each signal, without a trace"


STARTS: dict[str, Callable[[Processes, RosClient, Path], str]] = {
    "the daemon is absent": absent,
    "the dashboard's port is taken": port_taken,
    "the file of parameters is wrong": bad_files,
    "SIGINT and SIGTERM during the start": signals,
}
