# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The soak: everything runs for long while clients come and go; see scripts/soak.sh.

python -m harness.soak DISTRIBUTION PAGE MINUTES [udp]

udp (without Fast DDS's shared memory) is for a network of its own: it is not kept to loopback.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.domain import own_domain

if __name__ == "__main__":  # before rclpy reads it
    os.environ["ROS_DOMAIN_ID"] = str(own_domain())
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    if sys.argv[4:] == ["udp"]:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "SUBNET"
        os.environ["FASTDDS_BUILTIN_TRANSPORTS"] = "UDPv4"

import json

from harness.processes import Child, Processes, free_port
from harness.python_path import TEST, python_path
from harness.simulation import SMALL, Simulation
from harness.soak_clients import ENDS, LEFT
from harness.soak_report import TRANSPORTS, Sample, Soak, write

NS = "/soak"
EVERY_S = 5.0
"""So often clients come, and those before them leave."""
KILLED = 10
"""Each so manyth is killed (-9) instead."""
WARM_S = 600.0


@dataclass
class Everything:
    """The running processes by their names."""

    parts: dict[str, int]
    """PIDs of what is measured."""
    children: dict[str, Child]
    """What was started of it."""
    nodes: dict[str, dict[str, object]]
    """The parameters of those that are nodes."""
    port: int
    """The dashboard's."""
    robot_port: int

    def start_again(self, processes: Processes) -> list[str]:
        """Start the nodes anew that have ended, as launch does; return what ended, and how."""
        ended = []
        for name, child in self.children.items():
            if child.process.poll() is None:
                continue
            ended.append(f"{name} ended: {_last_line(child)}")
            if name in self.nodes:
                again = processes.start_node(name, namespace=NS, **self.nodes[name])
                self.children[name], self.parts[name] = again, again.pid
        return ended


def start(processes: Processes, folder: Path) -> Everything:
    """Start a simulated robot and all nodes, each a process of its own."""
    robot = Simulation.start(processes, folder / "robot", *SMALL)
    port, live = free_port(), folder / "live"
    daemon = {"robot_host": "127.0.0.1", "robot_port": robot.port}
    kept = {"record_directory": folder / "clips", "photo_directory": folder / "photos"}
    nodes: dict[str, dict[str, object]] = {
        "control": {**daemon},
        "camera": {**robot.parameters, **kept},
        "audio": {**robot.parameters},
        "dashboard": {"port": port, "live_directory": live, **kept},
        "stream": {
            "robot_host": "127.0.0.1",
            "signalling_port": robot.signalling_port,
            "autostart": True,
            "live_directory": live,
            "dashboard_port": port,
        },
    }
    children = {
        name: processes.start_node(name, namespace=NS, **parameters)
        for name, parameters in nodes.items()
    }
    children["dashboard"].wait_for_output("in a browser", 30)
    simulation = {"simulation": robot.child.pid, "its daemon": robot.daemon_pid}
    pids = {name: child.pid for name, child in children.items()}
    return Everything(
        {**pids, **simulation},
        {"simulation": robot.child, **children},
        *(nodes, port, robot.port),
    )


def client(processes: Processes, *arguments: str) -> Child:
    """Start a client, which is told to end not before it has its handlers of these signals."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        return processes.start_module("harness.soak_clients", *arguments, env=python_path(TEST))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Visitors:
    """Clients that come and go."""

    def __init__(self, processes: Processes, port: int) -> None:
        self._processes, self._port = processes, port
        self._here: list[Child] = []
        self._killed: set[int] = set()
        self.count = 0
        self.failures: list[str] = []

    def change(self) -> None:
        """Have the next one come, and the one before it leave; gone ones are looked at."""
        if self._here:
            last = self._here[-1]
            if self.count % KILLED == 0:
                self._killed.add(last.pid)
                last.send_signal(signal.SIGKILL)
            else:
                last.send_signal(signal.SIGINT)
        for gone in self.gone():
            self._look_at(gone)
        self.count += 1
        self._here.append(client(self._processes, "visit", NS, str(self._port)))

    def gone(self) -> list[Child]:
        """Return those that have ended and were not looked at yet."""
        return [one for one in self._here if one.process.poll() is not None]

    def leave(self) -> None:
        """Have all leave."""
        for one in list(self._here):
            one.stop(signal.SIGINT, 20)
            self._look_at(one)

    def _look_at(self, gone: Child) -> None:
        self._here.remove(gone)
        # Not what Fast DDS says of ports that killed ones have left.
        said = [line for line in gone.output().splitlines() if "RTPS_TRANSPORT" not in line]
        self.failures += [f"a visitor: {line}" for line in said if "failed" in line]
        if gone.pid not in self._killed and not any(line.startswith(LEFT) for line in said):
            self.failures.append(f"a visitor ended: {_last_line(gone)}")
        gone.log.unlink()


def run(folder: Path, minutes: float, warm_s: float = WARM_S) -> Soak:
    """Run it, and return what was measured; ``warm_s`` of it is left out of the growth."""
    with Processes(folder) as processes:
        everything = start(processes, folder)
        judge = client(processes, "judge", NS)
        watch = client(processes, "watch", NS, str(everything.robot_port))
        watch.wait_for_output("all topics come", 60)
        visitors = Visitors(processes, everything.port)
        everything.parts["judge"] = judge.pid
        watch.send_signal(signal.SIGUSR1)
        begun_s = time.monotonic()
        begun = time.time()
        samples: list[Sample] = []
        loads: list[float] = []
        kept = (folder / "samples.jsonl").open("a")
        complaints: list[str] = []
        while (passed_s := time.monotonic() - begun_s) < minutes * 60:
            visitors.change()
            ended = everything.start_again(processes)
            complaints += [f"after {passed_s / 60:.0f} min {one}" for one in ended]
            if everything.children["simulation"].process.poll() is not None:
                break
            loads.append(os.getloadavg()[0])
            for name, pid in everything.parts.items():
                samples.append(Sample.of(name, pid, passed_s))
                print(json.dumps(samples[-1].row()), file=kept, flush=True)
            time.sleep(max(0.0, begun_s + passed_s + EVERY_S - time.monotonic()))
        visitors.leave()
        topics = _watched(watch)
        complaints += [
            line
            for one in everything.children.values()
            for line in one.output().splitlines()
            if any(sign in line for sign in ("Traceback", "internal error", "a bug, please"))
        ]
        complaints += _ended(everything.children)
        kept.close()
    return Soak(
        *(begun, minutes, warm_s, sum(loads) / len(loads), samples, topics),
        *(visitors.count, [*complaints, *visitors.failures]),
    )


def _last_line(child: Child) -> str:
    """Return what was said last, as code: on the page brackets would be links."""
    lines = child.output().rstrip().splitlines() or [""]
    # After these words come the places of all threads.
    return f"`{next((line for line in lines if 'hangs and ends' in line), lines[-1])}`"


def _ended(children: dict[str, Child]) -> list[str]:
    """End the nodes, and return which of them did not end well."""
    complaints = []
    for name, child in children.items():
        try:
            if name != "simulation" and child.process.poll() is None:
                child.stop_cleanly()
        except AssertionError:
            complaints.append(f"{name} does not end cleanly: {_last_line(child)}")
    return complaints


def _watched(watch: Child) -> dict[str, Any]:
    watch.stop(signal.SIGINT, 30)
    line = next(one for one in watch.output().splitlines() if one.startswith("result"))
    found: dict[str, Any] = json.loads(line.removeprefix("result"))
    return found


def main(arguments: Sequence[str]) -> int:
    """Run, write the page, and return 1 if a criterion is missed."""
    distribution, page, minutes, *udp = arguments
    with tempfile.TemporaryDirectory(prefix="soak_") as folder:
        print(f"keeps its samples in {folder}/samples.jsonl", flush=True)
        soak = run(Path(folder), float(minutes))
    write(soak, Path(page), distribution, TRANSPORTS["".join(udp)])
    for one in soak.missed():
        print(f"missed: {one}", file=sys.stderr)
    return 1 if soak.missed() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
