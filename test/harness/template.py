# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Starts programs as copies of a Python that has already imported what they import.

That is half of what it costs to start a node, and the tests start hundreds. A copy runs what
``python -m MODULE`` runs; only its command line is the template's. Tests that are about the start
itself start the program.

python -m harness.template SOCKET MODULE...
"""

import atexit
import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import re
import runpy
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from harness.python_path import TEST, python_path

NODES = ("control", "camera", "audio", "dashboard", "stream")
IMPORTS = {
    "nodes": [
        *("reachy_mini_ros.command_line", "reachy_mini_ros.nodes.common.runtime"),
        *(f"reachy_mini_ros.nodes.{name}.node" for name in NODES),
    ],
    "simulation": ["reachy_mini_ros.simulation.options", "reachy_mini_ros.simulation.robot"],
}
"""What programs import when they know what to do."""
PACKET = 1 << 17
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Copy:
    """A program in a copy: as far as tests use it, what subprocess.Popen is."""

    def __init__(self, status: BinaryIO) -> None:
        self._status = status
        self.pid = int(status.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._code(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code; raises subprocess.TimeoutExpired after seconds."""
        code = self._code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"copy {self.pid}", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it the hard way."""
        self.send_signal(signal.SIGKILL)

    def _code(self, timeout_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout_s)[0]:
            with self._status:
                # Nothing if the template has ended, and all copies with it.
                self.returncode = int(self._status.readline() or -signal.SIGTERM)
        return self.returncode


class Template:
    """The process of which copies are made."""

    def __init__(self, modules: list[str]) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig=KILL", sys.executable, "-m", __name__),
                    *(str(theirs.fileno()), *modules),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={
                    **os.environ,
                    **python_path(TEST),
                    "PYTHONUNBUFFERED": "1",
                    "HOME": "/nonexistent",  # no module may look for it as it is imported
                },
            )
        atexit.register(self.close)

    def start(self, arguments: list[str], log: BinaryIO, environment: dict[str, str]) -> Copy:
        """Start a module with its arguments; what it writes goes to a file."""
        order = json.dumps([arguments, str(Path.cwd()), environment]).encode()
        reader, writer = os.pipe()
        socket.send_fds(self._orders, [order], [log.fileno(), writer])
        os.close(writer)
        return Copy(os.fdopen(reader, "rb", buffering=0))

    def close(self) -> None:
        """End it, and with it those copies that still run."""
        self._orders.close()
        self._process.wait()


@functools.cache
def template(program: str) -> Template:
    """Return this process's template, which is started when it is first asked for."""
    return Template(IMPORTS[program])


def serve(orders: socket.socket) -> list[str]:
    """Make copies until nobody can order one; in each return the program's arguments."""
    running: dict[int, tuple[int, int]] = {}
    """PID and who is told of its end, by what is readable when it ends."""
    while True:
        readable = select.select([orders.fileno(), *running], [], [])[0]
        for ended in running.keys() & set(readable):
            pid, status = running.pop(ended)
            _tell(status, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            _close(ended, status)
        if orders.fileno() in readable:
            message, descriptors, _, _ = socket.recv_fds(orders, PACKET, 2)
            if not message:
                sys.exit()
            log, status = descriptors
            if pid := os.fork():
                _tell(status, pid)
                running[os.pidfd_open(pid)] = pid, status
                _close(log)
            else:
                orders.close()
                _close(status, *running, *(other for _, other in running.values()))
                arguments, folder, environment = json.loads(message)
                _become(folder, environment, log)
                return list(arguments)


def _tell(status: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(status, b"%d\n" % number)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _become(folder: str, environment: dict[str, str], log: int) -> None:
    """Be like a process that has just been started, and that ends with its parent."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(folder)
    sys.path[0] = folder
    os.environ.clear()
    os.environ.update(environment)


def _tell_lttng() -> None:
    """Have LTTng, if rclpy loaded it, told of forks: at its end it looks for threads of its own.

    Called is what its preloaded library calls, see "Daemons" in lttng-ust(3).
    """
    mapped = Path("/proc/self/maps").read_text()
    for path in set(re.findall(r"/\S+/liblttng-ust(?:-[0-9a-f]+)?\.so\S*", mapped)):
        library, signals = ctypes.CDLL(path), ctypes.create_string_buffer(128)  # a sigset_t
        prefix = "lttng_ust" if hasattr(library, "lttng_ust_before_fork") else "ust"  # until 2.12
        before, in_parent, in_child = (
            functools.partial(library[f"{prefix}_{name}"], signals)
            for name in ("before_fork", "after_fork_parent", "after_fork_child")
        )
        os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of Ctrl-C, which those hear who order
    for module in sys.argv[2:]:
        importlib.import_module(module)
    _tell_lttng()
    gc.freeze()  # so that copies share it
    # A copy ends like any program: it does nothing after what follows.
    sys.argv = serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
