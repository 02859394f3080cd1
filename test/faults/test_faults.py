# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The short form of the faults: what is told, nothing stale, back by itself, and nothing left."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.fault_outcomes import check, measure
from harness.fault_report import PAGE, rows
from harness.fault_rig import Rig, started
from harness.fault_starts import STARTS
from harness.faults import FAULTS, Fault
from harness.processes import Processes
from harness.ros import RosClient


@pytest.fixture(scope="module")
def rig(
    processes: Processes, ros: RosClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    with started(processes, ros, tmp_path_factory.mktemp("robot")) as rig:
        yield rig


@pytest.mark.parametrize(
    "fault", [one for one in FAULTS if one.short], ids=lambda one: one.name.replace(" ", "_")
)
def test_a_fault_is_told_and_leaves_nothing(rig: Rig, fault: Fault) -> None:
    check(rig, fault, measure(rig, fault))


def test_the_page_has_the_faults_of_the_suite() -> None:
    assert rows(PAGE.read_text(encoding="utf-8")) == [*(one.name for one in FAULTS), *STARTS]


@pytest.mark.parametrize("start", [name for name in STARTS if "SIG" not in name])
def test_a_fault_at_the_start_is_told(
    processes: Processes, ros: RosClient, tmp_path: Path, start: str
) -> None:
    assert STARTS[start](processes, ros, tmp_path)
