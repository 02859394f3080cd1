# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The long form of the faults: has all of them happen, and writes docs/reliability.md."""

import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from harness.domain import own_domain

if __name__ == "__main__":  # before rclpy reads it
    os.environ["ROS_DOMAIN_ID"] = str(own_domain())
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

from harness.fault_outcomes import Outcome, check, measure
from harness.fault_rig import started
from harness.fault_starts import STARTS
from harness.faults import FAULTS
from harness.processes import Processes
from harness.ros import RosClient

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
TEMPLATE = Path(__file__).parents[1] / "faults" / "page.md"


def row(outcome: Outcome) -> str:
    """Return an outcome as a row of the table."""
    before, after = outcome.before, outcome.after
    cells = (
        outcome.name,
        outcome.told.replace("|", "\\|"),
        f"{outcome.states}, {outcome.pictures}",
        f"{outcome.oldest_state_s * 1e3:.0f}, {max(0.0, outcome.oldest_picture_s) * 1e3:.0f}",
        f"{outcome.back_s:.1f}",
        f"{before.rss_mb:.0f}, {after.rss_mb:.0f}",
        f"{before.descriptors}, {after.descriptors}",
        f"{before.threads}, {after.threads}",
    )
    return f"| {' | '.join(cells)} |"


def rows(text: str) -> list[str]:
    """Return the names of the faults on a page."""
    return [
        line.split("|")[1].strip()
        for line in text.splitlines()
        if line.startswith("| ") and not line.startswith("| fault ")
    ]


def machine() -> str:
    """Return what this machine is, in words."""
    model = next(
        (
            line.partition(": ")[2]
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}"


def run(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """Have all faults happen; return the rows of both tables, and what was not as promised."""
    lasting: list[str] = []
    at_start: list[str] = []
    failures: list[str] = []
    with Processes(folder) as processes, RosClient() as ros:
        with started(processes, ros, folder) as rig:
            for fault in FAULTS:
                print(fault.name, flush=True)
                try:
                    outcome = measure(rig, fault)
                    lasting.append(row(outcome))
                    check(rig, fault, outcome)
                except AssertionError as error:
                    failures.append(f"{fault.name}: {str(error)[:1500]}")
        for name, start in STARTS.items():
            print(name, flush=True)
            try:
                told = start(processes, ros, folder).replace("|", "\\|")
                at_start.append(f"| {name} | {told} |")
            except AssertionError as error:
                failures.append(f"{name}: {str(error)[:1500]}")
    return lasting, at_start, failures


def main(arguments: Sequence[str]) -> int:
    """Write the page, if all was as promised: the distribution's name, and where to write it."""
    distribution, page = arguments
    with tempfile.TemporaryDirectory(prefix="faults_") as folder:
        lasting, at_start, failures = run(Path(folder))
    for failure in failures:
        print(f"not as promised: {failure}", file=sys.stderr)
    if failures:
        return 1
    text = TEMPLATE.read_text(encoding="utf-8").format(
        date=datetime.now(UTC).date().isoformat(),
        distribution=distribution.capitalize(),
        machine=machine(),
        lasting="\n".join(lasting),
        at_start="\n".join(at_start),
    )
    Path(page).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
