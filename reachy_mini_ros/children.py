# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Child processes of a program that starts several: watched, ended in order, never left behind.

``python -m reachy_mini_ros.children PARENT_PID MODULE [arguments]`` runs a module as such a child.
"""

import asyncio
import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from reachy_mini_ros.signals import SIGNALS, ignore_signals

END_TIMEOUT_S = 15.0
"""A child that has not ended so long after it was asked to is killed."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True)
class Child:
    """A module to run, by a name for people."""

    name: str
    module: str
    arguments: Sequence[str]


def run(groups: Sequence[Sequence[Child]], on_end: Callable[[Child, str, int], bool]) -> int:
    """Run children until SIGINT or SIGTERM; return the exit code.

    Those of a group end before those of the groups ahead of it. ``on_end`` hears of a child that
    ended by itself, how it did in words, and how many still run; False from it ends all, with 1.
    So does the end of the last one.
    """
    return asyncio.run(_Family(on_end).run(groups))


def end_with(parent: int, number: signal.Signals) -> None:
    """Have the kernel send a signal to this process when its parent ends, even if killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died before the call
        sys.exit(1)


class _Family:
    def __init__(self, on_end: Callable[[Child, str, int], bool]) -> None:
        self._on_end = on_end
        self._running: list[dict[asyncio.Task[int], asyncio.subprocess.Process]] = []

    async def run(self, groups: Sequence[Sequence[Child]]) -> int:
        loop = asyncio.get_running_loop()
        asked: asyncio.Future[None] = loop.create_future()

        def on_signal(signum: int, frame: FrameType | None) -> None:
            ignore_signals()  # once: the end must not be interrupted
            loop.call_soon_threadsafe(asked.set_result, None)

        # Not the loop's own handlers: it takes them away when it closes, before the process ends.
        for number in SIGNALS:
            signal.signal(number, on_signal)
        children: dict[asyncio.Future[int], Child] = {}
        try:
            for group in groups:
                started: dict[asyncio.Task[int], asyncio.subprocess.Process] = {}
                self._running.append(started)
                for child in group:
                    process = await _start(child)
                    waiting = asyncio.ensure_future(process.wait())
                    started[waiting] = process
                    children[waiting] = child
            return await self._watch(children, asked)
        finally:
            ignore_signals()
            for started in reversed(self._running):
                await _end(started)

    async def _watch(
        self, children: dict[asyncio.Future[int], Child], asked: asyncio.Future[None]
    ) -> int:
        while children and not asked.done():
            ends: list[asyncio.Future[Any]] = [asked, *children]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for waiting in [one for one in children if one.done()]:
                child = children.pop(waiting)
                goes_on = self._on_end(child, _how(waiting.result()), len(children))
                if not goes_on and not asked.done():
                    return 1
        return 0 if asked.done() else 1


async def _start(child: Child) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, str(os.getpid()), child.module, *child.arguments),
        stdin=asyncio.subprocess.DEVNULL,
        # Ctrl-C in a terminal must reach the children through us alone, in order.
        start_new_session=True,
    )


async def _end(started: dict[asyncio.Task[int], asyncio.subprocess.Process]) -> None:
    """Ask all of a group to end, and wait until they have; kill those that do not."""
    waiting = {task: process for task, process in started.items() if not task.done()}
    # Not SIGINT, of which Python tells with a trace where it comes before a program has begun.
    for number in (signal.SIGCONT, signal.SIGTERM):
        for process in waiting.values():
            with suppress(ProcessLookupError):
                process.send_signal(number)
    if not waiting:
        return
    _, late = await asyncio.wait(waiting, timeout=END_TIMEOUT_S)
    for task in late:
        with suppress(ProcessLookupError):
            os.killpg(waiting[task].pid, signal.SIGKILL)
    await asyncio.gather(*waiting)


def _how(status: int) -> str:
    if status < 0:
        return f"was ended by signal {signal.Signals(-status).name}"
    return f"ended with status {status}"


def main() -> None:
    """Run a module as a child."""
    parent, module = int(sys.argv[1]), sys.argv[2]
    end_with(parent, signal.SIGTERM)
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
