# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The document of ``/api/status``."""

import time
from dataclasses import asdict, dataclass, fields, replace

from reachy_mini_ros.web.pictures import PictureState
from reachy_mini_ros.web.robot import Status

RESTLESS = ("time", "picture", "video", "rates", "latency")
"""What changes with each look; a change of it alone is no news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Status):
    """The status, and what the dashboard adds to it."""

    picture: PictureState
    """JPEG pictures."""
    video: PictureState | None
    """The robot's own video; None where it cannot be looked at."""
    time: float
    """Unix time in s."""
    read_only: bool
    """Commands are refused."""
    agents_paused: bool
    """Those of agents are, until a person releases them."""


def report(
    status: Status,
    picture: PictureState,
    video: PictureState | None,
    read_only: bool,
    agents_paused: bool,
) -> dict[str, object]:
    """Return the document, ready for JSON."""
    known = {field.name: getattr(status, field.name) for field in fields(status)}
    rate_hz = (video.rate_hz if video is not None else None) or picture.rate_hz
    known["rates"] = replace(status.rates, picture_hz=rate_hz)
    time_s = round(time.time(), 3)
    return asdict(
        Report(
            **known,
            picture=picture,
            video=video,
            time=time_s,
            read_only=read_only,
            agents_paused=agents_paused,
        )
    )
