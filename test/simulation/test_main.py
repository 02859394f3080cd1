# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The executable: how it starts, what it says, and that nothing is left of it."""

import importlib.util
import json
import os
import re
import signal
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.processes import Child, Processes, free_port
from harness.simulation import Simulation
from harness.waiting import patience, wait_for

MODULE = "reachy_mini_ros.simulation.main"
PROC = Path("/proc")


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def session(leader: int) -> list[int]:
    """Return the living processes of a daemon's session."""
    found = []
    for folder in PROC.iterdir():
        try:
            pid = int(folder.name)
            if os.getsid(pid) == leader and alive(pid):
                found.append(pid)
        except (ValueError, ProcessLookupError):
            continue
    return found


def start(processes: Processes, *arguments: str) -> Child:
    """Start a simulation on free ports, those in ``arguments`` excepted."""
    return processes.start_module(
        MODULE, f"--port={free_port()}", f"--signalling-port={free_port()}", *arguments
    )


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that something listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_the_ready_line_tells_where_everything_is(simulation: Simulation) -> None:
    line = simulation.child.wait_for_output("ready robot=")
    assert line == (
        f"ready robot=127.0.0.1:{simulation.port} "
        f"signalling=127.0.0.1:{simulation.signalling_port} daemon_pid={simulation.daemon_pid}"
    )
    status = simulation.get("/api/daemon/status")
    assert status["state"] == "running"
    assert status["mockup_sim_enabled"] is True


def test_the_daemon_lives_in_its_own_home_and_tells_nobody(simulation: Simulation) -> None:
    environment = dict(
        entry.split("=", 1)
        for entry in (PROC / str(simulation.daemon_pid) / "environ").read_text().split("\0")
        if entry
    )
    assert environment["HOME"] == str(simulation.home)
    assert environment["REACHY_MINI_TELEMETRY"] == "0"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert (simulation.home / "daemon.log").exists()


def test_all_sockets_are_on_loopback(simulation: Simulation) -> None:
    addresses = set()
    for pid in (simulation.child.pid, simulation.daemon_pid):
        inodes = {
            str(entry.readlink()).removeprefix("socket:[").rstrip("]")
            for entry in (PROC / str(pid) / "fd").iterdir()
            if entry.is_symlink() and str(entry.readlink()).startswith("socket:[")
        }
        for protocol in ("tcp", "tcp6", "udp", "udp6"):
            table = (PROC / str(pid) / "net" / protocol).read_text().splitlines()[1:]
            rows = [row.split() for row in table]
            addresses |= {(protocol, row[1]) for row in rows if row[9] in inodes}
    mdns = f":{5353:04X}"
    # mDNS listens on every address of the one device that it is bound to; see the next test.
    elsewhere = {
        address
        for address in addresses
        if not address[1].startswith("0100007F:") and address != ("udp", f"00000000{mdns}")
    }
    assert ("udp", f"0100007F{mdns}") in addresses, "no mDNS at all"
    assert not elsewhere


def test_mdns_is_bound_to_the_loopback_device() -> None:
    from reachy_mini_ros.simulation import zeroconf_patch

    listening, answering = zeroconf_patch.zeroconf._core.create_sockets()
    assert listening is not None
    try:
        device = listening.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
        assert device.rstrip(b"\0") == b"lo"
        assert [answer.getsockname() for answer in answering] == [("127.0.0.1", 5353)]
    finally:
        for opened in (listening, *answering):
            opened.close()


def test_a_used_daemon_port_is_one_line(processes: Processes, taken: int) -> None:
    line = start(processes, f"--port={taken}").wait_failed()
    assert f"127.0.0.1:{taken}" in line
    assert "--port" in line


def test_a_used_signalling_port_is_one_line(processes: Processes, taken: int) -> None:
    line = start(processes, f"--signalling-port={taken}").wait_failed()
    assert f"127.0.0.1:{taken}" in line
    assert "--signalling-port" in line


@pytest.mark.skipif(importlib.util.find_spec("mujoco") is not None, reason="mujoco is installed")
def test_a_missing_backend_is_one_line(processes: Processes) -> None:
    assert 'pip install "reachy-mini[mujoco]"' in start(processes, "--backend=mujoco").wait_failed()


@pytest.mark.parametrize(
    "argument", ["--width=641", "--fps=0", "--backend=paper", "--port=x", "--port=70000"]
)
def test_a_bad_argument_is_refused(processes: Processes, argument: str) -> None:
    child = start(processes, argument)
    wait_for(lambda: child.process.poll() is not None, 20, "the end of the program")
    assert child.process.returncode == 2
    assert argument.split("=")[0] in child.output().splitlines()[-1]


def test_an_awake_robot_is_up_when_it_is_ready(processes: Processes, tmp_path: Path) -> None:
    robot = Simulation.start(processes, tmp_path, "--awake")
    assert abs(robot.get("/api/state/full")["head_pose"]["z"]) < 0.005


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_it(
    processes: Processes, tmp_path: Path, number: signal.Signals
) -> None:
    child = processes.start_module(
        MODULE,
        f"--port={free_port()}",
        f"--signalling-port={free_port()}",
        env={"TMPDIR": str(tmp_path)},
    )
    daemon = int(child.wait_for_output("ready robot=").rpartition("=")[2])
    assert session(daemon)
    assert list(tmp_path.iterdir()), "no temporary home"
    assert child.stop(number) == 0
    assert not session(daemon)
    assert not list(tmp_path.iterdir())
    (line,) = child.output().splitlines()
    assert line.startswith("ready ")


