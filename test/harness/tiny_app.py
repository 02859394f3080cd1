# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A daemon with a tiny app of its own installed, in an environment that may be changed."""

import os
import sys
import sysconfig
from pathlib import Path

from harness.daemon import Daemon
from harness.installed import ROOT, run, wheel_of
from harness.processes import Processes, free_port
from harness.python_path import python_path

APP = "tiny_app"
_SETUP = f"""
from setuptools import setup
setup(name="{APP}", version="1.0", py_modules=["{APP}"],
      entry_points={{"reachy_mini_apps": ["{APP} = {APP}:TinyApp"]}})
"""
_APP = """
import signal, sys

class TinyApp:
    custom_app_url = "http://0.0.0.0:8042"

if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    print("tiny app runs", flush=True)
    while True:
        signal.pause()
"""


def daemon_with_tiny_app(processes: Processes, folder: Path) -> Daemon:
    """Start a daemon that has the app, and wait until it runs."""
    sources = folder / "tiny"
    sources.mkdir()
    (sources / "setup.py").write_text(_SETUP)
    (sources / f"{APP}.py").write_text(_APP)
    python = _environment(wheel_of(sources, folder), folder)
    port = free_port()
    child = processes.start(
        *(str(python), "-m", "reachy_mini_ros.simulation.daemon_launcher", str(os.getpid())),
        *("--mockup-sim", "--no-media", "--no-wake-up-on-start", "--no-goto-sleep-on-stop"),
        *("--dataset-update-interval", "0"),
        *("--fastapi-host", "127.0.0.1", "--fastapi-port", str(port)),
        env={"REACHY_MINI_TELEMETRY": "0", "HF_HUB_OFFLINE": "1", **python_path(ROOT)},
    )
    child.takes_leave = False
    daemon = Daemon(child, port)
    daemon.wait_running()
    return daemon


def _environment(wheel: Path, folder: Path) -> Path:
    """Return the Python of a new environment with the wheel, on top of the tests' own."""
    run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    (site,) = (folder / "env" / "lib").glob("python3*/site-packages")
    (site / "tests.pth").write_text(sysconfig.get_path("purelib"))
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q")
    run(*pip, "--no-deps", "--no-index", wheel, cwd=folder)
    return python
