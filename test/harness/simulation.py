# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated robot as a child process: the real daemon and the media server."""

import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.processes import Child, Processes, free_port
from harness.waiting import add_pace, patience

SMALL = ("--width=640", "--height=360")
"""Pictures that cost a quarter of a real robot's."""
FULL = ("--width=1280", "--height=720")


class Robot:
    """A real daemon on loopback."""

    port: int

    def get(self, path: str) -> Any:
        """Return the daemon's own answer to a GET, to compare with what ROS says."""
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=patience(5)) as answer:
            return json.load(answer)

    def post(self, path: str, body: object = None) -> Any:
        """Return the daemon's answer to a POST."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=json.dumps(body).encode() if body is not None else b"",
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=patience(5)) as answer:
            return json.load(answer)

    def revive(self) -> bool:
        """Start a daemon again that does not run any more, and tell whether that was necessary."""
        return False


@dataclass
class Simulation(Robot):
    """A running simulation and where to reach it."""

    child: Child
    port: int
    signalling_port: int
    home: Path
    daemon_pid: int

    @classmethod
    def start(
        cls,
        processes: Processes,
        home: Path,
        *arguments: str,
        port: int | None = None,
        signalling_port: int | None = None,
    ) -> "Simulation":
        """Start a simulation and wait until its daemon and its media server answer.

        Its pictures are SMALL unless the arguments say otherwise.
        """
        port = port or free_port()
        signalling_port = signalling_port or free_port()
        begun_s = time.monotonic()
        child = processes.start_copy(
            *("simulation", "reachy_mini_ros.simulation.main"),
            f"--port={port}",
            f"--signalling-port={signalling_port}",
            f"--home={home}",
            *SMALL,
            *arguments,
        )
        child.takes_leave = False
        ready = child.wait_for_output("ready robot=", 30)
        add_pace(time.monotonic() - begun_s)
        daemon_pid = int(ready.rpartition("daemon_pid=")[2])
        return cls(child, port, signalling_port, home, daemon_pid)

    @property
    def parameters(self) -> dict[str, object]:
        """Return the node parameters that lead to this robot."""
        return {
            "robot_host": "127.0.0.1",
            "robot_port": self.port,
            "signalling_port": self.signalling_port,
        }
