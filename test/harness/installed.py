# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Environments that the package was installed into as users do, with no ROS in them."""

import importlib.metadata
import subprocess
import sys
import sysconfig
from pathlib import Path
from shutil import copytree, ignore_patterns

ROOT = Path(__file__).parents[2]
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


def environment_without_ros(wheel: Path, folder: Path) -> Path:
    """Return the Python of a new environment with the wheel, and what it needs, but for ROS.

    That is linked from this environment: to install it again would take a minute.
    """
    run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q")
    run(*pip, "--no-deps", "--no-index", wheel, cwd=folder)
    site = Path(
        run(
            python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
        ).strip()
    )
    left_out = {"reachy_mini_ros", "camera_live_feed", *_of_ros()}
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        ours = entry.name.startswith(("__editable__", "reachy_mini_ros"))
        if not ours and entry.name not in left_out and not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    return python


def _of_ros() -> set[str]:
    """Return the names in site-packages that came with ROS's wheels."""
    return {
        file.parts[0]
        for one in importlib.metadata.distributions()
        if one.metadata["Name"].startswith(("ros_", "ros-"))
        for file in one.files or ()
    }
