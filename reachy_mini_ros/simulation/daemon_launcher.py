# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the robot's own daemon program: on loopback only, and never longer than its parent.

``python -m reachy_mini_ros.simulation.daemon_launcher PARENT_PID [daemon's arguments]``
"""

import signal
import sys
from importlib.metadata import entry_points

from reachy_mini_ros.children import end_with
from reachy_mini_ros.simulation import zeroconf_patch


def main() -> None:
    """Become the daemon."""
    assert zeroconf_patch  # its import is what matters
    end_with(int(sys.argv[1]), signal.SIGKILL)
    (daemon,) = entry_points(group="console_scripts", name="reachy-mini-daemon")
    sys.argv = [daemon.name, *sys.argv[2:]]
    daemon.load()()


if __name__ == "__main__":
    main()
