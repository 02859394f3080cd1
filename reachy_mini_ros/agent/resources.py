# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a model can read beside its tools."""

import json
from collections.abc import Awaitable, Callable

from reachy_mini_ros.agent.robot import Robot
from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.texts import shown

RESOURCES = {
    "robot://limits": "How far and how fast the robot may be told to go, and what you may do.",
    "robot://frames": "Axes, signs and origins of all poses and points.",
    "robot://events": "What happened lately: refusals, sound, motion; the newest first.",
}
FRAMES = """\
Axes (REP-103): x forward, y left, z up, as the robot sees it. Angles in degrees, lengths in metres.
head: roll, pitch, yaw about the fixed axes x, y, z, and x, y, z from where the neutral head is,
which is 0.177 m above the table. Positive roll tilts to the robot's right, positive pitch is down,
positive yaw is to its left. The head's yaw counts from the base, not from the body.
body: yaw, positive to the left, from the base.
antennas: right and left, with the URDF's signs; 0 is upright.
look_at with x, y, z: a point from where the robot stands on the table, between its feet.
look_at with u, v: px from the picture's upper left corner."""


async def _limits(robot: Robot) -> str:
    caps = robot.settings.caps
    own = {"deg_s": caps.speed_deg_s, "s": caps.duration_s, "calls_a_minute": caps.calls_a_minute}
    return json.dumps({"robot": await robot.get("/api/limits"), "your_caps": own})


async def _frames(robot: Robot) -> str:
    return FRAMES


async def _events(robot: Robot) -> str:
    return json.dumps((await robot.get("/api/events/last"))["events"])


_READERS: dict[str, Callable[[Robot], Awaitable[str]]] = {
    "robot://limits": _limits,
    "robot://frames": _frames,
    "robot://events": _events,
}


async def read(robot: Robot, uri: str) -> str:
    """Return what is at an address; raises InvalidCommandError for one that is none."""
    reader = _READERS.get(uri)
    if reader is None:
        raise InvalidCommandError(f"there is no resource {shown(uri)!r}")
    return await reader(robot)
