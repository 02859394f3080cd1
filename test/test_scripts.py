# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The command lines of scripts/, and what their environments hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from harness.waiting import patience
from test_package import SETUP

SCRIPTS = Path(__file__).parents[1] / "scripts"
COMMANDS = ("demo.sh", "faults.sh", "setup.sh", "soak.sh", "test.sh")
"""Those that run on a distribution."""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPTS / script), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience(20),
        check=False,
    )


def requirements(part: str) -> set[str]:
    """Return the packages' names in scripts/requirements-<part>.txt."""
    lines = (SCRIPTS / f"requirements-{part}.txt").read_text().splitlines()
    return {re.split(r"[<>=!\[ ;]", line)[0].lower() for line in lines if line[:1] not in ("", "#")}


@pytest.mark.parametrize("script", [*COMMANDS, "docs.sh", "matrix.sh", "mutation.sh"])
def test_scripts_explain_themselves(script: str) -> None:
    for option in ("--help", "-h"):
        answer = run(script, option)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.startswith(f"usage: scripts/{script} ")
        assert ("--distro" in answer.stdout) == (script in COMMANDS)


@pytest.mark.parametrize(
    ("script", "arguments", "wrong"),
    [
        *((script, ("--distro", "melodic"), "'melodic'") for script in COMMANDS),
        *((script, ("--distro=melodic",), "'melodic'") for script in COMMANDS),
        *((script, ("--distro",), "--distro") for script in COMMANDS),
        ("test.sh", ("--static", "test/nodes"), "'test/nodes'"),
        ("test.sh", ("--static", "--coverage"), "--coverage"),
        ("test.sh", ("--distro", "jazzy", "--coverage"), "--coverage"),
        ("setup.sh", ("--numpy", "3"), "--numpy"),
        ("matrix.sh", ("--system", "templeos"), "'templeos'"),
        ("matrix.sh", ("--bind",), "--bind"),
        ("mutation.sh", ("--sample", "all"), "'all'"),
        ("mutation.sh", ("aio.py",), "'aio.py'"),
        # What test.sh does not know is pytest's.
        *(
            (name, ("--fast",), "'--fast'")
            for name in ("demo.sh", "docs.sh", "faults.sh", "mutation.sh", "setup.sh", "soak.sh")
        ),
        ("soak.sh", ("--minutes", "long"), "'long'"),
        *((name, ("chromium",), "'chromium'") for name in ("demo.sh", "docs.sh", "setup.sh")),
    ],
)
def test_scripts_refuse_what_they_do_not_know(
    script: str, arguments: tuple[str, ...], wrong: str
) -> None:
    answer = run(script, *arguments)
    assert answer.returncode == 2
    assert not answer.stdout
    (line,) = answer.stderr.splitlines()
    assert line.startswith(f"{script}: ")
    assert wrong in line


def test_the_demo_needs_no_tool_of_the_tests() -> None:
    tools = requirements("tests") | requirements("docs")
    assert {"pytest", "playwright", "mkdocs", "mypy", "schemathesis", "ruff", "hypothesis"} <= tools
    install_requires = SETUP["install_requires"]
    assert isinstance(install_requires, list)
    package = {re.split(r"[<>=]", requirement)[0] for requirement in install_requires}
    for distribution in ("kilted", "jazzy"):
        demo = requirements(distribution)
        assert demo
        assert not (demo | package) & tools
        assert all(name.startswith(f"ros-{distribution}-") for name in demo)


def test_both_distributions_bring_the_same_packages() -> None:
    kilted, jazzy = requirements("kilted"), requirements("jazzy")
    assert {name.replace("kilted", "jazzy") for name in kilted} == jazzy


def test_numpy_is_a_distributions_on_jazzy() -> None:
    overrides = (SCRIPTS / "distribution-overrides.txt").read_text().splitlines()
    assert any(line.startswith("numpy<2") for line in overrides)


def test_the_matrix_is_written_from_results(tmp_path: Path) -> None:
    """Run a test that passes, one that fails and one that is skipped, as scripts/matrix.sh does."""
    tests = (
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pytest.skip()\n"
    )
    (tmp_path / "test_three.py").write_text(tests)
    results = {"kilted-numpy2": "Debian 12, Python 3.11 2.4.6", "jazzy-numpy1": "Other 3 1.26.4"}
    files = [str(tmp_path / f"Some 12-{name}.xml") for name in results]
    for file, suite in zip(files, results.values(), strict=True):
        pytest_ = (
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            "/dev/null",
        )
        options = ("-o", f"junit_suite_name={suite}", "--junit-xml", file)
        subprocess.run([*pytest_, *options, "test_three.py"], cwd=tmp_path, check=False)
    readme = tmp_path / "README.md"
    marks = [
        line for line in (SCRIPTS.parent / "README.md").read_text().splitlines() if "<!--" in line
    ]
    readme.write_text("before\n" + "\n".join(marks) + "\nafter\n")
    for _ in range(2):  # what it wrote is replaced
        subprocess.run(
            [sys.executable, str(SCRIPTS / "matrix_table.py"), str(readme), *files], check=True
        )
    outcome = "1 passed, 1 skipped, 1 failed"
    assert readme.read_text().splitlines() == [
        *("before", marks[0]),
        "| wheels on | Kilted, numpy 1 | Kilted, numpy 2 | Jazzy, numpy 1 | Jazzy, numpy 2 |",
        "| --- | --- | --- | --- | --- |",
        f"| Other 3 | not run | not run | {outcome} (1.26.4) | not run |",
        f"| Debian 12, Python 3.11 | not run | {outcome} (2.4.6) | not run | not run |",
        *(marks[1], "after"),
    ]
