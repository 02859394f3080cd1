# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ports of Fast DDS in shared memory: those of the dead are removed, and no others."""

import fcntl
import os
import time
from pathlib import Path

import pytest

from reachy_mini_ros.nodes.common.watcher import remove_ports_of_the_dead


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