def test_a_signal_during_the_start_ends_all_of_it(processes: Processes, tmp_path: Path) -> None:
    child = start(processes, f"--home={tmp_path}")
    log = tmp_path / "daemon.log"
    wait_for(log.exists, 20, "the daemon")
    assert child.stop(signal.SIGTERM) == 0
    assert child.output() == ""


def test_the_daemon_ends_with_a_killed_simulation(processes: Processes, tmp_path: Path) -> None:
    child = start(processes, f"--home={tmp_path}")
    daemon = int(child.wait_for_output("ready robot=").rpartition("=")[2])
    child.process.send_signal(signal.SIGKILL)
    wait_for(lambda: not session(daemon), 5, "the end of the daemon")


def test_the_simulation_ends_with_a_killed_daemon(processes: Processes, tmp_path: Path) -> None:
    child = start(processes, f"--home={tmp_path}")
    daemon = int(child.wait_for_output("ready robot=").rpartition("=")[2])
    os.kill(daemon, signal.SIGKILL)
    wait_for(lambda: child.process.poll() is not None, 10, "the end of the program")
    assert child.process.returncode == 1
    assert child.output().splitlines()[1:] == [
        "reachy_mini_sim: the daemon was ended by signal SIGKILL"
    ]


def test_a_daemon_that_cannot_start_is_told(processes: Processes, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    assert str(blocked) in start(processes, f"--home={blocked}").wait_failed()


def test_two_simulations_run_side_by_side(
    processes: Processes, simulation: Simulation, tmp_path: Path
) -> None:
    other = Simulation.start(processes, tmp_path, "--fps=10")
    other.post("/api/move/set_target", {"target_antennas": [0.3, 0.3]})
    here, there = "/api/state/present_antenna_joint_positions", json.dumps([0.3, 0.3])
    wait_for(lambda: json.dumps(other.get(here)) == there, 5, "the antennas of the other")
    assert simulation.get(here) != other.get(here)
    assert other.child.stop() == 0


def test_several_robots_each_have_the_next_ports_and_a_name(processes: Processes) -> None:
    port, signalling_port = ports_in_a_row()
    child = several(processes, port, signalling_port)
    daemons = daemons_of(child)
    for number, daemon in enumerate(sorted(daemons)):
        assert daemon == port + number
        url = f"http://127.0.0.1:{daemon}/api/daemon/status"
        with urllib.request.urlopen(url, timeout=patience(5)) as answer:
            assert json.load(answer)["robot_name"] == f"reachy_mini_{number + 1}"
    assert {f"signalling=127.0.0.1:{signalling_port + n}" for n in (0, 1)} == {
        line.split()[2] for line in child.output().splitlines()
    }
    assert child.stop(signal.SIGTERM) == 0, child.output()
    assert not any(session(pid) for pid in daemons.values())


def test_several_robots_end_together(processes: Processes) -> None:
    child = several(processes, *ports_in_a_row())
    first, second = daemons_of(child).values()
    os.kill(first, signal.SIGKILL)
    assert child.wait(20) == 1
    assert re.search(r"reachy_mini_sim: robot \d ended with status 1$", child.output(), re.M)
    assert not session(second)


def test_several_robots_end_with_who_started_them(processes: Processes) -> None:
    child = several(processes, *ports_in_a_row())
    daemons = daemons_of(child)
    child.process.send_signal(signal.SIGKILL)
    wait_for(lambda: not any(session(pid) for pid in daemons.values()), 10, "the daemons' end")


def several(processes: Processes, port: int, signalling_port: int) -> Child:
    arguments = ("--instances=2", f"--port={port}", f"--signalling-port={signalling_port}")
    return processes.start_module(MODULE, *arguments, "--width=320", "--height=180")


def ports_in_a_row() -> tuple[int, int]:
    """Return two ports, whose next ones are free, too."""
    found = sorted(free_port() for _ in range(8))
    starts = [port for port in found if port + 1 in found]
    return starts[0], next(port for port in starts if port > starts[0] + 1)


def daemons_of(child: Child) -> dict[int, int]:
    """Return the daemons' process ids by their ports, when all are ready."""

    def ready() -> dict[int, int] | None:
        found = re.findall(r"ready robot=127.0.0.1:(\d+) .* daemon_pid=(\d+)", child.output())
        return {int(port): int(pid) for port, pid in found} if len(found) == 2 else None

    return wait_for(ready, 30, child.output)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--instances=0",), "is not a whole number from 1 to 50"),
        (("--instances=3", "--port=8441"), "are 2 apart"),
        (("--instances=2", "--port=65535"), "there is no port 65536"),
        (("--name=",), "'' cannot be a name"),
    ],
)
def test_ports_that_several_cannot_have_are_one_line(
    processes: Processes, arguments: tuple[str, ...], reason: str
) -> None:
    child = processes.start_module(MODULE, *arguments)
    assert child.wait(20) == 2
    (line,) = child.output().splitlines()
    assert reason in line


def test_help_names_every_option(processes: Processes) -> None:
    child = processes.start(sys.executable, "-m", MODULE, "--help")
    wait_for(lambda: child.process.poll() is not None, 20, "the end of the program")
    for option in (
        *("--port", "--signalling-port", "--home", "--backend"),
        *("--width", "--height", "--fps", "--seed", "--name", "--instances"),
    ):
        assert option in child.output()
