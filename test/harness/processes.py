# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Child processes with their output kept, ended by PID when the test is over."""

import contextlib
import functools
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, ClassVar, Self

from harness.template import Copy, template
from harness.waiting import patience, wait_for

PORTS = 200
"""That each ROS domain has to itself, and so each process of the tests, from 10,000 on.

Below those that the kernel gives to clients: one of these may be taken when a server comes to it.
"""
_numbers = itertools.cycle(range(PORTS))
_WITHOUT = """
import runpy, sys
sys.modules[sys.argv.pop(1)] = None
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def free_port() -> int:
    """Return a TCP port on loopback that nothing listens on; none twice for a long time."""
    first = 10_000 + PORTS * int(os.environ.get("ROS_DOMAIN_ID", "0"))
    for number in itertools.islice(_numbers, PORTS):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", first + number))
            return first + number
    raise AssertionError(f"all ports from {first} on are in use")


Process = subprocess.Popen[bytes] | Copy


class Child:
    """One child process; its stdout and stderr go to one file."""

    def __init__(self, process: Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.takes_leave = True
        """Whether it is asked to end, as nodes are for the sake of others, or killed at once."""

    @property
    def pid(self) -> int:
        return self.process.pid

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for_output(self, text: str, timeout_s: float = 20.0) -> str:
        """Return the first line with ``text`` in it; fail early if the process ends without."""

        def line() -> str:
            # Of a line that is just being written there may be a part only.
            whole = self.output().rpartition("\n")[0]
            found = next((line for line in whole.splitlines() if text in line), "")
            if not found and self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.output()}")
            return found

        return wait_for(line, timeout_s, lambda: f"'{text}' in\n{self.output()}")

    def wait_first_line(self) -> None:
        """Return at a program's first line: Python caught SIGINT, and does no more."""
        wait_for(self.catches_interrupt, 10, "Python")
        wait_for(lambda: not self.catches_interrupt(), 10, "the first line")

    def catches_interrupt(self) -> bool:
        """Tell whether the process has a handler of SIGINT."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        caught = int(status.split("SigCgt:", 1)[1].split()[0], 16)
        return bool(caught & 1 << (signal.SIGINT - 1))

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGINT, timeout_s: float = 10.0) -> int:
        """Ask the process to end and return its exit code; kill it if it does not."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.wait(timeout_s)
        except AssertionError as late:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{late}, {number.name}:\n{self.output()}") from None

    def stop_cleanly(self, number: signal.Signals = signal.SIGINT) -> None:
        """Ask the process to end, and check that it does with 0 and leaves nothing behind."""
        code = self.stop(number)
        output = self.output()
        assert code == 0, f"{code}: {output}"
        for sign in ("Traceback", "never awaited", "never retrieved", "was destroyed", "unclosed"):
            assert sign not in output, output

    def wait(self, timeout_s: float = 20.0) -> int:
        """Return the exit code of a process that ends by itself."""
        wait_for(lambda: self.process.poll() is not None, timeout_s, "the process to end")
        return int(self.process.returncode)

    def wait_failed(self, timeout_s: float = 20.0) -> str:
        """Return the one line with which a process ends that cannot start, with 1."""
        assert self.wait(timeout_s) == 1, self.output()
        said = [line for line in self.output().splitlines() if line]
        assert len(said) == 1, self.output()
        return said[0]


class Processes:
    """The child processes of one test module."""

    copies: ClassVar[bool] = False
    """Whether nodes and simulations are copies of templates; tests have them, measurements not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGCONT)
                child.process.send_signal(signal.SIGTERM if child.takes_leave else signal.SIGKILL)
        for child in self._children:
            try:
                child.process.wait(patience(10))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()

    def start(self, *arguments: str, env: dict[str, str] | None = None) -> Child:
        """Start a program."""
        return self._start(
            lambda output, environment: subprocess.Popen(
                # Ends with the tests even if those are killed.
                ["setpriv", "--pdeathsig=TERM", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**environment, **(env or {})},
            )
        )

    def start_module(
        self, module: str, *arguments: str, env: dict[str, str] | None = None
    ) -> Child:
        """Start ``python -m module`` with this interpreter."""
        return self.start(sys.executable, "-m", module, *arguments, env=env)

    def start_copy(self, program: str, module: str, *arguments: str) -> Child:
        """Start a module by the template of a program, see :data:`template.IMPORTS`."""
        if not self.copies:
            return self.start_module(module, *arguments)
        return self._start(functools.partial(template(program).start, [module, *arguments]))

    def _start(self, start: Callable[[BinaryIO, dict[str, str]], Process]) -> Child:
        log = self._folder / f"{len(self._children)}.log"
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        with log.open("wb") as output:
            process = start(output, {**os.environ, "HOME": str(home), "PYTHONUNBUFFERED": "1"})
        self._children.append(Child(process, log))
        return self._children[-1]

    def start_node(
        self,
        node: str,
        *,
        namespace: str = "/reachy_mini",
        options: Sequence[str] = (),
        env: dict[str, str] | None = None,
        without: str = "",
        **parameters: object,
    ) -> Child:
        """Start one of the package's nodes: ``camera``, ``control``, ``dashboard``, ``bringup``.

        A dot in a parameter's name is written as two underscores. The node cannot import the
        package ``without``.
        """
        arguments = [*options, "--ros-args", "-r", f"__ns:={namespace}"]
        for name, value in parameters.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            arguments += ["-p", f"{name.replace('__', '.')}:={text}"]
        module = node_module(node)
        if without:
            return self.start(sys.executable, "-c", _WITHOUT, without, *module, *arguments, env=env)
        if env:
            return self.start_module(*module, *arguments, env=env)
        return self.start_copy("nodes", *module, *arguments)


def node_module(node: str) -> list[str]:
    """Return the module that runs a node, and its first arguments; ``bringup`` has its own."""
    return (
        ["reachy_mini_ros.nodes.bringup"] if node == "bringup" else ["reachy_mini_ros.nodes", node]
    )
