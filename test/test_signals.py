# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM at any moment: no traceback, nothing left, and an exit code that is usual.

Until a program has something to end, it dies of the signal itself, which shells tell as 130 and
143 and subprocess as -2 and -15; later it ends by itself, with 0. The some 30 ms in which Python
starts, before the first line of this package, are Python's own.
"""

import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from harness.processes import Child, Processes, free_port, node_module
from harness.terminal import CTRL_C, Terminal
from test_package import ROOT

from reachy_mini_ros.signals import Flag

MOMENTS = 12


def begin(processes: Processes, program: str) -> Child:
    """Start a program and return at its first line: Python caught SIGINT, and does no more."""
    arguments = ["--ros-args", "-r", "__ns:=/signals", "-p", "robot_host:=127.0.0.1"]
    arguments += ["-p", f"robot_port:={free_port()}", "-p", f"signalling_port:={free_port()}"]
    arguments += ["-p", f"port:={free_port()}"] if program == "bringup" else []
    child = processes.start_module(*node_module(program), *arguments)
    child.wait_first_line()
    return child


def children(pid: int) -> list[str]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for task in tasks for child in task.read_text().split()]


def end_at(processes: Processes, program: str, turn: int, moment_s: float) -> int:
    """End a program so long after its first line, by one or the other signal; return its code."""
    number = (signal.SIGINT, signal.SIGTERM)[turn % 2]
    child = begin(processes, program)
    time.sleep(moment_s)  # the moment is what is tested
    left = children(child.pid)
    code = child.stop(number, 20)
    assert code in (-number, 0), child.output()
    assert "Traceback" not in child.output(), child.output()
    assert code == 0 or child.output() == "", child.output()
    assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]
    return code


@pytest.mark.parametrize("program", ["control", "bringup"])
def test_a_signal_at_any_moment_of_the_start_ends_it_cleanly(
    processes: Processes, program: str
) -> None:
    child = begin(processes, program)
    begun_s = time.monotonic()
    child.wait_for_output("lost: nothing listens")
    whole_s = time.monotonic() - begun_s
    child.stop_cleanly()
    codes: set[int] = set()
    for longer in (1, 2, 4):  # a start may take longer than the first one did
        if len(codes) < 3:
            moments_s = [longer * whole_s * moment / (MOMENTS - 1) for moment in range(MOMENTS)]
            codes |= {end_at(processes, program, *one) for one in enumerate(moments_s)}
    assert len(codes) == 3, "all moments were in one part of the start"


@pytest.mark.parametrize("pause_s", [0.0, 0.05, 0.3, 0.6])
@pytest.mark.parametrize("program", ["control", "bringup"])
def test_two_ctrl_c_in_quick_succession_end_it_cleanly(program: str, pause_s: float) -> None:
    arguments = ["--ros-args", "-r", "__ns:=/twice", "-p", "robot_host:=127.0.0.1"]
    arguments += ["-p", f"robot_port:={free_port()}", "-p", f"signalling_port:={free_port()}"]
    arguments += ["-p", f"port:={free_port()}"] if program == "bringup" else []
    with Terminal(sys.executable, "-m", *node_module(program), *arguments, cwd=ROOT) as terminal:
        terminal.read_until("lost: nothing listens")
        terminal.type(CTRL_C)
        time.sleep(pause_s)  # the end takes as long as these pauses
        terminal.type(CTRL_C)
        output = terminal.read_all()
        assert terminal.wait() == 0, output
        assert "Traceback" not in output


def test_two_ctrl_c_end_the_simulation_cleanly(tmp_path: Path) -> None:
    ports = [f"--port={free_port()}", f"--signalling-port={free_port()}", f"--home={tmp_path}"]
    command = sys.executable, "-m", "reachy_mini_ros.simulation.main", *ports
    with Terminal(*command, cwd=ROOT) as terminal:
        terminal.read_until("daemon_pid=")
        daemon = terminal.read_until("\r\n").rpartition("daemon_pid=")[2].strip()
        terminal.type(CTRL_C + CTRL_C)
        output = terminal.read_all()
        assert terminal.wait() == 0, output
        assert "Traceback" not in output
        assert not Path(f"/proc/{daemon}").exists()


def test_the_flag_can_be_set_by_handlers_that_interrupt_each_other() -> None:
    flag = Flag()
    depth = 0

    def on_signal(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth < 50:
            signal.raise_signal(signal.SIGUSR1)  # as a second Ctrl-C in the handler of the first
        flag.set()

    before = signal.signal(signal.SIGUSR1, on_signal)
    try:
        main = threading.main_thread().ident
        assert main is not None
        timer = threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGUSR1))
        assert not flag.is_set()
        timer.start()
        assert flag.wait(30)
        timer.join()
        assert flag.is_set()
        assert flag.wait(0.0)
    finally:
        signal.signal(signal.SIGUSR1, before)
