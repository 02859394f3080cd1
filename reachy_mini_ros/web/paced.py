# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Gotos no faster than is wanted: all take the same time, so a large one is made of steps."""

import math
from collections.abc import Iterator, Mapping


def steps(
    begin: Mapping[str, float], end: Mapping[str, float], duration_s: float, most_deg_s: float
) -> Iterator[dict[str, float]]:
    """Return what to go to, one after the other, for a mean speed of at most ``most_deg_s``.

    ``begin`` is where a part is and ``end`` where it is to go, by the fields of its command, in
    degrees and metres; each goto takes ``duration_s``. Fields that begin nowhere are in each step.
    """
    turn = max((abs(end[key] - begin[key]) for key in end if key in begin), default=0.0)
    count = max(1, math.ceil(turn / (most_deg_s * duration_s) - 1e-6))
    for step in range(1, count):
        yield {
            key: begin[key] + (value - begin[key]) * step / count if key in begin else value
            for key, value in end.items()
        }
    yield dict(end)
