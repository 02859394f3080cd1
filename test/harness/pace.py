# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures with the run of the tests how slow the machine is: how long a robot takes to be ready.

Those that tests start are measured as well; all processes of the run share what was measured.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.domain import own_domain
from harness.processes import Processes
from harness.python_path import TEST, python_path
from harness.simulation import Simulation
from harness.waiting import READY_S, add_pace, begin_pace


@contextmanager
def measured() -> Iterator[None]:
    """Measure beside the run, beginning now."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        begin_pace(Path(folder) / "pace")
        with Processes(Path(folder)) as processes:
            # A process of its own, which can be left before the robot is ready.
            processes.start_module("harness.pace", folder, env=python_path(TEST))
            yield


def main() -> None:
    """Start a robot in a folder, and end it when it is ready."""
    os.environ["ROS_DOMAIN_ID"] = str(own_domain())  # and ports that the tests have not
    folder = Path(sys.argv[1])
    (folder / "own").mkdir()
    with Processes(folder / "own") as processes:
        try:
            Simulation.start(processes, folder / "robot")
        except AssertionError:
            add_pace(READY_S)  # tests will say why none starts


if __name__ == "__main__":
    main()
