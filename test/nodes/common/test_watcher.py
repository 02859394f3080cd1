# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ports of Fast DDS in shared memory and their locks: those of the dead are removed, no others."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.processes import Child, Processes, free_port
from harness.waiting import wait_for

from reachy_mini_ros.nodes.common.watcher import (
    SHARED_MEMORY,
    remove_locks_of_the_dead,
    remove_ports_of_the_dead,
)

LOCKS = """
import ctypes, os, sys, time
lib = ctypes.CDLL(None, use_errno=True)
lib.sem_open.restype = ctypes.c_void_p
lib.sem_wait.argtypes = lib.sem_post.argtypes = [ctypes.c_void_p]
one = lib.sem_open(sys.argv[1].encode(), os.O_CREAT, 0o644, 1)
assert one, os.strerror(ctypes.get_errno())
lib.sem_wait(one)
if len(sys.argv) > 2:
    lib.sem_post(one)
print("there", flush=True)
time.sleep(60)
"""


@pytest.fixture(params=["fastdds", "fastrtps"])
def port(request: pytest.FixtureRequest) -> str:
    """Return the name of a port, as Fast DDS 3.2 and 2.14 make it."""
    return f"{request.param}_port7675"


@pytest.fixture
def folder(tmp_path: Path, port: str) -> Path:
    """Return a folder with a port whose listener is dead, and files that are none of a port."""
    for name in (port, f"{port}_el", "fastdds_01c8_el", "sem.fastdds_port7_el"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - 10,) * 2)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_dead_one_s_port_is_removed_and_what_is_no_port_stays(folder: Path) -> None:
    remove_ports_of_the_dead(folder)
    assert names(folder) == ["fastdds_01c8_el", "sem.fastdds_port7_el"]


def test_a_lock_whose_port_is_gone_is_removed(folder: Path, port: str) -> None:
    (folder / port).unlink()
    remove_ports_of_the_dead(folder)
    assert names(folder) == ["fastdds_01c8_el", "sem.fastdds_port7_el"]


def test_a_port_whose_listener_lives_stays(folder: Path, port: str) -> None:
    before = names(folder)
    with (folder / f"{port}_el").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remove_ports_of_the_dead(folder)
        assert names(folder) == before
    remove_ports_of_the_dead(folder)
    assert names(folder) != before


def test_a_port_that_is_being_made_stays(folder: Path, port: str) -> None:
    before = names(folder)
    (folder / f"{port}_el").touch()
    remove_ports_of_the_dead(folder)
    assert names(folder) == before


def test_without_shared_memory_nothing_happens(folder: Path) -> None:
    remove_ports_of_the_dead(folder / "none")


def test_what_only_has_the_name_of_a_lock_is_not_waited_for(folder: Path, port: str) -> None:
    lock = folder / f"{port}_el"
    lock.unlink()
    os.mkfifo(lock)
    os.utime(lock, (time.time() - 10,) * 2)
    remove_ports_of_the_dead(folder)
    assert lock.exists()


@pytest.fixture
def lock(port: str) -> Iterator[Path]:
    """Return where the lock of a port will be that nobody else has."""
    path = SHARED_MEMORY / f"sem.{port}{os.getpid()}_mutex"
    yield path
    path.unlink(missing_ok=True)


def has_lock(processes: Processes, lock: Path, *freed: str) -> Child:
    child = processes.start(sys.executable, "-c", LOCKS, lock.name.removeprefix("sem."), *freed)
    child.wait_for_output("there", 10)
    return child


def removed(lock: Path) -> bool:
    """Look twice, and tell whether the lock is gone."""
    remove_locks_of_the_dead(lock.parent, remove_locks_of_the_dead(lock.parent, set()))
    return not lock.exists()


def test_the_lock_of_one_who_was_killed_is_removed_at_the_second_look(
    processes: Processes, lock: Path
) -> None:
    child = has_lock(processes, lock)
    assert not removed(lock)
    child.stop(signal.SIGKILL)
    locked = remove_locks_of_the_dead(lock.parent, set())
    (left,) = (one for one in locked if one[0] == lock.name)
    # Another one that has the name since then.
    remove_locks_of_the_dead(lock.parent, {(*left[:2], left[2] + 1)})
    assert lock.exists()
    remove_locks_of_the_dead(lock.parent, locked)
    assert not lock.exists()


def test_a_lock_that_is_free_stays(processes: Processes, lock: Path) -> None:
    has_lock(processes, lock, "free").stop(signal.SIGKILL)
    assert not removed(lock)


def test_a_running_node_removes_it(processes: Processes, lock: Path) -> None:
    processes.start_node("audio", robot_host="127.0.0.1", signalling_port=free_port())
    has_lock(processes, lock).stop(signal.SIGKILL)
    wait_for(lambda: not lock.exists(), 15, "the lock to be removed")
    assert remove_locks_of_the_dead(lock.parent / "none", set()) == set()


def test_what_only_has_the_name_of_a_lock_stays(tmp_path: Path, port: str) -> None:
    names_of = [f"sem.{port}_mutex", f"sem.{port}2_mutex", f"sem.{port}_other", f"{port}_mutex"]
    empty, pipe, *others = (tmp_path / name for name in names_of)
    empty.touch()
    os.mkfifo(pipe)
    for other in others:
        other.write_bytes(bytes(32))
    assert remove_locks_of_the_dead(tmp_path, set()) == set()
