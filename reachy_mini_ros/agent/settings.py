# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What an agent may do: grants and caps, as the person who starts the server decides."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Grant(StrEnum):
    """What is granted one by one."""

    MOTION = "motion"
    CAMERA = "camera"
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    STREAMS = "streams"


@dataclass(frozen=True, slots=True)
class Caps:
    """What an agent cannot exceed, whatever the control node allows."""

    calls_a_minute: int = 60
    """Of all tools but ``stop``."""
    duration_s: float = 60.0
    """Of one call that moves the robot: it is stopped then."""
    speed_deg_s: float = 90.0
    """Mean speed of a goto: larger ones are made of steps."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server runs."""

    url: str = "http://127.0.0.1:8042"
    """Of the dashboard or the app."""
    token: str = ""
    """Of the dashboard, and of this server where it is reached over HTTP."""
    name: str = ""
    """What the agent is called; empty: as its program says."""
    allowed: frozenset[Grant] = frozenset()
    confirmed: frozenset[Grant] = frozenset()
    """What a person is asked for each time."""
    read_only: bool = False
    """Nothing but looking and stopping."""
    caps: Caps = Caps()
    sounds: Path | None = None
    """The folder whose files may be played."""
