# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder that is pushed as a Hugging Face Space."""

import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from harness.installed import ROOT, run, wheel_of

OK = (
    "index.html and style.css exist",
    "Package 'camera_live_feed' found",
    "pyproject.toml contains the correct entrypoint",
    "main.py contains the class CameraLiveFeed that inherits from ReachyMiniApp",
    "README.md contains the required metadata",
)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("space")
    run(ROOT / "scripts" / "make_space.sh", folder, cwd=ROOT)
    return folder


def test_the_sdks_own_checker_finds_everything_in_its_place(space: Path) -> None:
    """Its last step installs the app with pip, for which it needs the network."""
    check = "from reachy_mini.apps.app import main; main()"
    environment = {"PIP_NO_INDEX": "1", "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}
    told = run(sys.executable, "-c", check, "check", space, cwd=space, code=1, **environment)
    assert [line for line in OK if line not in told] == []
    assert "ERROR" not in told


def test_it_installs_as_one_package_with_the_entry_point(space: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel_of(space, tmp_path)) as archive:
        names = set(archive.namelist())
        (listed,) = [name for name in names if name.endswith("entry_points.txt")]
        points = archive.read(listed).decode()
    assert points.strip() == (
        "[reachy_mini_apps]\ncamera_live_feed = camera_live_feed.main:CameraLiveFeed"
    )
    wanted = {"camera_live_feed/main.py", "reachy_mini_ros/app/server.py"}
    assert names >= {*wanted, "reachy_mini_ros/web/page/index.html"}
    assert not [name for name in names if name.startswith("reachy_mini_ros/nodes/")]


def test_it_needs_what_the_package_needs(space: Path) -> None:
    listed = tomllib.loads((space / "pyproject.toml").read_text())["project"]
    setup = (ROOT / "setup.py").read_text()
    assert [name for name in listed["dependencies"] if f'"{name}"' not in setup] == []
    for line in setup.split("install_requires=[", 1)[1].split("]", 1)[0].splitlines():
        name = line.strip().partition('"')[2].partition('"')[0]
        assert not name or name in listed["dependencies"], name
    assert f'version="{listed["version"]}"' in setup
