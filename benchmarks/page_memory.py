# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the page takes more memory the longer it is open, in Chromium, with a simulated robot.

Somebody looks at the video while the head turns from side to side. Told are, after the browser has
thrown away what it could: the memory of the page's scripts, its elements, its listeners, and the
resident memory of its process, in the third minute and in the last. Ends with 1 if any of the first
three grew by more than a tenth, or the last by more than 5 MB a minute.

    python benchmarks/page_memory.py [--minutes 10]
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

from figures import keep  # noqa: E402
from harness.browser import Browser  # noqa: E402
from harness.pictures import Client  # noqa: E402
from harness.processes import Processes, free_port  # noqa: E402
from harness.simulation import FULL, Simulation  # noqa: E402

SETTLED_MINUTES = 2
SAMPLES = 4
"""A minute."""
UNITS = {"scripts": "MB", "elements": "", "listeners": "", "process": "MB"}
Sample = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=10, help="4 at least")
    minutes = max(4, parser.parse_args().minutes)
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        robot = Simulation.start(processes, Path(folder), *FULL)
        port = free_port()
        bringup = processes.start_node("bringup", port=port, **robot.parameters)
        bringup.wait_for_output("in a browser", 30)
        with Browser() as browser:
            browser.open(f"http://127.0.0.1:{port}/")
            browser.wait_for_state("live", 30)
            Client(port, 30).post("/api/command/wake_up")
            samples = [sample(browser, port, number) for number in range(minutes * SAMPLES)]
    if not report(samples, minutes):
        sys.exit(1)


def sample(browser: Browser, port: int, number: int) -> Sample:
    """Turn the head, wait, and return what the page takes then."""
    body = {"yaw": (-0.4, 0.4)[number % 2], "duration": 2.0}
    Client(port, 30).post("/api/command/head", body)
    browser.page.wait_for_timeout(60e3 / SAMPLES)
    session = browser.page.context.new_cdp_session(browser.page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    told = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    metrics = {one["name"]: one["value"] for one in told}
    return {
        "scripts": metrics["JSHeapUsedSize"] / 1e6,
        "elements": metrics["Nodes"],
        "listeners": metrics["JSEventListeners"],
        "process": max(map(resident_mb, renderers())),
    }


def renderers() -> list[int]:
    """Return the processes of this program's browser that show pages."""
    parents, found = {os.getpid()}, []
    status = [path for path in Path("/proc").glob("[0-9]*/stat")]
    for path in sorted(status, key=lambda one: int(one.parent.name)):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            arguments = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue  # ended meanwhile
        if parent in parents:
            parents.add(int(path.parent.name))
            found += [int(path.parent.name)] if b"--type=renderer" in arguments else []
    return found


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def report(samples: list[Sample], minutes: int) -> bool:
    """Tell what grew, and return whether all stayed about what it was."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {minutes} minutes")
    print(f"{'':12}{'3rd minute':>12}{'last minute':>12}")
    flat = True
    early = samples[SETTLED_MINUTES * SAMPLES :][:SAMPLES]
    for name, unit in UNITS.items():
        first = sum(one[name] for one in early) / SAMPLES
        last = sum(one[name] for one in samples[-SAMPLES:]) / SAMPLES
        most = first * 1.1 if name != "process" else first + 5.0 * (minutes - SETTLED_MINUTES)
        flat = flat and last <= most
        grew = "" if last <= most else "  GREW"
        print(f"{name:12}{first:12.1f}{last:12.1f} {unit}{grew}")
        keep(f"page, {name} in the last minute", last, unit, baseline=first)
    return flat


if __name__ == "__main__":
    begun_s = time.monotonic()
    main()
    print(f"{time.monotonic() - begun_s:.0f} s")
