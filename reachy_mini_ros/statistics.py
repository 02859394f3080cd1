# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rates and percentiles over the last seconds, for diagnostics."""

import time
from collections import deque
from collections.abc import Callable


class Window:
    """Values of the last ``span_s`` seconds; cheap to add to, from any one thread."""

    def __init__(self, span_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._span_s = span_s
        self._clock = clock
        self._samples: deque[tuple[float, float]] = deque(maxlen=4096)

    def add(self, value: float = 0.0) -> None:
        """Note one event and its value."""
        self._samples.append((self._clock(), value))

    def rate_hz(self) -> float:
        """Return events per second; 0 with fewer than two in the window."""
        samples = self._recent()
        if len(samples) < 2:
            return 0.0
        return (len(samples) - 1) / max(samples[-1][0] - samples[0][0], 1e-9)

    def percentile(self, percent: float) -> float | None:
        """Return the nearest-rank percentile of the values, None with none in the window."""
        values = sorted(value for _, value in self._recent())
        if not values:
            return None
        return values[min(len(values) - 1, int(len(values) * percent / 100.0))]

    def _recent(self) -> list[tuple[float, float]]:
        oldest = self._clock() - self._span_s
        return [sample for sample in tuple(self._samples) if sample[0] >= oldest]
