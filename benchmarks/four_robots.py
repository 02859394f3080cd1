# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What four robots cost on one computer, beside four times what one costs.

Both are simulated fleets of ``bringup --fleet``, each robot's nodes in one process, with somebody
who takes every robot's head pose and nothing else. Told are the seconds from the start to the last
robot's first head pose, CPU in percent of a core and memory (resident, what /dev/shm shares left
out) of the processes of the nodes, and the same of everything, simulations included.

    python benchmarks/four_robots.py [--seconds 10]
"""

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]
os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import yaml  # noqa: E402
from figures import cpu_s, keep  # noqa: E402
from geometry_msgs.msg import PoseStamped  # noqa: E402
from harness.processes import Processes, free_port  # noqa: E402
from harness.ros import RosClient  # noqa: E402
from memory import own_mb  # noqa: E402

ROBOTS = ("ann", "bob", "cleo", "dan")
SETTLE_S = 5.0


def write(file: Path, count: int) -> None:
    """Write a fleet of so many simulated robots."""
    robots = [
        {
            "name": name,
            "sim": True,
            "robot_port": free_port(),
            "signalling_port": free_port(),
            "dashboard_port": free_port(),
        }
        for name in ROBOTS[:count]
    ]
    file.write_text(yaml.safe_dump({"robots": robots, "page": {"port": free_port()}}))


def descendants(pid: int) -> list[int]:
    """Return the PIDs of all that a process has started, and of what those have."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [*children, *(one for child in children for one in descendants(child))]


def runs_nodes(pid: int) -> bool:
    """Tell whether a process runs a robot's nodes."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return b"reachy_mini_ros.nodes.bringup" in words and b"--fleet" not in words


def measure(folder: Path, count: int, seconds: float) -> dict[str, float]:
    """Return the figures of so many robots."""
    folder.mkdir()
    write(folder / "fleet.yaml", count)
    with Processes(folder) as processes, RosClient() as ros:
        poses = [ros.subscribe(PoseStamped, f"/{name}/head_pose") for name in ROBOTS[:count]]
        begun_s = time.monotonic()
        command = ("--fleet", str(folder / "fleet.yaml"))
        fleet = processes.start_module("reachy_mini_ros.nodes.bringup", *command)
        for received in poses:
            received.wait_count(1, 60)
        found = {"start": time.monotonic() - begun_s}
        time.sleep(SETTLE_S)
        everything = [fleet.pid, *descendants(fleet.pid)]
        nodes = [pid for pid in everything if runs_nodes(pid)]
        before, begun_s = {pid: cpu_s(pid) for pid in everything}, time.monotonic()
        time.sleep(seconds)
        passed_s = time.monotonic() - begun_s
        for what, pids in (("nodes", nodes), ("everything", everything)):
            found[f"CPU, {what}"] = 100 * sum(cpu_s(p) - before[p] for p in pids) / passed_s
            found[f"memory, {what}"] = sum(map(own_mb, pids))
        fleet.stop(timeout_s=30)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        one = measure(Path(folder) / "one", 1, seconds)
        four = measure(Path(folder) / "four", len(ROBOTS), seconds)
    for what, value in four.items():
        usual = one[what] * (1 if what == "start" else len(ROBOTS))
        unit = "s" if what == "start" else "%" if what.startswith("CPU") else "MB"
        print(f"{what:20} {value:7.1f} {unit:3} of {usual:7.1f}   ratio {value / usual:.2f}")
        keep(f"four robots, {what}", value, unit, usual)


if __name__ == "__main__":
    main()
