# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Waiting, with deadlines that are as long as the machine is slow.

Tests name the times that are enough on an idle machine of two cores. Whatever waits, here or in a
library, is given :func:`patience`: a busy or a small machine changes how long a test takes, not
what it finds. How slow the machine is is measured with the run, see :mod:`harness.pace`.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

import pytest

T = TypeVar("T")

READY_S = 3.0
"""From the start of a simulated robot until it is ready, on an idle machine of two cores."""
NEWEST_S = 60.0
"""What was measured longer ago than this counts only where nothing is newer."""
SLOWEST = 15.0
"""A machine that is slower by more than this is not waited for."""
PACE = "REACHY_MINI_TESTS_PACE"
"""Names the file of all measurements of this run: a line with when (monotonic s) and how long."""


def begin_pace(file: Path) -> None:
    """Begin to measure: the first robot starts now, and until it is ready it takes longer yet."""
    file.write_text(f"{time.monotonic()} 0\n")
    os.environ[PACE] = str(file)


def add_pace(ready_s: float) -> None:
    """Take how long a simulated robot took to be ready."""
    if PACE in os.environ:
        with Path(os.environ[PACE]).open("a") as file:
            file.write(f"{time.monotonic()} {ready_s}\n")


def slowness() -> float:
    """Return how many times longer things take now than on an idle machine, 1 to SLOWEST.

    The larger of two: what simulated robots took to be ready in the last minute, and how many
    tasks wanted to run on each core.
    """
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(max(1.0, load, _newest_ready_s() / READY_S), SLOWEST)


def _newest_ready_s() -> float:
    if PACE not in os.environ:
        return 0.0
    now_s = time.monotonic()
    lines = Path(os.environ[PACE]).read_text().splitlines()
    begun, *measured = [tuple(map(float, line.split())) for line in lines]
    if not measured:
        return now_s - begun[0]
    newest = [took_s for at_s, took_s in measured if now_s - at_s < NEWEST_S]
    return max(newest, default=measured[-1][1])


def patience(timeout_s: float) -> float:
    """Return how long to wait now for what takes ``timeout_s`` at most on an idle machine."""
    return timeout_s * slowness()


def too_late(timeout_s: float, what: object) -> AssertionError:
    """Return the failure of what did not come in time, which tells how slow the machine is."""
    factor = slowness()
    if factor < 1.05:
        return AssertionError(f"not within {timeout_s:g} s: {what}")
    slow = f"{factor:.1f} times that, as the machine is so much slower than an idle one"
    if factor >= SLOWEST:
        slow += ": the machine is too slow for this"
    return AssertionError(f"not within {timeout_s:g} s, nor within {slow}: {what}")


def too_slow(what: str) -> NoReturn:
    """Skip the test, which is about rates that the machine does not reach, as ``what`` shows."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "this").partition(" ")[0]
    pytest.skip(f"the machine is too slow for {test}: {what}")


def wait_for(
    condition: Callable[[], T], timeout_s: float = 10.0, what: str | Callable[[], str] = ""
) -> T:
    """Poll until ``condition`` returns something true, and return it; fail at the deadline.

    ``what`` is waited for, in words; a function of it is called at the deadline.
    """
    begun_s = time.monotonic()
    deadline_s = begun_s + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline_s:
            # Asked for only now, when it shows how slow the machine was meanwhile.
            deadline_s = max(deadline_s, begun_s + patience(timeout_s))
            if time.monotonic() > deadline_s:
                raise too_late(timeout_s, (what() if callable(what) else what) or condition)
        time.sleep(0.005)
    return value


async def until(condition: Callable[[], T], timeout_s: float = 10.0, what: str = "") -> T:
    """Do the same on an event loop, which goes on meanwhile."""
    begun_s = time.monotonic()
    while not (value := condition()):
        if time.monotonic() > begun_s + patience(timeout_s):
            raise too_late(timeout_s, what or condition)
        await asyncio.sleep(0.005)
    return value


class Awaited(Generic[T]):
    """A future of another thread, waited for with patience."""

    def __init__(self, future: Future[T]) -> None:
        self._future = future
        self.done = future.done
        self.cancel = future.cancel

    def result(self, timeout_s: float) -> T:
        """Return the result or raise what was raised; fail at the deadline."""
        wait_for(self.done, timeout_s, "the result")
        return self._future.result()

    def exception(self, timeout_s: float) -> BaseException | None:
        """Return what was raised, None for nothing; fail at the deadline."""
        wait_for(self.done, timeout_s, "the end")
        return self._future.exception()
