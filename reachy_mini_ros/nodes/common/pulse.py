# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sees that a process of nodes stands still, and ends it: whatever waits for ever waits in silence.

Seen in a run of an hour with subscribers that were killed (-9): two nodes did no more, for half an
hour and longer, and said nothing. What held them is prevented since (docs/soak.md).
"""

import contextlib
import faulthandler
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from reachy_mini_ros.nodes.common import watcher

HANGS_S = 30.0
"""No callback and nothing on the loop takes nearly as long."""
Beat = Callable[[Callable[[], None]], object]
"""Has a function called by a thread, soon."""


class Pulse:
    """Asks threads for an answer, again and again, while it is entered.

    A process beside sees whether even that has stopped, see :mod:`watcher`.
    """

    def __init__(self, program: str, threads: Mapping[str, Beat], period_s: float) -> None:
        """``threads`` go by their names; :meth:`look` is called every ``period_s``."""
        self._program = program
        self._threads = threads
        self._most = round(HANGS_S / period_s)
        self._missed = dict.fromkeys(threads, 0)
        self._asked: set[str] = set()

    def __enter__(self) -> Self:
        faulthandler.enable()
        arguments = (self._program, str(HANGS_S))
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", watcher.__file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            process_group=0,  # Ctrl-C is none of its own, least of all before it ignores it
        )
        assert self._watcher.stdin is not None
        self._sign = self._watcher.stdin.fileno()
        os.set_blocking(self._sign, False)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watcher.kill()  # it would not see the end of its input while it is stopped
        self._watcher.communicate()

    def look(self) -> None:
        """Ask those that have answered; end the process, with 1, if one has not for long.

        That is counted in calls, not in seconds: a process that was stopped has missed none.
        """
        with contextlib.suppress(OSError):  # the watcher was killed, or has itself stopped
            os.write(self._sign, b".")
        for name, call in self._threads.items():
            if name in self._asked:
                self._missed[name] += 1
                if self._missed[name] >= self._most:
                    self._end(name)
            else:
                self._asked.add(name)
                self._missed[name] = 0
                call(lambda name=name: self._asked.discard(name))  # type: ignore[misc]

    def _end(self, name: str) -> None:
        """Say where it stands, and end: nothing of it could be closed."""
        where = f"thread {name} has stood still for {HANGS_S:.0f} s{_place(name)}"
        text = f"{self._program}: hangs and ends, to be started anew: {where}"
        print(text, file=sys.stderr, flush=True)
        os._exit(1)


def _place(name: str) -> str:
    """Return in which line of Python a thread is, in words."""
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if thread.name == name and thread.ident in frames:
            frame = frames[thread.ident]
            path = "/".join(frame.f_code.co_filename.split("/")[-2:])
            return f", in {frame.f_code.co_name} ({path}:{frame.f_lineno})"
    return ""
