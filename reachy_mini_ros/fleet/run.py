# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs a fleet: processes for each robot's nodes, for each simulated robot, and for the page."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reachy_mini_ros.children import Child, run
from reachy_mini_ros.fleet.file import Fleet, read_fleet
from reachy_mini_ros.fleet.plan import simulation_arguments, write_parameters
from reachy_mini_ros.fleet.reading import MistakesError

SIMULATION = "reachy_mini_ros.simulation.main"
NODES = "reachy_mini_ros.nodes.bringup"
PAGE = "reachy_mini_ros.fleet.main"


def run_fleet(program: str, file: Path, package_parameters: Path) -> int:
    """Run a fleet until SIGINT or SIGTERM; return the exit code.

    ``package_parameters`` is the package's file of parameters. What is wrong with ``file`` is a
    line on stderr each, with 2; who ends by itself is one line, and the others go on.
    """
    try:
        fleet = read_fleet(file, package_parameters)
        with tempfile.TemporaryDirectory(prefix="reachy_mini_fleet_") as folder:
            parameters = write_parameters(fleet.robots, package_parameters, Path(folder))
            simulated, beside = list(_simulated(fleet)), list(_nodes(fleet, parameters))
            if fleet.page is not None:
                beside.append(Child("the page of all", PAGE, [str(file)]))
            return run([simulated, beside], lambda *end: _on_end(program, *end))
    except MistakesError as error:
        for mistake in error.mistakes:
            print(f"{program}: {mistake}", file=sys.stderr)
        return 2


def _simulated(fleet: Fleet) -> Iterator[Child]:
    for number, robot in enumerate(fleet.robots):
        if robot.sim:
            name = f"simulated robot {robot.name}"
            yield Child(name, SIMULATION, simulation_arguments(robot, number))


def _nodes(fleet: Fleet, parameters: dict[str, Path]) -> Iterator[Child]:
    for robot in fleet.robots:
        ros = ["-r", f"__ns:=/{robot.name}", "--params-file", str(parameters[robot.name])]
        arguments = ["--nodes", *robot.nodes, "--ros-args", *ros]
        yield Child(f"bringup of {robot.name}", NODES, arguments)


def _on_end(program: str, child: Child, how: str, left: int) -> bool:
    others = f"; {left} others go on" if left else ""
    print(f"{program}: {child.name} {how}{others}", file=sys.stderr, flush=True)
    return True
