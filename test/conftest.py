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
"""Each takes a minute or so: they begin first, lest one runs on when all others have ended."""
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
    """Begin with the files that take longest."""
    items.sort(key=lambda item: item.path not in LONGEST)


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
