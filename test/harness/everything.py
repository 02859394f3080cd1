# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``python -m harness.everything``: all nodes in one process, with all that they ever have.

What a node has only while it is wanted is wanted here from the start.
"""

import gc
import importlib
import sys

from harness.processes import Child, Processes
from harness.python_path import ROOT, TEST, python_path
from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.bringup import NODES
from reachy_mini_ros.nodes.common import on_demand
from reachy_mini_ros.nodes.common.runtime import Builder, RobotNode, run


def start(processes: Processes, *arguments: str) -> Child:
    """Start it with these arguments for ROS."""
    where = python_path(ROOT, TEST)
    return processes.start_module("harness.everything", "--ros-args", *arguments, env=where)


def with_everything(node: str) -> Builder:
    """Return what builds a node and wants all that it has."""

    def build(io: LoopThread) -> RobotNode:
        module = importlib.import_module(f"reachy_mini_ros.nodes.{node}.node")
        built: RobotNode = getattr(module, NODES[node][0])(io)
        for one in gc.get_objects():
            if isinstance(one, on_demand._OnDemand) and one._node is built:
                one.want(True)
        return built

    return build


if __name__ == "__main__":
    sys.exit(run("everything", {node: with_everything(node) for node in NODES}))
