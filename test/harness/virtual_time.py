# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time that does not pass by itself: timing judged without waiting."""

import asyncio
import selectors
from collections.abc import Callable


class Clock:
    """Time that passes when a test says so; unix time or monotonic."""

    def __init__(self, now_s: float = 1_700_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that begins at 0 s, and whose time jumps to what is due next."""

    def __init__(self) -> None:
        self.now_s = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now_s

    def run(self, until_s: float, begin: Callable[[], object]) -> None:
        """Call ``begin`` on the loop, and let the loop run until a time."""
        try:
            self.call_soon(begin)
            self.call_at(until_s, self.stop)
            self.run_forever()
        finally:
            self.close()


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.now_s += max(timeout or 0.0, 0.0)
        return super().select(0)
