# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's real daemon alone, without the simulation's media server, for faults of the link."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from harness.processes import Child, Processes
from harness.simulation import Robot
from harness.waiting import wait_for


@dataclass
class Daemon(Robot):
    """A running daemon in mockup mode."""

    child: Child
    port: int
    start_again: Callable[[], Child] | None = None

    @classmethod
    def start(cls, processes: Processes, port: int, **env: str) -> "Daemon":
        """Start a daemon, with more environment variables if given, and wait until it runs."""

        def start() -> Child:
            child = processes.start_module(
                "reachy_mini_ros.simulation.daemon_launcher",
                str(os.getpid()),
                *("--mockup-sim", "--no-media", "--no-wake-up-on-start"),
                *("--no-goto-sleep-on-stop", "--dataset-update-interval", "0"),
                *("--fastapi-host", "127.0.0.1", "--fastapi-port", str(port)),
                env={"REACHY_MINI_TELEMETRY": "0", "HF_HUB_OFFLINE": "1", **env},
            )
            child.takes_leave = False
            return child

        daemon = cls(start(), port, start)
        daemon.wait_running()
        return daemon

    def wait_running(self) -> None:
        """Wait until the daemon runs; fail early if it ends instead."""

        def runs() -> bool:
            assert self.child.process.poll() is None, self.child.output()
            return self.runs()

        wait_for(runs, 20, lambda: f"a running daemon:\n{self.child.output()}")

    def revive(self) -> bool:
        """Start the daemon again if it was killed or stopped."""
        if self.runs() or self.start_again is None:
            return False
        if self.child.process.poll() is None:
            self.kill()
        self.child = self.start_again()
        self.wait_running()
        return True

    def runs(self) -> bool:
        """Tell whether the daemon answers and says that it runs."""
        try:
            return bool(self.get("/api/daemon/status")["state"] == "running")
        except OSError:
            return False

    def kill(self) -> None:
        """End the daemon the hard way."""
        self.child.process.kill()
        self.child.process.wait()
