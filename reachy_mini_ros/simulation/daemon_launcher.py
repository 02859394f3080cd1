# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the robot's own daemon program: on loopback only, and never longer than its parent.

``python -m reachy_mini_ros.simulation.daemon_launcher PARENT_PID [daemon's arguments]``
"""

import ctypes
import os
import signal
import sys
from importlib.metadata import entry_points

from reachy_mini_ros.simulation import zeroconf_patch

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Become the daemon."""
    assert zeroconf_patch  # its import is what matters
    _end_with(int(sys.argv[1]))
    (daemon,) = entry_points(group="console_scripts", name="reachy-mini-daemon")
    sys.argv = [daemon.name, *sys.argv[2:]]
    daemon.load()()


def _end_with(parent: int) -> None:
    """Have the kernel end this process with its parent, even if that is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        sys.exit(1)


if __name__ == "__main__":
    main()
