# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the call of `stop` to the last motion at the daemon, whatever else goes on.

An antenna is on its way by a goto of 20 s each time. The daemon itself tells of its joints every
20 ms: what is below that is 0 or less.

- quiet: nothing else goes on;
- flood: streamed targets at 1 kHz;
- 100,000 points: a trajectory of so many points was published just before;
- checking: a trajectory of ten minutes is being checked;
- fresh: the first command of a control node that has just started, with one core busy.

    python benchmarks/stop.py [--times 10]
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]
os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import numpy as np  # noqa: E402
from figures import keep  # noqa: E402
from harness.control import ControlledRobot  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.processes import Processes, free_port  # noqa: E402
from harness.ros import RosClient  # noqa: E402
from harness.stopping import (  # noqa: E402
    MotionWatch,
    flood,
    large_trajectory,
    long_trajectory,
    move,
    stop_ms,
)

NAMESPACE = "/stop"
TICK_S = 0.02
"""Of the daemon's control loop."""


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def nothing() -> None:
    """Do nothing else."""


def show(name: str, figures: list[float]) -> None:
    """Print a row."""
    p50, p95 = np.percentile(figures, (50, 95))
    keep(f"stop while {name}, p95", p95, "ms")
    print(f"| {name} | {p50:.0f} | {p95:.0f} | {max(figures):.0f} |", flush=True)


def fresh(processes: Processes, ros: RosClient, daemon: Daemon, number: int) -> float:
    """Return the time of a stop that is the first command of its node, ms."""
    namespace = f"{NAMESPACE}_{number}"
    mover = f"{NAMESPACE}_mover_{number}"
    node = processes.start_node(
        "control", namespace=namespace, robot_host="127.0.0.1", robot_port=daemon.port
    )
    first = ControlledRobot(ros, node, daemon, namespace)
    with (
        ControlledRobot.started(processes, ros, daemon, mover) as other,
        MotionWatch(daemon.port) as watch,
        busy_core(),
    ):
        move(other)
        took_ms = stop_ms(first, watch)
    node.stop()
    return took_ms


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10, help="how often each is measured")
    times = parser.parse_args().times
    print("| `stop` while | p50 ms | p95 ms | most ms |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        daemon = Daemon.start(processes, free_port())
        with RosClient() as ros:
            with (
                ControlledRobot.started(processes, ros, daemon, NAMESPACE) as robot,
                MotionWatch(daemon.port) as watch,
            ):
                large, long = large_trajectory(100_000), long_trajectory(590)
                rows: list[tuple[str, Callable[[], object], bool]] = [
                    ("quiet", nothing, False),
                    ("flood", nothing, True),
                    ("100,000 points", lambda: robot.trajectory.publish(large), False),
                    ("checking", lambda: robot.trajectory.publish(long), False),
                ]
                for name, before, flooded in rows:
                    with flood(robot) if flooded else nullcontext():
                        figures = [stop_moving_ms(robot, watch, before) for _ in range(times)]
                    show(name, figures)
            show("fresh", [fresh(processes, ros, daemon, number) for number in range(times)])


def stop_moving_ms(
    robot: ControlledRobot, watch: MotionWatch, before: Callable[[], object]
) -> float:
    """Return the time of one stop, of a robot that this node moves."""

    def at_any_moment() -> None:
        before()
        time.sleep(random.random() * TICK_S)

    move(robot)
    return stop_ms(robot, watch, at_any_moment)


if __name__ == "__main__":
    main()
