# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether somebody looks: what makes a source run on demand only."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interest:
    """Counts who looks and tells the source each change once; used on the loop's thread.

    The end is told ``linger_s`` after the last one left, so that a page that loads again, or
    one that asks now and then, does not switch the source off and on.
    """

    def __init__(self, on_change: Callable[[bool], None], linger_s: float) -> None:
        self._on_change = on_change
        self._linger_s = linger_s
        self._count = 0
        self._wanted = False
        self._until_s = 0.0
        """It does not end before, on the loop's clock."""
        self._end: asyncio.TimerHandle | None = None

    @property
    def count(self) -> int:
        """How many look at the moment."""
        return self._count

    @contextmanager
    def held(self) -> Iterator[None]:
        """Look for as long as the block runs."""
        self._count += 1
        if self._end is not None:
            self._end.cancel()
            self._end = None
        if not self._wanted:
            self._wanted = True
            self._on_change(True)
        try:
            yield
        finally:
            self._count -= 1
            if self._count == 0:
                loop = asyncio.get_running_loop()
                end_s = max(loop.time() + self._linger_s, self._until_s)
                self._end = loop.call_at(end_s, self.drop)

    def touch(self, for_s: float = 0.0) -> None:
        """Look for ``linger_s`` from now, or for longer."""
        self._until_s = max(self._until_s, asyncio.get_running_loop().time() + for_s)
        with self.held():
            pass

    def drop(self) -> None:
        """Tell the end now, without waiting."""
        if self._end is not None:
            self._end.cancel()
            self._end = None
        self._until_s = 0.0
        if self._wanted:
            self._wanted = False
            self._on_change(False)
