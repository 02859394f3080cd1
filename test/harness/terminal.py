# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A program in a terminal of its own, where Ctrl-C reaches it and all that it started."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.waiting import patience

CTRL_C = b"\x03"


class Terminal:
    """Runs a program; it is killed at the end if it is still there."""

    def __init__(self, *command: str, cwd: Path, env: dict[str, str] | None = None) -> None:
        self._master, slave = os.openpty()
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            preexec_fn=lambda: os.login_tty(slave),
        )
        os.close(slave)
        self.output = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, keys: bytes) -> None:
        """Press keys, if anybody is there."""
        if self.process.poll() is None:
            os.write(self._master, keys)

    def read_until(self, text: str) -> str:
        """Return all that was written so far once ``text`` is in it."""
        while text not in self.output:
            assert self._read(), self.output
        return self.output

    def read_all(self) -> str:
        """Return all that was written once the last process with the terminal has ended."""
        while self._read():
            pass
        return self.output

    def wait(self) -> int:
        """Return the exit code of a program that ends by itself."""
        return self.process.wait(patience(20))

    def _read(self) -> bool:
        """Return whether there was more to read."""
        readable = select.select([self._master], [], [], 20)[0]
        if not readable:  # asked for only now, when it shows how slow the machine is
            readable = select.select([self._master], [], [], patience(20) - 20)[0]
        assert readable, f"nothing more within {patience(20):.0f} s:\n{self.output}"
        try:
            self.output += os.read(self._master, 4096).decode(errors="replace")
        except OSError:  # nobody has the terminal any more
            return False
        return True
