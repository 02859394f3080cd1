# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""scripts/mutation.sh: it tells a change that no test notices, and its table is of this code."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from coverage import CoverageData

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
TABLE = tomllib.loads((SCRIPTS / "mutation.toml").read_text(encoding="utf-8"))
TINY = """
def twice(value, limit=3):
    if value > limit:
        raise ValueError(value)
    while value < 0:
        value = abs(value)
    return value * 2
def never_called(value):
    return value + 1
"""
ITS_TESTS = """
import pytest, tiny
@pytest.mark.parametrize("value", [0, 1, -1])
def test_twice(value):
    with pytest.raises(ValueError):
        tiny.twice(10)
    assert tiny.twice(value) == 2 * abs(value)
def test_that_starts_a_robot(processes):
    assert False
"""

SMALL = """
def half(value):
    return value / 2
def never_called(value):
    return value + 1
"""
ITS_SLOW_TESTS = """
import pytest, subprocess, sys
@pytest.fixture
def processes():
    return sys.executable, "-c", "import small; print(small.half(3))"
def test_that_starts_a_robot(processes):
    assert subprocess.check_output(processes) == b"1.5\\n"
"""


def test_what_no_test_notices_is_told_and_what_one_does_is_not(tmp_path: Path) -> None:
    (tmp_path / "tiny.py").write_text(TINY)
    (tmp_path / "test_tiny.py").write_text(ITS_TESTS)
    (tmp_path / "small.py").write_text(SMALL)
    (tmp_path / "test_small.py").write_text(ITS_SLOW_TESTS)
    unnoticed = "twice: value > limit -> value >= limit"
    (tmp_path / "table.toml").write_text(
        '[tests]\n"tiny.py" = ["test_tiny.py"]\n[slow]\n"small.py" = ["test_small.py"]\n'
        f'[reasons."tiny.py"]\n"{unnoticed}" = "3 is not tried"\n'
    )
    command = [sys.executable, SCRIPTS / "mutation.py", "--table", "table.toml"]
    others = CoverageData(str(tmp_path / "measured.other"))
    others.add_lines({"other.py": [1]})
    others.write()
    answer = subprocess.run(
        [*command, "--page", "page.md", "tiny.py", "small.py"],
        cwd=tmp_path,
        env={**os.environ, "COVERAGE_FILE": str(tmp_path / "measured")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (tmp_path / "measured.other").is_file(), "of a run that measures this one"
    survivors = re.findall(r"^ +(\d+): (.*)$", answer.stdout, re.MULTILINE)
    assert survivors == [("2", "twice: 3 -> 4"), ("2", "twice: 3 -> 2"), ("3", unnoticed)]
    page = (tmp_path / "page.md").read_text()
    # Two end too late: with value < 1 and value <= 0 the loop has no end.
    assert "| `tiny.py` | 15 | 4 | 11 | 6 | 2 | 3 | 1 |" in page
    # Noticed by a test that starts a process, which runs the change as well.
    assert "| `small.py` | 8 | 4 | 4 | 4 | 0 | 0 | 0 |" in page
    assert f"| `tiny.py:3` | `{unnoticed}` | 3 is not tried |" in page
    for options, modules in (((), ["tiny.py"]), (("--slow",), ["tiny.py", "small.py"])):
        again = [*command, "--page", "page.md", *options]  # what is kept is not run again
        told = subprocess.check_output(again, cwd=tmp_path, text=True)
        assert re.findall(r"^\| `(.*?)`", told, re.MULTILINE) == modules


def test_the_table_is_of_this_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    mutants = importlib.import_module("mutants").mutants
    both = {**TABLE["tests"], **TABLE["slow"]}
    assert len(both) == len(TABLE["tests"]) + len(TABLE["slow"])
    assert set(TABLE["reasons"]) <= set(both)
    for module, tests in both.items():
        for path in (module, *tests):
            assert (ROOT / path.split("::")[0]).is_file(), path
    for module, reasons in TABLE["reasons"].items():
        names = {one.name for one in mutants((ROOT / module).read_text(encoding="utf-8"))}
        assert set(reasons) <= names, set(reasons) - names
