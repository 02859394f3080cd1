# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Environments that the package was installed into as users do, with no ROS in them."""

import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

ROOT = Path(__file__).parents[2]
_OVERRIDES = ROOT / "scripts" / "wheels-overrides.txt"
MADE = ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "install", "log", "dist")


def run(*command: object, cwd: Path, code: int = 0, **env: str) -> str:
    """Return what a program prints, which is to end with a code."""
    arguments = ["env", *(f"{name}={value}" for name, value in env.items()), *map(str, command)]
    result = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout


def wheel_of(sources: Path, folder: Path) -> Path:
    """Return a wheel, built of sources in a folder that nothing else is built in."""
    copied = copytree(sources, folder / "sources", ignore=MADE)
    options = ("-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder)
    run(sys.executable, "-m", "pip", "wheel", *options, copied, cwd=folder)
    return next(folder.glob("*.whl"))


def environment_of_the_app(wheel: Path, folder: Path) -> Path:
    """Return the Python of a new environment with the wheel and what its extra ``app`` needs.

    All of it comes from the package index, or from what uv keeps of it, but PyGObject, which is
    the system's as it is on the robot. Skips the test where uv is not at hand.
    """
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("there is no uv beside the tests' Python: scripts/setup.sh puts it there")
    of_system = Path(sys.base_exec_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    options = ("--system-site-packages", "--without-pip", "env")
    run(of_system, "-m", "venv", *options, cwd=folder)
    python = folder / "env" / "bin" / "python"
    install = (uv, "pip", "install", "-q", "--override", _OVERRIDES, "--python", python)
    install = (*install, f"{wheel}[app]")
    try:
        run(*install, "--offline", cwd=folder)
    except AssertionError:
        run(*install, cwd=folder)
    return python
