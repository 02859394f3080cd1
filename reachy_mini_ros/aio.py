# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The asyncio loop that does all waiting, in a thread beside the ROS executor."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class LoopThread:
    """An asyncio event loop in a thread of its own; one per process serves every node in it."""

    def __init__(self, name: str = "io") -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

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
        """Run a coroutine on the loop; cancelling the future cancels the coroutine."""
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


class Switch:
    """Runs a coroutine while it is on; everything here belongs to one event loop."""

    def __init__(
        self,
        run: Callable[[], Coroutine[Any, Any, None]],
        on_failure: Callable[[BaseException], object],
    ) -> None:
        """``run`` makes the coroutine, which is cancelled to end it; it may only fail by a bug."""
        self._run = run
        self._on_failure = on_failure
        self._task: asyncio.Task[None] | None = None
        self._one = asyncio.Lock()

    def turn_on(self) -> None:
        """Begin, once what was turned off before has ended."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._alone())
            self._task.add_done_callback(self._done)

    async def turn_off(self) -> None:
        """End, and return when that is done."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        async with self._one:
            pass

    async def _alone(self) -> None:
        async with self._one:
            await self._run()

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(error)
