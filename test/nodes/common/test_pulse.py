# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A process of nodes one of whose threads waits for ever says so and ends."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest
from harness.processes import Child, Processes
from harness.waiting import wait_for

STUCK = """
import ctypes, sys, threading
from reachy_mini_ros.nodes.common import pulse
from reachy_mini_ros.nodes.common.runtime import RobotNode, run
from reachy_mini_ros.nodes.common.streams import Streams
pulse.HANGS_S = 1.0

class Stuck(RobotNode):
    def __init__(self, io):
        super().__init__("stuck")
        self.ticks = 0
        self.create_timer(0.2, self.tick)
        if sys.argv[1] == "io":
            io.call(self.wait_for_ever)
        if sys.argv[1] == "streams of stuck":
            self.streams = Streams(self)
            self.streams.call(self.wait_for_ever)

    def tick(self):
        self.ticks += 1
        if self.ticks == 5:
            print("lives", flush=True)
            if sys.argv[1] == "executor":
                self.wait_for_ever()
            if sys.argv[1] == "all":
                ctypes.PyDLL(None).sleep(1000)  # with the interpreter's lock, as rclpy publishes

    def wait_for_ever(self):
        threading.Event().wait()

sys.exit(run("stuck", {"stuck": Stuck}))
"""


def start(processes: Processes, thread: str) -> Child:
    return processes.start(sys.executable, "-c", STUCK, thread)


@pytest.mark.parametrize("thread", ["io", "executor", "streams of stuck"])
def test_a_thread_that_waits_for_ever_is_told_and_ends_the_process(
    processes: Processes, thread: str
) -> None:
    child = start(processes, thread)
    assert child.wait(20) == 1
    line = child.output().splitlines()[-1]
    assert line.startswith(f"stuck: hangs and ends, to be started anew: thread {thread} has stood")
    assert "in wait (" in line


def test_a_process_none_of_whose_threads_can_go_on_is_ended_too(processes: Processes) -> None:
    child = start(processes, "all")
    assert child.wait(20) == -signal.SIGABRT
    told = child.output()
    assert "stuck: hangs and ends, to be started anew: for 1 s a call has let no thread" in told
    assert re.search(r"line \d+ in tick$", told, re.MULTILINE)


def watcher_of(child: Child) -> int:
    child.wait_for_output("lives")
    tasks = Path(f"/proc/{child.pid}/task").glob("*/children")
    (watcher,) = [int(pid) for task in tasks for pid in task.read_text().split()]
    return watcher


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_its_watcher_ends_with_it(processes: Processes, number: signal.Signals) -> None:
    child = start(processes, "none")
    watcher = watcher_of(child)
    child.send_signal(number)
    wait_for(lambda: not Path(f"/proc/{watcher}").exists(), 10, "the watcher's end")


def test_ctrl_c_does_not_reach_its_watcher(processes: Processes) -> None:
    child = start(processes, "none")
    # To the one in front goes what a terminal sends.
    assert os.getpgid(watcher_of(child)) != os.getpgid(child.pid)


def test_a_watcher_that_is_stopped_keeps_no_process_from_its_end(processes: Processes) -> None:
    child = start(processes, "none")
    os.kill(watcher_of(child), signal.SIGSTOP)
    child.stop_cleanly()


def test_a_process_that_was_stopped_for_longer_goes_on(processes: Processes) -> None:
    child = start(processes, "none")
    child.wait_for_output("lives")
    child.send_signal(signal.SIGSTOP)
    with pytest.raises(AssertionError, match="not within"):
        wait_for(lambda: child.process.poll() is not None, 1.5)
    child.send_signal(signal.SIGCONT)
    child.stop_cleanly()
