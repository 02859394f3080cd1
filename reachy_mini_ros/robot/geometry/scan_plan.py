# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the head is to look for a panorama, and in which order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reachy_mini_ros.errors import InvalidCommandError

MOST_STEPS = 60
FULL_360_YAW_DEG = (-40.0, 0.0, 40.0)
FULL_360_BODY_DEG = (-120.0, 0.0, 120.0)
"""With these yaws a picture every 40 degrees, all around."""


@dataclass(frozen=True, slots=True)
class Step:
    """One picture; degrees, positive to the left and down (REP-103)."""

    pitch: float
    yaw: float
    """Of the head in the world."""
    body_yaw: float


def plan(
    yaw_steps: Sequence[float],
    pitch_steps: Sequence[float],
    body_yaw_steps: Sequence[float],
    full_360: bool = False,
) -> tuple[Step, ...]:
    """Return the steps in an order without long ways: to and fro, row by row, body by body.

    ``yaw_steps`` are of the head to its body; with ``full_360`` they and the body's are such that
    the pictures go all around. All in degrees. Raises InvalidCommandError for none, for too many,
    and for what is no number.
    """
    if full_360:
        yaw_steps, body_yaw_steps = FULL_360_YAW_DEG, FULL_360_BODY_DEG
    if not all(map(math.isfinite, (*yaw_steps, *pitch_steps, *body_yaw_steps))):
        raise InvalidCommandError("the steps of a scan must be finite numbers, in degrees")
    count = len(yaw_steps) * len(pitch_steps) * len(body_yaw_steps)
    if not 0 < count <= MOST_STEPS:
        raise InvalidCommandError(f"a scan has 1 to {MOST_STEPS} pictures, not {count}")
    steps: list[Step] = []
    for body in sorted(set(body_yaw_steps)):
        for pitch in sorted(set(pitch_steps)):
            row = [Step(pitch, body + yaw, body) for yaw in sorted(set(yaw_steps))]
            near_first = not steps or abs(steps[-1].yaw - row[0].yaw) <= abs(
                steps[-1].yaw - row[-1].yaw
            )
            steps += row if near_first else row[::-1]
    return tuple(steps)
