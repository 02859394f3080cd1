# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Workflows, deploy/ and the pages for contributors: what they name is there."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_package import MANIFEST, SETUP

from reachy_mini_ros.fleet.arguments import ARGUMENTS

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
UNIT = (ROOT / "deploy" / "reachy-mini-ros@.service").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "QUALITY_DECLARATION.md", "docs/deployment.md")


def run_steps() -> list[str]:
    """Return what the workflows run."""
    jobs = [job for path in WORKFLOWS for job in yaml.safe_load(path.read_text())["jobs"].values()]
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


EVERYTHING = {
    **{path: text_of(path) for path in PAGES},
    **{str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in WORKFLOWS},
    **{
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in [*(ROOT / "deploy").iterdir(), ROOT / ".pre-commit-config.yaml"]
    },
}


@pytest.mark.parametrize("path", EVERYTHING)
def test_files_that_are_named_exist(path: str) -> None:
    named = r"\b((?:scripts|test|docs|deploy|benchmarks|reachy_mini_ros)/[\w./@-]*\w)"
    for name in re.findall(named, EVERYTHING[path].replace("src/reachy_mini_ros/", "")):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("path", EVERYTHING)
def test_launch_files_arguments_and_executables_exist(path: str) -> None:
    text = EVERYTHING[path].replace("\\\n", " ")
    assert set(re.findall(r"\b([a-z_]+):=", text)) <= {one.name for one in ARGUMENTS}
    for file in re.findall(r"\b(\w+\.launch\.py)", text):
        assert (ROOT / "launch" / file).is_file(), file
    executables = {line.split(" = ")[0] for line in SETUP["entry_points"]["console_scripts"]}  # type: ignore[index]
    assert set(re.findall(r"ros2 run reachy_mini_ros (\w+)", text)) <= executables


def test_dependencies_are_bounded_as_in_setup_py() -> None:
    asked: Any = SETUP["install_requires"]
    for text in (DOCKERFILE, *run_steps()):
        for requirement in re.findall(r"""['"]((?:reachy-mini|aiortc)[<>=][^'"]+)['"]""", text):
            assert requirement in asked, requirement


def test_options_of_test_sh_are_known() -> None:
    usage = subprocess.run(
        [ROOT / "scripts" / "test.sh", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for text in EVERYTHING.values():
        for options in re.findall(r"scripts/test\.sh((?: --[a-z]+)+)", text):
            assert all(option in usage for option in options.split()), options


def test_contributing_lists_every_workflow() -> None:
    listed = set(re.findall(r"\(\.github/workflows/(\w+\.yml)\)", text_of("CONTRIBUTING.md")))
    assert listed == {path.name for path in WORKFLOWS}


def test_workflows_and_the_image_run_what_shells_understand() -> None:
    unit_command = shlex.split(re.search(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)[1])  # type: ignore[index]
    assert unit_command[:2] == ["/bin/bash", "-c"]
    scripts = [*run_steps(), unit_command[2].replace("$$", "$"), text_of("deploy/entrypoint.sh")]
    for script in scripts:
        script = re.sub(r"\$\{\{.*?\}\}", "filled_in", script)
        check = subprocess.run(
            ["bash", "-n"], input=script, capture_output=True, text=True, check=False
        )
        assert check.returncode == 0, (script, check.stderr)


def test_variables_of_the_unit_have_defaults_and_are_told() -> None:
    defaults = re.search(r"^Environment=(.*)$", UNIT, re.MULTILINE)[1]  # type: ignore[index]
    names = {assignment.partition("=")[0] for assignment in defaults.split()}
    assert set(re.findall(r"\$\$([A-Z_]+)", UNIT)) == names
    told = text_of("docs/deployment.md").split("/etc/default/reachy-mini-ros", 1)[1]
    assert set(re.findall(r"^([A-Z_]+)=", told, re.MULTILINE)) == names


def test_the_image_has_what_compose_starts() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["command"].split()[:3] == ["ros2", "launch", "reachy_mini_ros"], name
        assert (ROOT / "deploy" / service["build"]["context"]).resolve() == ROOT
        assert (ROOT / service["build"]["dockerfile"]).is_file()
    ignored = text_of(".dockerignore").split()
    for source in re.findall(r"^COPY (?:--\S+ )?(\S+) ", DOCKERFILE, re.MULTILINE):
        assert (ROOT / source).exists(), source
        assert source not in ignored


def test_owners_and_reporters_write_to_the_maintainer() -> None:
    (maintainer,) = MANIFEST.findall("maintainer")
    (line,) = [line for line in text_of(".github/CODEOWNERS").splitlines() if line[:1] != "#"]
    assert line == f"* {maintainer.get('email')}"


def test_security_page_tells_the_ports_and_the_limits_of_the_code() -> None:
    access = text_of("reachy_mini_ros/web/access.py")
    guesses = text_of("reachy_mini_ros/web/guesses.py")
    defaults = text_of("config/reachy_mini.yaml")
    page = text_of("SECURITY.md")
    assert "MINIMUM_TOKEN_LENGTH = 8\n" in access
    assert "a token of eight characters or more" in page
    assert "FREE = 5\n" in guesses
    assert "after five wrong ones" in page
    for parameter, port in (("robot_port", "8000"), ("signalling_port", "8443")):
        assert f"{parameter}: {port}" in defaults
        assert f"| {port}, " in page


def release_note() -> Any:
    path = ROOT / "scripts" / "release_note.py"
    spec = importlib.util.spec_from_file_location("release_note", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHANGES = """0.2.0 (unreleased)
------------------
* Newer

0.1.0 (2026-12-01)
------------------
* With ``code``
* Older
"""


def test_release_note_is_the_version_s_section() -> None:
    note = release_note().note
    assert note(CHANGES, "0.1.0") == "* With `code`\n* Older\n"
    with pytest.raises(ValueError, match=r"0\.2\.0 is 'unreleased', not a date"):
        note(CHANGES, "0.2.0")
    with pytest.raises(ValueError, match=r"no section 0\.3\.0"):
        note(CHANGES, "0.3.0")
    note(text_of("CHANGELOG.rst").replace("(unreleased)", "(2026-12-01)"), str(SETUP["version"]))


def test_release_note_refuses_another_version_in_one_line() -> None:
    script = ROOT / "scripts" / "release_note.py"
    result = subprocess.run(
        [sys.executable, script, "9.9.9"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr == f"release_note.py: package.xml says {SETUP['version']}, not 9.9.9\n"
