# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch files of an installed package, run as ros2 launch runs them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.processes import Child, Processes

RUN = """
import sys
from launch import LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
service = LaunchService()
service.include_launch_description(IncludeLaunchDescription(
    PythonLaunchDescriptionSource(sys.argv[1]),
    launch_arguments=[argument.split(":=", 1) for argument in sys.argv[2:]]))
sys.exit(service.run())
"""
DECLARED = """
import json, sys
from launch import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource
context = LaunchContext()
found = PythonLaunchDescriptionSource(sys.argv[1]).get_launch_description(context)
print(json.dumps({
    argument.name: "".join(part.perform(context) for part in argument.default_value)
    for argument in found.get_launch_arguments()
}))
"""
BRINGUP, FLEET = "bringup.launch.py", "fleet.launch.py"


def command(prefix: Path, *arguments: str, file: str = BRINGUP) -> list[str]:
    """Return what runs a launch file, in :func:`environment`."""
    path = prefix / "share/reachy_mini_ros/launch" / file
    return [sys.executable, "-c", RUN, str(path), *arguments]


def environment(prefix: Path) -> dict[str, str]:
    paths = [str(prefix), *filter(None, [os.environ.get("AMENT_PREFIX_PATH")])]
    return {
        "AMENT_PREFIX_PATH": os.pathsep.join(paths),
        "PYTHONPATH": str(next(prefix.glob("lib/python3*/site-packages"))),
    }


@contextmanager
def launch(
    processes: Processes, prefix: Path, *arguments: str, file: str = BRINGUP
) -> Iterator[Child]:
    """Run a launch file; what it started ends with it only if it is interrupted."""
    run = command(prefix, *arguments, file=file)
    child = processes.start(*run, env=environment(prefix))
    try:
        yield child
    finally:
        child.stop(timeout_s=20)


def arguments_of(prefix: Path, file: str) -> dict[str, str]:
    """Return the arguments that a launch file declares, with their defaults."""
    told = subprocess.run(
        [sys.executable, "-c", DECLARED, str(prefix / "share/reachy_mini_ros/launch" / file)],
        env={**os.environ, **environment(prefix)},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, str] = json.loads(told.stdout.splitlines()[-1])
    return found


def installed(package: str) -> bool:
    paths = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    return any((Path(path) / "share" / package).is_dir() for path in paths)
