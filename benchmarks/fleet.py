# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a fleet on one computer costs, and its page, beside as many times what one robot costs.

For each number of robots, one first, to compare with: the time from the start to pictures of all;
CPU of the simulated robots, of the nodes and of the page, while nobody looks and while one looks at
the page of all; memory; the rate of joint_states, and of the pictures on the page; and how long a
stop of all takes while all of them move.

    python benchmarks/fleet.py [--robots 1 2 4] [--seconds 10]
"""

import argparse
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]
os.environ.setdefault("ROS_DOMAIN_ID", "102")
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import yaml  # noqa: E402
from figures import keep  # noqa: E402
from harness.pictures import Client  # noqa: E402
from harness.processes import Processes, free_port  # noqa: E402
from harness.waiting import wait_for  # noqa: E402

KINDS = {"simulation": "simulated robots", "bringup": "nodes", "fleet.main": "page"}
COLUMNS = (
    *("robots", "looked at", *KINDS.values(), "of all cores", "joint_states, least"),
    *("pictures, least", "stop of all", "memory", "all pictures after"),
)
TICKS = os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> set[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    own = {int(child) for task in tasks for child in task.read_text().split()}
    return own.union(*(descendants(child) for child in own))


def cpu_s(pids: set[int]) -> dict[str, float]:
    """Return the CPU time of the processes below a fleet, by what they are."""
    spent = dict.fromkeys(KINDS.values(), 0.0)
    for pid in pids:
        command = Path(f"/proc/{pid}/cmdline").read_text()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        kind = next((what for part, what in KINDS.items() if part in command), "nodes")
        spent[kind] += (int(fields[11]) + int(fields[12])) / TICKS
    return spent


def memory_mb(pids: set[int]) -> float:
    """Return the memory of processes, what they share counted in parts (PSS)."""
    lines = [Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() for pid in pids]
    return sum(int(line.split()[1]) for one in lines for line in one if "Pss:" in line) / 1000


class Fleet:
    """Some simulated robots, their nodes and the page of all."""

    def __init__(self, processes: Processes, folder: Path, count: int) -> None:
        robots = [
            {
                "name": f"robot{number}",
                "sim": True,
                **{key: free_port() for key in ("robot_port", "signalling_port", "dashboard_port")},
            }
            for number in range(count)
        ]
        self.ports = [robot["dashboard_port"] for robot in robots]
        self.page = free_port()
        file = folder / f"{count}.yaml"
        file.write_text(yaml.safe_dump({"robots": robots, "page": {"port": self.page}}))
        begun_s = time.monotonic()
        self.child = processes.start_module(
            "reachy_mini_ros.nodes.bringup", "--fleet", str(file), env={"HOME": str(folder)}
        )
        self.child.wait_for_output("fleet page: open", 60)
        wait_for(lambda: all(card["picture"] for card in self.cards()), 60, "all pictures")
        self.started_s = time.monotonic() - begun_s
        for port in self.ports:
            wait_for(partial(self._wakes, port), 60, "a robot awake")
        self.pids = descendants(self.child.pid)

    @staticmethod
    def _wakes(port: int) -> bool:
        return Client(port, 60).post("/api/command/wake_up")[0] == 200

    def cards(self) -> list[dict]:
        """Return what the page tells of each robot."""
        return Client(self.page).json("/api/robots")[1]["robots"]

    def cost(self, seconds: float, look: bool) -> tuple[dict[str, float], list[float]]:
        """Return CPU in percent of a core by kind, and the pictures' rates if looked at."""
        if not look:
            time.sleep(8)  # whoever looked is forgotten
        else:
            wait_for(lambda: all(card["picture"] for card in self.cards()), 60, "all pictures")
        first = {card["name"]: card["picture"] for card in self.cards()} if look else {}
        before, begun_s = cpu_s(self.pids), time.monotonic()
        while (now_s := time.monotonic()) - begun_s < seconds:
            if look:
                for card in self.cards():
                    Client(self.page).get(f"/api/robots/{card['name']}/picture")
            time.sleep(max(0.0, 0.7 - (time.monotonic() - now_s)))
        span_s = time.monotonic() - begun_s
        after = cpu_s(self.pids)
        rates = [
            ((card["picture"] or 0) - (first[card["name"]] or 0)) / span_s
            for card in (self.cards() if look else [])
        ]
        return {kind: 100 * (after[kind] - before[kind]) / span_s for kind in before}, rates

    def joint_states_hz(self) -> list[float]:
        """Return the rate of each robot's joint_states, as its own page has it."""
        for port in self.ports:
            Client(port).json("/api/status")
        time.sleep(2)
        status = [Client(port).json("/api/status")[1] for port in self.ports]
        return [one["rates"]["joint_states_hz"] or 0.0 for one in status]

    def stop_ms(self) -> float:
        """Return how long the page takes to stop all while they move."""
        for port in self.ports:
            Client(port).post("/api/command/body", {"yaw": 60, "duration": 10})
        begun_s = time.monotonic()
        status, answer = Client(self.page).post("/api/stop")
        assert status == 200, answer
        return 1000 * (time.monotonic() - begun_s)


def main() -> None:
    """Measure, and print a row for each number of robots."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--robots", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |")
    print("|---" * len(COLUMNS) + "|")
    ones: dict[str, float] = {}
    for count in options.robots:
        with tempfile.TemporaryDirectory() as name, Processes(Path(name)) as processes:
            fleet = Fleet(processes, Path(name), count)
            keep(
                f"fleet of {count}, start",
                fleet.started_s,
                "s",
                ones.setdefault("start", fleet.started_s),
            )
            for look in (False, True):
                cpu, rates = fleet.cost(options.seconds, look)
                total, memory = sum(cpu.values()), memory_mb(fleet.pids)
                when = "looked at" if look else "not looked at"
                for what, value, unit in (
                    (f"{when}, CPU", total, "%"),
                    (f"{when}, CPU of the nodes", cpu["nodes"], "%"),
                    (f"{when}, memory", memory, "MB"),
                ):
                    one = ones.setdefault(what, value / count)
                    keep(f"fleet of {count}, {what}", value, unit, count * one)
                share = total / (os.cpu_count() or 1)
                cells = [f"{count}", "yes" if look else "no"]
                cells += [f"{cpu[kind]:.0f} %" for kind in KINDS.values()]
                cells += [f"{share:.0f} %", f"{min(fleet.joint_states_hz()):.1f} Hz"]
                cells += [f"{min(rates):.1f} Hz" if look else "", f"{fleet.stop_ms():.0f} ms"]
                cells += [f"{memory:.0f} MB", f"{fleet.started_s:.0f} s"]
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
