# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The short form of the faults: what is told, nothing stale, back by itself, and nothing left."""

from collections.abc import Iterator

import pytest
from harness.fault_outcomes import Outcome, measure
from harness.fault_rig import Rig, started
from harness.faults import FAULTS, Fault
from harness.processes import Processes
from harness.ros import RosClient
from harness.waiting import patience

STALE_S = 0.25
GROWS_MB, OPENS, STARTS = 40.0, 4, 4
"""What the nodes may have more of after a fault: a pool's threads, a cache."""


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


def check(rig: Rig, fault: Fault, outcome: Outcome) -> None:
    """Hold what came of a fault to what is promised."""
    if fault.stops:
        assert getattr(outcome, fault.stops) == 0, outcome
    assert outcome.oldest_state_s < fault.late_s + patience(STALE_S), outcome
    assert outcome.oldest_picture_s < patience(STALE_S), outcome
    before, after = outcome.before, outcome.after
    assert after.rss_mb < before.rss_mb + GROWS_MB, outcome
    assert after.descriptors <= before.descriptors + OPENS, outcome
    assert after.threads <= before.threads + STARTS, outcome
    assert rig.node.process.poll() is None
    output = rig.node.output()
    for sign in ("Traceback", "internal error", "a bug, please"):
        assert sign not in output, output[-5000:]
    assert max(map(len, output.splitlines())) < 500
