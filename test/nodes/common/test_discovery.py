# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``robot_host: auto``: nodes that look for their robot."""

import signal
import sys
from pathlib import Path

import pytest
from harness.announced import COMMAND, possible
from harness.processes import Child, Processes, free_port

pytestmark = pytest.mark.skipif(not possible(), reason="no network namespaces here")
TEST = Path(__file__).parents[2]
NODE = (sys.executable, "-m", "reachy_mini_ros.nodes", "control", "--ros-args")


def started(processes: Processes, *robots: str) -> Child:
    path = {"PYTHONPATH": f"{TEST.parent}:{TEST}"}
    arguments = ("-r", "__ns:=/found", "-p", "robot_host:=auto")
    return processes.start(*COMMAND, *robots, "--", *NODE, *arguments, env=path)


def test_a_node_takes_the_one_robot(processes: Processes) -> None:
    port = free_port()
    child = started(processes, f"kitchen={port}")
    child.wait_for_output(f"robot kitchen at 127.0.0.1:{port}")
    child.wait_for_output(f"127.0.0.1:{port}:")  # and tries to connect


def test_a_node_refuses_to_choose(processes: Processes) -> None:
    child = started(processes, "kitchen=18000", "attic=18001")
    assert child.wait(20) == 1
    (line,) = child.output().splitlines()
    assert line.startswith("control: ")
    assert "attic (127.0.0.1:18001), kitchen (127.0.0.1:18000)" in line


def test_a_node_waits_for_a_robot_that_comes_later(processes: Processes) -> None:
    port = free_port()
    child = started(processes, f"late:kitchen={port}")
    child.wait_for_output("no robot announced itself")
    child.send_signal(signal.SIGUSR1)
    child.wait_for_output(f"robot kitchen at 127.0.0.1:{port}")
    child.stop_cleanly()
    assert child.output().count("no robot announced itself") == 1


def test_a_node_that_waits_for_a_robot_ends_at_once(processes: Processes) -> None:
    child = started(processes)
    child.wait_for_output("it is looked for until it does")
    child.stop_cleanly()
    (line,) = child.output().splitlines()
    assert "robot_host auto: no robot announced itself" in line
