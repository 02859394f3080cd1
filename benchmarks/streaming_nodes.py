# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a live stream costs in all: of camera, audio and stream node and the senders together.

The nodes run with the simulated robot (1280x720 at 30 Hz and its sound), the stream node copies
what it can into HLS, then DASH as well, then to an RTMP server too. CPU is the processor time of
each process, in percent of a core; the simulation and the server are left out. *More* is beside the
camera and the audio node with nobody who takes anything of them, in the same run.

    python benchmarks/streaming_nodes.py [--seconds 20] [--times 3]
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from camera import ROOT, Child, child
from figures import keep

_SERVER = """
import sys, av
with av.open(sys.argv[1], options={"listen": "1"}) as source:
    for packet in source.demux():
        pass
"""
CASES = ("hls", "hls dash", "hls dash rtmp")
Cpu = dict[str, float]


def node(name: str, **parameters: object) -> AbstractContextManager[Child]:
    """Return a node as a process, for as long as the context lasts."""
    arguments = []
    for key, value in parameters.items():
        text = str(value).lower() if isinstance(value, bool) else value
        arguments += ["-p", f"{key}:={text}"]
    return child("-m", "reachy_mini_ros.nodes", name, "--ros-args", *arguments)


def cpu_s(process: Child) -> tuple[float, float]:
    """Return the CPU time of a process, and of its children."""
    pid = process.process.pid
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(one) for task in tasks for one in task.read_text().split()]
    return _cpu_s(pid), sum(map(_cpu_s, children))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(running: dict[str, Child], seconds: float) -> Cpu:
    """Return each process's CPU in percent of a core."""

    def used() -> Cpu:
        found: Cpu = {}
        for name, process in running.items():
            if process.process.poll() is not None:
                raise SystemExit(f"node {name} ended early")
            found[name], senders = cpu_s(process)
            if name == "stream":
                found["senders"] = senders
        return found

    before, begin_s = used(), time.monotonic()
    time.sleep(seconds)
    passed_s = time.monotonic() - begin_s
    return {name: 100 * (value - before[name]) / passed_s for name, value in used().items()}


@contextmanager
def streaming(case: str, place: Path, robot: dict[str, object]) -> Iterator[Child]:
    """Stream to the destinations of a case."""
    with ExitStack() as stack:
        parameters: dict[str, object] = {
            "autostart": True,
            "live_directory": place,
            "hls": "hls" in case,
            "dash": "dash" in case,
        }
        if "rtmp" in case:
            url = f"rtmp://127.0.0.1:{random.SystemRandom().randint(30000, 32000)}/live/key"
            stack.enter_context(child("-c", _SERVER, url))
            time.sleep(2.0)
            parameters["destinations"] = f"['{url}']"
        yield stack.enter_context(node("stream", **robot, **parameters))


def show(case: str, found: list[Cpu], nobody: float) -> None:
    """Print the best of what was measured of a case."""
    best = min(found, key=lambda one: sum(one.values()))
    whole = sum(best.values())
    if case != "none":
        own = best["stream"] + best["senders"]
        keep(f"stream node, {case}, CPU of it and its senders", own, "%")
        keep(f"stream node, {case}, CPU of all nodes", whole, "%", nobody)
    parts = " | ".join(f"{best.get(n, 0):.1f}" for n in ("camera", "audio", "stream", "senders"))
    print(f"| {case} | {parts} | {whole:.1f} % | {whole - nobody:.1f} % |", flush=True)


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--times", type=int, default=3, help="of which the best counts")
    options = parser.parse_args()
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ["PYTHONPATH"] = ROOT
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    ports = random.SystemRandom().sample(range(20000, 30000), 2)
    robot: dict[str, object] = {"robot_host": "127.0.0.1", "signalling_port": ports[1]}
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        simulation = stack.enter_context(
            child(
                *("-m", "reachy_mini_ros.simulation.main", f"--home={home}"),
                *(f"--port={ports[0]}", f"--signalling-port={ports[1]}"),
            )
        )
        simulation.line("ready")
        running: dict[str, Child] = {
            name: stack.enter_context(node(name, robot_port=ports[0], **robot))
            for name in ("camera", "audio")
        }
        time.sleep(10.0)
        idle = [measure(running, options.seconds) for _ in range(options.times)]
        print("| destinations | camera | audio | stream | senders | in all | more |")
        print("|---|---|---|---|---|---|---|")
        nobody = min(sum(one.values()) for one in idle)
        show("none", idle, nobody)
        for case in CASES:
            with streaming(case, Path(home) / "live", robot) as stream:
                time.sleep(10.0)
                everything = {**running, "stream": stream}
                found = [measure(everything, options.seconds) for _ in range(options.times)]
                show(case, found, nobody)
            time.sleep(6.0)  # decoding goes on for a while when the last one leaves


if __name__ == "__main__":
    main()
