# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The asyncio loop that does all waiting, and the supervisor of all that runs for long."""

import asyncio
import logging
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.texts import shown

T = TypeVar("T")

MENDED_AFTER_S = 5.0
"""A part that ran for so long works again."""
MOST_IN_A_ROW = 8
"""So many failures of a part without that, and it is given up: after about 20 s."""

_log = logging.getLogger("reachy_mini_ros")


class Supervisor:
    """Sees to it that nothing of a node, or of another program, ends in silence.

    A *part* is what runs for long (a task, a thread) or again and again (a callback), by its name.
    Errors raised on purpose are for whoever asked. Any other exception of a part is a bug: it is
    logged, with its trace when it is new, and stands in :attr:`failures` until the part works.
    Everything here may be called from any thread, except :meth:`keep`, which belongs to a loop.
    """

    def __init__(
        self,
        log: Callable[[str], object] = _log.error,
        on_given_up: Callable[[str], object] | None = None,
    ) -> None:
        """``on_given_up`` hears, in one line, of a part without which the program must not go on.

        Without it, such a part is tried again for ever.
        """
        self._log = log
        self._on_given_up = on_given_up
        self._failures: dict[str, str] = {}
        self._traced: set[str] = set()

    @property
    def failures(self) -> tuple[str, ...]:
        """Return one line for each part that does not work now."""
        return tuple(f"{part}: {text}" for part, text in tuple(self._failures.items()))

    async def keep(self, part: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``work()``, anew with back-off whenever it fails; return when it does.

        Returns also when it failed :data:`MOST_IN_A_ROW` times, and that was told.
        """
        backoff, in_a_row = Backoff(initial_s=0.1, cap_s=5.0), 0
        while True:
            began_s = time.monotonic()
            works = asyncio.get_running_loop().call_later(MENDED_AFTER_S, self.works, part)
            try:
                await work()
                self.works(part)
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the part goes on
                if time.monotonic() - began_s > MENDED_AFTER_S:
                    backoff.reset()
                    in_a_row = 0
                in_a_row += 1
                self.failed(part, error)
                if in_a_row >= MOST_IN_A_ROW and self._on_given_up is not None:
                    text = f"{part} failed {in_a_row} times in a row: {summary(error)}"
                    self._on_given_up(text)
                    return
            finally:
                works.cancel()
            await asyncio.sleep(backoff.pause_s())

    @contextmanager
    def guard(self, part: str) -> Iterator[None]:
        """Let no exception out of a callback, or out of one step of a thread."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the next one may work
            self.failed(part, error)
        else:
            self.works(part)

    def failed(self, part: str, error: BaseException) -> None:
        """Take note of the failure of a part."""
        text = summary(error)
        known = self._failures.get(part)
        self._failures[part] = text
        key = f"{part}: {text}"
        if key not in self._traced:
            self._traced.add(key)
            trace = "".join(traceback.format_exception(error)).rstrip()
            self._log(f"{key} (a bug, please report it)\n{trace}")
        elif known != text:
            self._log(f"{key} (again)")

    def works(self, part: str) -> None:
        """Take note that a part works, again or still."""
        if self._failures:  # the rule is that there are none
            self._failures.pop(part, None)


def summary(error: BaseException) -> str:
    """Return an exception in one line of bounded length; a group of one is that one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return shown(str(error) if isinstance(error, ReachyMiniRosError) else repr(error))


class Tasks:
    """The tasks of one node, or of another program, on an event loop, where all this belongs."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._running: set[asyncio.Task[None]] = set()

    def keep(self, part: str, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """Run a part until :meth:`end` cancels it, anew whenever it fails."""
        return self._track(self._supervisor.keep(part, work))

    def start(self, part: str, coroutine: Coroutine[Any, Any, object]) -> asyncio.Task[None]:
        """Run ``coroutine`` once, for nobody who would hear of its failure."""

        async def run() -> None:
            try:
                await coroutine
            except Exception as error:  # noqa: BLE001 - nobody else would hear of it
                self._supervisor.failed(part, error)
            else:
                self._supervisor.works(part)

        return self._track(run())

    async def end(self) -> None:
        """Cancel what runs, and wait for its clean-up."""
        tasks = tuple(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _track(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


class LoopThread:
    """An asyncio event loop in a thread of its own; one per process serves every node in it.

    ``on_failure`` hears of exceptions that nobody else would: those of plain functions that were
    called on the loop, and of tasks that nobody waited for.
    """

    def __init__(self, name: str = "io", on_failure: Callable[..., object] | None = None) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._on_failure = on_failure or Supervisor().failed
        self.loop.set_exception_handler(self._on_exception)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop for somebody who takes the result.

        Cancelling the future cancels the coroutine. What nobody waits for is for :class:`Tasks`.
        """
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Call a plain function on the loop, soon; nothing happens once the loop is closed."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(function, *args)

    def close(self) -> None:
        """Cancel what still runs, wait for its clean-up, and end the thread."""
        if self.loop.is_closed():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        # Clean-up may begin tasks of its own.
        while tasks := asyncio.all_tasks(self.loop):
            for task in tasks:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())

    def _on_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None:  # asyncio's own remark
            _log.error(context["message"])
        else:
            self._on_failure("event loop", error)


class Switch:
    """Runs a coroutine while that is wanted: one task follows the newest wish.

    Everything here belongs to one event loop; from other threads ``io.call(switch.want, True)``.
    """

    def __init__(
        self,
        run: Callable[[], Coroutine[Any, Any, None]],
        on_failure: Callable[[BaseException], object] | None = None,
    ) -> None:
        """``run`` makes the coroutine, which is cancelled to end it.

        What can fail and is to go on is run by a :class:`Supervisor`; else ``on_failure`` hears
        of the failure, and the switch is off then.
        """
        self._run = run
        self._on_failure = on_failure
        self._wanted = False
        self._changed = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    def want(self, wanted: bool) -> None:
        """Have it run, or not, from as soon as possible on."""
        self._wanted = wanted
        self._changed.set()
        if wanted and self._following is None:
            self._following = asyncio.ensure_future(self._follow())

    async def close(self) -> None:
        """Want it no more, and return when it has ended."""
        self.want(False)
        if self._following is not None:
            await asyncio.wait([self._following])

    async def _follow(self) -> None:
        try:
            while self._wanted:
                await self._run_while_wanted()
        finally:
            self._following = None

    async def _run_while_wanted(self) -> None:
        task = asyncio.ensure_future(self._run())
        task.add_done_callback(lambda _: self._changed.set())
        try:
            while self._wanted and not task.done():
                self._changed.clear()
                await self._changed.wait()
        finally:
            task.cancel()
            await asyncio.wait([task])
        if task.cancelled():
            return
        self._wanted = False  # it ended by itself
        if (error := task.exception()) is not None:
            if self._on_failure is None:
                raise error
            self._on_failure(error)
