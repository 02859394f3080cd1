# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The nodes in one process: one interpreter, one I/O thread, one session with the robot.

config/reachy_mini.yaml holds the nodes' own defaults, so that it need not be named.
"""

import argparse
import sys

from rclpy.utilities import remove_ros_args

from reachy_mini_ros.nodes.audio.node import AudioNode
from reachy_mini_ros.nodes.camera.node import CameraNode
from reachy_mini_ros.nodes.common.runtime import Builder, run
from reachy_mini_ros.nodes.control.node import ControlNode
from reachy_mini_ros.nodes.dashboard.node import DashboardNode
from reachy_mini_ros.nodes.stream.node import StreamNode

NODES: dict[str, Builder] = {
    "control": ControlNode,
    "camera": CameraNode,
    "audio": AudioNode,
    "dashboard": DashboardNode,
    "stream": StreamNode,
}
DEFAULT = [name for name in NODES if name != "stream"]


def main() -> None:
    """Run the nodes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--nodes",
        nargs="+",
        choices=list(NODES),
        default=DEFAULT,
        help=f"default: {' '.join(DEFAULT)}",
    )
    chosen = parser.parse_args(remove_ros_args(sys.argv)[1:]).nodes
    sys.exit(run([NODES[name] for name in chosen]))


if __name__ == "__main__":
    main()
