# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How loud sound is, and whether something is to be heard: energy, no recognition of speech."""

import math

import numpy as np
from numpy.typing import NDArray

SILENCE_DBFS = -100.0
"""The lowest level that is told; digital silence has none."""
HYSTERESIS_DB = 6.0
ATTACK_S = 0.06
"""A click that is shorter is no activity."""
RELEASE_S = 0.3
"""A pause that is shorter does not end it."""


def power(samples: NDArray[np.int16]) -> float:
    """Return the mean square of samples, full scale being 1."""
    flat = samples.reshape(-1).astype(np.float64)
    return float(flat @ flat) / (max(flat.size, 1) * 32768.0**2)


def level_dbfs(mean_square: float) -> float:
    """Return the RMS level; a full-scale sine has -3.0 (0 dBFS is a full-scale square)."""
    return max(SILENCE_DBFS, 10.0 * math.log10(max(mean_square, 1e-12)))


class Meter:
    """Averages the power of ``count`` pieces at a time."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._powers: list[float] = []

    def add(self, mean_square: float) -> float | None:
        """Take the next piece; return the level in dBFS when ``count`` are together."""
        self._powers.append(mean_square)
        if len(self._powers) < self._count:
            return None
        average = sum(self._powers) / self._count
        self._powers.clear()
        return level_dbfs(average)


class Activity:
    """Whether something is heard: above the threshold for ATTACK_S begins it.

    It ends when the level has stayed more than HYSTERESIS_DB below the threshold for RELEASE_S.
    """

    def __init__(self, threshold_dbfs: float) -> None:
        self.threshold_dbfs = threshold_dbfs
        self.active = False
        self._for_s = 0.0
        """For how long the level has been on the other side."""

    def add(self, level: float, duration_s: float) -> bool:
        """Take the level of the next piece; return whether :attr:`active` changed."""
        if self.active:
            crossed, needed_s = level < self.threshold_dbfs - HYSTERESIS_DB, RELEASE_S
        else:
            crossed, needed_s = level > self.threshold_dbfs, ATTACK_S
        self._for_s = self._for_s + duration_s if crossed else 0.0
        if self._for_s < needed_s - 1e-9:
            return False
        self.active, self._for_s = not self.active, 0.0
        return True
