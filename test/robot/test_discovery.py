# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Robots found by their real mDNS announcements, in a network of the test's own."""

import signal
import sys
from pathlib import Path

import pytest
from harness.announced import COMMAND, possible
from harness.processes import Child, Processes, free_port
from harness.python_path import ROOT, TEST, python_path
from harness.waiting import wait_for

pytestmark = pytest.mark.skipif(not possible(), reason="no network namespaces here")
DISCOVER = (sys.executable, "-m", "reachy_mini_ros.robot.discover")
FIND = """
import threading
from reachy_mini_ros.robot import discovery
print(discovery.the_one().address, threading.active_count())
"""
ONE = (sys.executable, "-c", FIND)


def looking(processes: Processes, *arguments: str) -> Child:
    child = processes.start(*COMMAND, *arguments, env=python_path(ROOT, TEST))
    child.wait(30)
    return child


def test_the_one_robot_is_found_with_its_port(processes: Processes) -> None:
    child = looking(processes, "kitchen=18000", "--", *ONE)
    assert child.output().split() == ["127.0.0.1:18000", "1"]  # no thread goes on asking


def test_several_robots_are_named_in_one_line(processes: Processes) -> None:
    output = looking(processes, "kitchen=18000", "attic=18001", "--", *ONE).output()
    last = output.splitlines()[-1]
    assert "several" in last
    assert "attic (127.0.0.1:18001), kitchen (127.0.0.1:18000)" in last


def test_none_is_one_line_that_says_what_to_look_at(processes: Processes) -> None:
    last = looking(processes, "--", *ONE).output().splitlines()[-1]
    assert "no robot announced itself" in last
    assert "UDP 5353" in last
    child = looking(processes, "--", *DISCOVER, "--wait", "0.1")
    assert child.process.returncode == 1
    (line,) = child.output().splitlines()
    assert line.startswith("discover: no robot announced itself within 0.1 s")


def test_discover_lists_robots_that_do_not_answer_too(processes: Processes) -> None:
    child = looking(processes, f"kitchen={free_port()}", "--", *DISCOVER)
    assert child.process.returncode == 0, child.output()
    headings, robot = child.output().splitlines()
    assert headings.split() == ["NAME", "ADDRESS", "MODEL", "VERSION", "HELD", "BY"]
    assert robot.startswith("kitchen  127.0.0.1:")
    assert "Reachy Mini Lite" in robot
    assert "does not answer" in robot


def test_ctrl_c_ends_the_looking_without_a_word(processes: Processes) -> None:
    arguments = (*DISCOVER, "--wait", "60")
    child = processes.start(*COMMAND, "--", *arguments, env=python_path(ROOT, TEST))

    def looks() -> bool:  # mDNS has a thread of its own
        tasks = Path(f"/proc/{child.pid}/task").glob("*/children")
        programs = [program for task in tasks for program in task.read_text().split()]
        return any(len(list(Path(f"/proc/{one}/task").iterdir())) > 1 for one in programs)

    wait_for(looks, 20)
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == 256 - signal.SIGINT  # minus its number, as a code
    assert child.output() == ""


WITH_A_DAEMON = """
import os, subprocess, sys, time, urllib.request
port = sys.argv[1]
launcher = [sys.executable, "-m", "reachy_mini_ros.simulation.daemon_launcher", str(os.getpid())]
options = ["--mockup-sim", "--no-media", "--no-wake-up-on-start", "--fastapi-port", port]
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
daemon = subprocess.Popen([*launcher, *options], **quiet)
try:
    for _ in range(600):
        try:
            url = f"http://127.0.0.1:{port}/api/daemon/status"
            if b'"running"' in urllib.request.urlopen(url, timeout=5).read():
                break
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit(subprocess.run(sys.argv[2:]).returncode)
finally:
    daemon.kill()
    daemon.wait()
"""


def test_discover_tells_what_the_daemon_says_and_who_holds_it(processes: Processes) -> None:
    robot = (sys.executable, "-c", WITH_A_DAEMON, str(free_port()))
    quiet = {"REACHY_MINI_TELEMETRY": "0", "HF_HUB_OFFLINE": "1"}
    environment = {**python_path(ROOT, TEST), **quiet}
    child = processes.start(*COMMAND, "--", *robot, *DISCOVER, "--wait", "4", env=environment)
    assert child.wait(60) == 0, child.output()
    fields = child.output().splitlines()[-1].split()
    assert fields[0] == "reachy_mini"
    assert fields[1].startswith("127.0.0.1:")
    assert fields[2] == "mockup"
    assert fields[4] == "free"
