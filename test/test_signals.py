# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM at any moment: no traceback, nothing left, and an exit code that is usual.

Until a program has something to end, it dies of the signal itself, which shells tell as 130 and
143 and subprocess as -2 and -15; later it ends by itself, with 0. The some 30 ms in which Python
starts, before the first line of this package, are Python's own.
"""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness.processes import Child, Processes, free_port, node_module
from harness.waiting import wait_for
from test_package import ROOT

MOMENTS = 12
CTRL_C = b"\x03"


def catches_interrupt(child: Child) -> bool:
    """Tell whether a process has a handler of SIGINT."""
    status = Path(f"/proc/{child.pid}/status").read_text()
    caught = int(status.split("SigCgt:", 1)[1].split()[0], 16)
    return bool(caught & 1 << (signal.SIGINT - 1))


def begin(processes: Processes, program: str) -> Child:
    """Start a program and return at its first line: Python caught SIGINT, and does no more."""
    arguments = ["--ros-args", "-r", "__ns:=/signals", "-p", "robot_host:=127.0.0.1"]
    arguments += ["-p", f"robot_port:={free_port()}", "-p", f"signalling_port:={free_port()}"]
    arguments += ["-p", f"port:={free_port()}"] if program == "bringup" else []
    child = processes.start_module(*node_module(program), *arguments)
    wait_for(lambda: catches_interrupt(child), 10, "Python")
    wait_for(lambda: not catches_interrupt(child), 10, "the first line")
    return child


def children(pid: int) -> list[str]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for task in tasks for child in task.read_text().split()]


@pytest.mark.parametrize("program", ["control", "bringup"])
def test_a_signal_at_any_moment_of_the_start_ends_it_cleanly(
    processes: Processes, program: str
) -> None:
    child = begin(processes, program)
    begun_s = time.monotonic()
    child.wait_for_output("lost: nothing listens")
    whole_s = time.monotonic() - begun_s
    child.stop_cleanly()
    codes = set()
    for moment in range(MOMENTS):
        number = (signal.SIGINT, signal.SIGTERM)[moment % 2]
        child = begin(processes, program)
        time.sleep(whole_s * moment / (MOMENTS - 1))  # the moment is what is tested
        left = children(child.pid)
        code = child.stop(number, 20)
        codes.add(code)
        assert code in (-number, 0), child.output()
        assert "Traceback" not in child.output(), child.output()
        assert code == 0 or child.output() == "", child.output()
        assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]
    assert len(codes) == 3, "all moments were in one part of the start"


def in_terminal(*arguments: str) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a module in a terminal of its own; return the process and the terminal's other end."""
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, preexec_fn=lambda: os.login_tty(slave)
    )
    os.close(slave)
    return process, master


def read_until(terminal: int, text: str, output: str = "") -> str:
    """Return what was written to the terminal up to ``text``, or to its end."""
    while text not in output:
        assert select.select([terminal], [], [], 30)[0], output
        try:
            output += os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # the last process with the terminal has ended
            break
    return output


@pytest.mark.parametrize("pause_s", [0.0, 0.05, 0.3, 0.6])
@pytest.mark.parametrize("program", ["control", "bringup"])
def test_two_ctrl_c_in_quick_succession_end_it_cleanly(program: str, pause_s: float) -> None:
    arguments = ["--ros-args", "-r", "__ns:=/twice", "-p", "robot_host:=127.0.0.1"]
    arguments += ["-p", f"robot_port:={free_port()}", "-p", f"signalling_port:={free_port()}"]
    arguments += ["-p", f"port:={free_port()}"] if program == "bringup" else []
    process, terminal = in_terminal(*node_module(program), *arguments)
    try:
        output = read_until(terminal, "lost: nothing listens")
        os.write(terminal, CTRL_C)
        time.sleep(pause_s)  # the end takes as long as these pauses
        if process.poll() is None:
            os.write(terminal, CTRL_C)
        output += read_until(terminal, "never")
        assert process.wait(20) == 0, output
        assert "Traceback" not in output
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def test_two_ctrl_c_end_the_simulation_cleanly(tmp_path: Path) -> None:
    ports = [f"--port={free_port()}", f"--signalling-port={free_port()}", f"--home={tmp_path}"]
    process, terminal = in_terminal("reachy_mini_ros.simulation.main", *ports)
    try:
        output = read_until(terminal, "\n", read_until(terminal, "daemon_pid="))
        daemon = output.rpartition("daemon_pid=")[2].strip()
        os.write(terminal, CTRL_C + CTRL_C)
        output += read_until(terminal, "never")
        assert process.wait(20) == 0, output
        assert "Traceback" not in output
        assert not Path(f"/proc/{daemon}").exists()
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
