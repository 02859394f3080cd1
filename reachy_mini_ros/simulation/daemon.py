# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's own daemon as a child process, without hardware, in a home of its own."""

import asyncio
import importlib.util
import os
import signal
import socket
import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from reachy_mini_ros.errors import SetupError

END_TIMEOUT_S = 4.0


class Backend(StrEnum):
    """What stands in for the motors."""

    MOCKUP = "mockup"
    """Targets become positions at the next tick."""
    MUJOCO = "mujoco"
    """Physics; needs the mujoco package."""


_ARGUMENTS = {Backend.MOCKUP: ["--mockup-sim"], Backend.MUJOCO: ["--sim", "--headless"]}
_PACKAGE = {Backend.MUJOCO: "mujoco"}


class Daemon:
    """The daemon runs for as long as this is entered.

    Raises SetupError on entering if the port is taken, the backend's package is missing, or the
    home cannot be written.
    """

    def __init__(self, port: int, home: Path, backend: Backend, name: str) -> None:
        """``name`` is the robot's, by which it announces itself."""
        self._port = port
        self._home = home
        self._backend = backend
        self._name = name
        self._log = home / "daemon.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Return the process id of the daemon."""
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        package = _PACKAGE.get(self._backend)
        if package and importlib.util.find_spec(package) is None:
            raise SetupError(
                f"--backend {self._backend.value} needs the package {package}, which is not "
                f'installed: pip install "reachy-mini[{package}]"'
            )
        _require_free(self._port)
        with self._open_log() as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(),
                env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in a terminal must reach the daemon through us alone.
                start_new_session=True,
            )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        try:
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGCONT)
                self._process.terminate()
                with suppress(TimeoutError):
                    async with asyncio.timeout(END_TIMEOUT_S):
                        await self._process.wait()
        finally:
            self._kill_session()
            await self._process.wait()

    async def wait(self) -> str:
        """Wait until the daemon ends by itself; return how it did, in words."""
        assert self._process is not None
        status = await self._process.wait()
        if status < 0:
            return f"the daemon was ended by signal {signal.Signals(-status).name}"
        lines = self._log.read_text(errors="replace").strip().splitlines()
        last = f": {lines[-1]}" if lines else ""
        return f"the daemon ended with status {status}{last}"

    def _open_log(self) -> BinaryIO:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            return self._log.open("wb")
        except OSError as error:
            raise SetupError(
                f"cannot write {self._log} ({error.strerror}): choose another folder with --home"
            ) from None

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "reachy_mini_ros.simulation.daemon_launcher", str(os.getpid())),
            *_ARGUMENTS[self._backend],
            *("--no-media", "--no-wake-up-on-start", "--no-goto-sleep-on-stop"),
            *("--dataset-update-interval", "0"),
            *("--fastapi-host", "127.0.0.1", "--fastapi-port", str(self._port)),
            *("--robot-name", self._name, "--log-level", "WARNING"),
        ]

    def _environment(self) -> dict[str, str]:
        # Its settings and caches are to be found under its home, not where the user's are.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HF_", "XDG_", "REACHY_"))
        }
        environment |= {
            "HOME": str(self._home),
            "REACHY_MINI_TELEMETRY": "0",
            "DO_NOT_TRACK": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_OFFLINE": "1",
        }
        environment.setdefault("MUJOCO_GL", "disable")
        return environment

    def _kill_session(self) -> None:
        """Leave nothing behind of what the daemon may have started itself."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SetupError(
                f"cannot listen on 127.0.0.1:{port} ({error.strerror}): end the program that "
                "uses the port, or choose another with --port"
            ) from None
