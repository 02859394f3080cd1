# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What one viewer or listener has not been sent yet."""

import asyncio
from collections import deque
from collections.abc import Callable

Part = dict[str, object] | bytes
"""A text, as JSON, or a piece of what there is to see or to hear."""


class Outbox:
    """Parts in their order; who adds them sees to it that they do not become too many.

    Where none comes for ``silent_s``, the reason is told, once.
    """

    def __init__(self, silent_s: float, reason: Callable[[], str]) -> None:
        self._silent_s = silent_s
        self._reason = reason
        self._parts: deque[Part] = deque()
        self._told: str | None = None
        self._ready = asyncio.Event()
        self._ended = False

    def __len__(self) -> int:
        return len(self._parts)

    def put(self, part: Part) -> None:
        """Have a part sent."""
        self._told = None
        self._parts.append(part)
        self._ready.set()

    def tell(self, reason: str) -> None:
        """Have it told why nothing comes, unless that was the last thing."""
        if self._told != reason:
            self.put({"waiting": reason})
            self._told = reason

    def drop(self) -> list[Part]:
        """Return what was not sent, and forget it."""
        dropped = [*self._parts]
        self._parts.clear()
        return dropped

    def end(self) -> None:
        """Let :meth:`next` return nothing, from now on."""
        self._ended = True
        self._ready.set()

    async def next(self) -> tuple[Part, ...]:
        """Return what is to be sent, at least one part; nothing at the end."""
        while not self._parts and not self._ended:
            self._ready.clear()
            try:
                async with asyncio.timeout(None if self._told else self._silent_s):
                    await self._ready.wait()
            except TimeoutError:
                self.tell(self._reason())
        if self._ended:
            return ()
        parts = tuple(self._parts)
        self._parts.clear()
        return parts
