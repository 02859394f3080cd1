# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Memory of each process: the simulated robot, every node alone, and all nodes in one process.

Own memory, MB: resident without what is shared with other processes (Fast DDS's segments, 32 MB
each, are counted in every process that has touched them). Taken while somebody looks at the page's
video, pictures and sound. Baseline: a bare rclpy node with a timer that publishes.

    python benchmarks/memory.py [--seconds 10]
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]
os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

from figures import keep  # noqa: E402
from harness.pictures import Client, Stream  # noqa: E402
from harness.processes import Processes, free_port  # noqa: E402
from harness.simulation import FULL, Simulation  # noqa: E402
from harness.video import VideoViewer  # noqa: E402
from start import BARE  # noqa: E402

NODES = ("control", "camera", "audio", "dashboard", "stream")


def own_mb(pid: int) -> float:
    """Return what a process has resident and shares with no other by /dev/shm."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kb = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith("Rss")}
    return (kb["RssAnon"] + kb["RssFile"]) / 1024


@contextmanager
def looking(port: int) -> Iterator[None]:
    """Look at pictures, video and sound of a page."""
    ended = threading.Event()

    def pictures() -> None:
        stream = Stream.of_topic(port)
        while not ended.is_set():
            stream.read()
        stream.close()

    def video() -> None:
        with VideoViewer(port) as viewer:
            while not ended.is_set():
                viewer.read()

    threads = [threading.Thread(target=work) for work in (pictures, video)]
    for thread in threads:
        thread.start()
    try:
        Client(port, 30).get("/api/hear.wav?seconds=2")
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="that each runs for")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        robot = Simulation.start(processes, Path(folder) / "robot", *FULL)
        bare = processes.start(sys.executable, "-c", BARE)
        live = Path(folder) / "live"
        stream = {"autostart": True, "live_directory": live}

        def start(node: str, port: int, **parameters: object):
            return processes.start_node(node, port=port, **stream, **robot.parameters, **parameters)

        port = free_port()
        alone = {node: start(node, port) for node in NODES}
        alone["dashboard"].wait_for_output("in a browser", 30)
        with looking(port):
            time.sleep(seconds)
            pids = {node: child.pid for node, child in alone.items()}
            pids |= {"simulated robot": robot.child.pid, "its daemon": robot.daemon_pid}
            found = {name: own_mb(pid) for name, pid in pids.items()}
        for child in alone.values():
            child.stop()
        port = free_port()
        together = processes.start_node(
            "bringup", options=("--nodes", *NODES), port=port, **stream, **robot.parameters
        )
        together.wait_for_output("in a browser", 30)
        with looking(port):
            time.sleep(seconds)
            found["all nodes in one process"] = own_mb(together.pid)
        baseline = own_mb(bare.pid)
    print(f"{'bare rclpy node':28} {baseline:6.0f} MB")
    for name, value in found.items():
        print(f"{name:28} {value:6.0f} MB  {value / baseline:5.2f}")
        keep(f"memory, {name}", value, "MB", baseline)


if __name__ == "__main__":
    main()
