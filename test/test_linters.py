# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The linters that ROS packages use, where they are installed."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ["reachy_mini_ros", "launch", "examples", "test", "benchmarks", "setup.py"]


@pytest.mark.parametrize(
    ("linter", "options"),
    [
        ("ament_flake8", ["--config", str(ROOT / "setup.cfg")]),
        # A summary starts on the first line; properties are not imperative.
        ("ament_pep257", ["--add-ignore", "D213", "D401", "--"]),
    ],
)
def test_ament_linter_has_no_complaint(linter: str, options: list[str]) -> None:
    if importlib.util.find_spec(linter) is None:
        pytest.skip(f"{linter} is not installed")
    folders = [name for name in FOLDERS if linter == "ament_flake8" or name != "test"]
    result = subprocess.run(
        [sys.executable, "-m", f"{linter}.main", *options, *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", ["package.xml", "config/fastdds.xml"])
def test_xml_is_well_formed(name: str) -> None:
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint is not installed (apt: libxml2-utils)")
    result = subprocess.run(
        ["xmllint", "--noout", "--nonet", str(ROOT / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_every_source_file_names_its_licence() -> None:
    sources = [*ROOT.glob("*.py"), *(path for f in FOLDERS for path in (ROOT / f).rglob("*.py"))]
    for path in sources:
        head = path.read_text(encoding="utf-8")[:200]
        assert "SPDX-License-Identifier: Apache-2.0" in head, path
        assert "Copyright 2026 reachy_mini_ros contributors" in head, path
