# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every test talks to real parts on loopback: own ROS domain, free ports, temporary HOME."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from harness.domain import own_domain
from harness.pace import measured
from harness.processes import Processes
from harness.simulation import Simulation
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from harness.ros import RosClient

for module in ("behaviour", "media_behaviour", "panoramas", "settings_behaviour"):
    pytest.register_assert_rewrite(f"harness.{module}")

# This process sees itself only, whatever tests run beside it; rclpy reads these when initialised.
os.environ["ROS_DOMAIN_ID"] = str(own_domain())
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

Processes.copies = True

HERE = Path(__file__).parent
LONGEST = [
    HERE / name
    for name in (
        *("app/test_page.py", "test_signals.py", "nodes/dashboard/test_robot.py"),
        *("nodes/audio/test_faults.py", "faults/test_faults.py", "nodes/dashboard/test_live.py"),
        *("media/streaming/test_destinations.py", "web/test_dashboard_page_view3d.py"),
        *("nodes/control/test_endings.py", "nodes/control/test_second.py"),
        *("nodes/camera/test_features.py", "web/test_dashboard_page.py", "docs/test_site.py"),
    )
]
"""Each takes a minute or so, and much of the machine: they begin in the first half, lest one runs
on when all others have ended, but not all at once."""
assert all(path.is_file() for path in LONGEST)

# How long an example takes is the machine's affair.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So does a shell start what runs in the background; the children would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Measure how slow the machine is, once for all workers."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        pace = measured()
        pace.__enter__()
        config.add_cleanup(lambda: pace.__exit__(None, None, None))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that take longest over the first half."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    long, short = [path for path in LONGEST if path in files], [*files.keys() - set(LONGEST)]
    short.sort()
    between = len(short) // (2 * len(long)) if long else 0
    order = []
    for number, path in enumerate(long):
        order += [path, *short[number * between : (number + 1) * between]]
    order += short[len(long) * between :]
    items[:] = [item for path in order for item in files[path]]


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Start child processes that end with the module, whatever happens in it."""
    with Processes(tmp_path_factory.mktemp("processes")) as running:
        yield running


@pytest.fixture(scope="module")
def simulation(
    request: pytest.FixtureRequest, processes: Processes, tmp_path_factory: pytest.TempPathFactory
) -> Simulation:
    """Return a simulated robot: the real daemon and the media server, as one child process.

    A module's SIMULATION_ARGUMENTS are its arguments.
    """
    arguments = getattr(request.module, "SIMULATION_ARGUMENTS", ())
    return Simulation.start(processes, tmp_path_factory.mktemp("robot"), *arguments)


@pytest.fixture(scope="module")
def ros() -> Iterator[RosClient]:
    """Return a node of the test's own, spinning in a thread."""
    from harness.ros import RosClient  # here: the core's tests run without ROS

    with RosClient() as client:
        yield client


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
