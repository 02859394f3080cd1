# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The harness's own waits: as long as the machine is slow, and telling so."""

import os
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from harness import waiting
from harness.domain import own_domain
from harness.processes import Processes, free_port
from harness.waiting import Awaited, add_pace, begin_pace, patience, slowness, wait_for


@pytest.fixture(autouse=True)
def pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a machine without load, that nothing is known of yet."""
    monkeypatch.setenv(waiting.PACE, "")
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    begin_pace(tmp_path / "pace")
    return tmp_path / "pace"


def test_an_idle_machine_is_given_the_times_that_tests_name() -> None:
    add_pace(0.8 * waiting.READY_S)
    assert patience(5.0) == 5.0


def test_a_machine_on_which_robots_take_long_to_be_ready_is_given_more() -> None:
    for times in (2.0, 3.0, 1.0):
        add_pace(times * waiting.READY_S)
    assert slowness() == pytest.approx(3.0)


def test_until_the_first_robot_is_ready_it_has_taken_as_long_as_it_runs(pace: Path) -> None:
    pace.write_text(f"{time.monotonic() - 4 * waiting.READY_S} 0\n")
    assert slowness() == pytest.approx(4.0, rel=0.1)


def test_what_was_measured_long_ago_counts_only_where_nothing_is_newer(pace: Path) -> None:
    long_ago_s = time.monotonic() - 2 * waiting.NEWEST_S
    with pace.open("a") as file:
        file.write(f"{long_ago_s} {6 * waiting.READY_S}\n")
    assert slowness() == pytest.approx(6.0)
    add_pace(2 * waiting.READY_S)
    assert slowness() == pytest.approx(2.0)


def test_a_busy_machine_is_given_more(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = os.cpu_count() or 1
    monkeypatch.setattr(os, "getloadavg", lambda: (2.5 * cores, 0.0, 0.0))
    assert slowness() == pytest.approx(2.5)


def test_what_comes_late_on_a_slow_machine_is_waited_for() -> None:
    add_pace(10 * waiting.READY_S)
    begun_s = time.monotonic()
    wait_for(lambda: time.monotonic() > begun_s + 0.2, 0.1, "what comes late")


def test_what_does_not_come_is_told_with_how_slow_the_machine_is() -> None:
    add_pace(3 * waiting.READY_S)
    with pytest.raises(AssertionError, match=r"not within 0.05 s, nor within 3.0 times .* the tea"):
        wait_for(lambda: False, 0.05, lambda: "the tea")
    future: Future[None] = Future()
    with pytest.raises(AssertionError, match=r"not within 0.01 s"):
        Awaited(future).result(0.01)


def test_a_machine_that_is_too_slow_is_not_waited_for_and_told_of() -> None:
    add_pace(100 * waiting.READY_S)
    assert slowness() == waiting.SLOWEST
    with pytest.raises(AssertionError, match="the machine is too slow for this"):
        wait_for(lambda: False, 0.01)


def test_each_process_of_the_tests_has_a_domain_and_ports_to_itself() -> None:
    other = own_domain()
    assert other != int(os.environ["ROS_DOMAIN_ID"])
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20


def test_two_runs_in_different_folders_have_different_domains(
    processes: Processes, tmp_path: Path
) -> None:
    """As in a chroot, which has the same network and shared memory."""
    code = "import harness.domain as it, signal; print('has', it.own_domain()); signal.pause()"
    domains = set()
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = {"PYTHONPATH": str(Path(__file__).parent), "TMPDIR": str(folder)}
        child = processes.start(sys.executable, "-c", code, env=path)
        domains.add(child.wait_for_output("has"))
    assert len(domains) == 2
