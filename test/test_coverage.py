# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`scripts/test.sh --coverage`: what it measures in processes, and what it calls too few."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness.processes import Processes, free_port

ROOT = Path(__file__).parents[1]


def table(lines: dict[str, Any], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "lines.json"
    file.write_text(json.dumps(lines))
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "coverage_table.py", file, "--floors"],
        capture_output=True,
        text=True,
        check=False,
    )


def lines_of(**shares: int) -> dict[str, Any]:
    """Return coverage's JSON of one file of 100 lines in each folder."""
    return {
        "files": {
            f"reachy_mini_ros/{folder}/one.py": {
                "summary": {
                    "covered_lines": share,
                    "num_statements": 100,
                    "missing_lines": 100 - share,
                },
                "missing_lines": list(range(share, 100)),
            }
            for folder, share in shares.items()
        }
    }


def test_too_few_lines_of_one_folder_are_a_failure(tmp_path: Path) -> None:
    whole = dict.fromkeys(("robot", "media", "web", "nodes"), 100)
    assert table(lines_of(**whole), tmp_path).returncode == 0
    for folder in whole:
        result = table(lines_of(**{**whole, folder: 40}), tmp_path)
        assert result.returncode == 1
        (line,) = [line for line in result.stdout.splitlines() if "TOO FEW" in line]
        assert line.startswith(f"{folder} ")


def test_every_folder_of_the_package_has_a_floor() -> None:
    told = re.findall(r"^\| `(\w+)/` \|", (ROOT / "docs" / "coverage.md").read_text(), re.MULTILINE)
    folders = {path.parent.name for path in (ROOT / "reachy_mini_ros").glob("*/__init__.py")}
    assert set(told) == folders


def test_processes_that_are_asked_to_end_are_measured(processes: Processes, tmp_path: Path) -> None:
    pytest.importorskip("coverage")
    node = processes.start_node(
        "control",
        env={
            "COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"),
            "COVERAGE_FILE": str(tmp_path / "data"),
        },
        robot_host="127.0.0.1",
        robot_port=free_port(),
    )
    node.wait_for_output("127.0.0.1")
    node.stop_cleanly()
    run = {"cwd": tmp_path, "check": True, "capture_output": True}
    tool = (sys.executable, "-m", "coverage")
    settings = (f"--rcfile={ROOT / 'pyproject.toml'}", f"--data-file={tmp_path / 'data'}")
    subprocess.run([*tool, "combine", *settings], **run)  # type: ignore[call-overload]
    subprocess.run([*tool, "json", *settings, "-o", "lines.json"], **run)  # type: ignore[call-overload]
    files = json.loads((tmp_path / "lines.json").read_text())["files"]
    (main,) = [one for path, one in files.items() if path.endswith("nodes/control/node.py")]
    assert main["summary"]["percent_covered"] > 50
