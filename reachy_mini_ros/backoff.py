# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Growing, jittered pauses between attempts to reconnect."""

import random
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Pauses that double from ``initial_s`` up to ``cap_s``, each shortened by up to ``jitter``.

    The jitter keeps several clients of one robot from knocking in step.
    """

    initial_s: float = 0.1
    cap_s: float = 1.0
    jitter: float = 0.3
    _next_s: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start again from the shortest pause, after a success."""
        self._next_s = self.initial_s

    def pause_s(self) -> float:
        """Return the pause before the next attempt, in seconds."""
        pause_s = self._next_s * (1.0 - self.jitter * random.random())
        self._next_s = min(self.cap_s, self._next_s * 2.0)
        return pause_s
