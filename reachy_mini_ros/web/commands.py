# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands as they come over HTTP: what each body holds, checked before anybody obeys.

Limits here keep nonsense out; what the robot can do is checked by who commands it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from reachy_mini_ros.robot.geometry.scan_plan import MOST_STEPS
from reachy_mini_ros.robot.motion.lease import LONGEST_S, NAME_PATTERN, SHORTEST_S

Degrees = Annotated[float, Field(ge=-360.0, le=360.0)]
Pitch = Annotated[float, Field(ge=-90.0, le=90.0)]
"""Beyond, the same orientation has another roll and yaw, and would be judged by these."""
Offset = Annotated[float, Field(ge=-0.1, le=0.1)]
Metres = Annotated[float, Field(ge=-100.0, le=100.0)]
Duration = Annotated[float, Field(ge=0.2, le=10.0)]
"""Seconds. Over ROS a timed turn of the body is a path, and its upload makes the daemon pause its
state: for 0.03 s up to 10 s of path, for 0.27 s at 30 s, measured on an idle machine."""
Pixel = Annotated[float, Field(ge=0.0, le=10_000.0)]
Side = Annotated[float, Field(ge=1.0, le=10_000.0)]
Mode = Literal["stream", "goto"]
"""A target of many, taken at once, or one that is gone to in the duration set for it."""


class Command(BaseModel):
    """Base of all commands."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Stop(Command):
    """End whatever moves, at once."""


class WakeUp(Command):
    """Motors on, then the robot's wake-up; answered at its end."""


class GotoSleep(Command):
    """To the sleeping pose, then motors off; answered at its end."""


class Motors(Command):
    """Motors on or off."""

    enabled: bool


class AutomaticBodyYaw(Command):
    """Whether the robot turns its body along with the head."""

    enabled: bool


class Head(Command):
    """Turn and move the head: degrees, and metres from where the neutral head is (REP-103)."""

    roll: Degrees = 0.0
    pitch: Pitch = 0.0
    yaw: Degrees = 0.0
    x: Offset = 0.0
    y: Offset = 0.0
    z: Offset = 0.0
    mode: Mode = "goto"


class Antennas(Command):
    """Turn one or both antennas: degrees with the URDF's signs; the one left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["right"]}, {"required": ["left"]}]}
    )

    right: Degrees = 0.0
    left: Degrees = 0.0
    mode: Mode = "goto"

    @model_validator(mode="after")
    def _named(self) -> "Antennas":
        if not self.angles:
            raise ValueError("one of 'right' and 'left' is needed")
        return self

    @property
    def angles(self) -> dict[str, float]:
        """The antennas that were named, by side."""
        return {
            side: angle
            for side, angle in (("right", self.right), ("left", self.left))
            if side in self.model_fields_set
        }


_STREAM_WITH_DURATION: JsonDict = {
    "properties": {"mode": {"const": "stream"}, "duration": {"type": "number"}},
    "required": ["mode", "duration"],
}


class Body(Command):
    """Turn the body: degrees, positive to the left; in `duration` s, or what is set for gotos."""

    model_config = ConfigDict(json_schema_extra={"not": _STREAM_WITH_DURATION})

    yaw: Degrees
    mode: Mode = "goto"
    duration: Duration | None = None

    @model_validator(mode="after")
    def _gone_to(self) -> "Body":
        if self.mode == "stream" and self.duration is not None:
            raise ValueError("'duration' is for mode 'goto': a streamed target is taken at once")
        return self


class LookAt(Command):
    """Turn the camera to a point: metres from where the robot stands (REP-103)."""

    x: Metres
    y: Metres
    z: Metres


class LookAtPixel(Command):
    """Turn the camera to what a pixel shows: px of the picture as it is published.

    With ``width`` and ``height``, px of a picture of that size that shows the same.
    """

    u: Pixel
    v: Pixel
    width: Side | None = None
    height: Side | None = None


# Letters of any language, digits, blanks and _.+- in the terms of all dialects of patterns: what \w
# is differs between them.
_NO_LETTER = r"\x00-\x1f!-*:-@\[-\^`{-\x9f"
LABEL_PATTERN = f"^[^{_NO_LETTER}]+$"  # and ,/
SOUND_PATTERN = f"^[^,/{_NO_LETTER}]+$"


class PlayMove(Command):
    """Play a recorded move by its name."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=LABEL_PATTERN)]


class PlaySound(Command):
    """Play one of the robot's sounds by its name; never a file."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=SOUND_PATTERN)]


class MediaRelease(Command):
    """Have the daemon give up camera and sound, for all its clients."""


class MediaAcquire(Command):
    """Have the daemon take camera and sound again."""


class Lease(Command):
    """Command alone for a while: others are refused, but their `stop`; renew it, release it."""

    action: Literal["acquire", "renew", "release", "take"]
    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    seconds: Annotated[float, Field(ge=SHORTEST_S, le=LONGEST_S)] = 30.0


class Photo(Command):
    """Save a picture in full size."""


class Record(Command):
    """Begin or end a clip of the robot's video."""

    enabled: bool


class MotionDetection(Command):
    """Look for motion in the picture, or do not."""

    enabled: bool


class StreamStart(Command):
    """Start the streams to the outside."""


class StreamStop(Command):
    """End the streams to the outside."""


WHOLE = BeforeValidator(
    lambda value: int(value) if isinstance(value, float) and value.is_integer() else value
)
"""JSON has one kind of number: 5.0 is an integer too."""
Yaws = Annotated[tuple[Degrees, ...], Field(min_length=1, max_length=MOST_STEPS, strict=False)]


class Scan(Command):
    """Look around: a picture at each step, strips, and a panorama where they overlap; degrees."""

    yaw_steps: Yaws = (-40.0, 0.0, 40.0)
    """Of the head to its body, positive to the left."""
    pitch_steps: Annotated[
        tuple[Pitch, ...], Field(min_length=1, max_length=MOST_STEPS, strict=False)
    ] = (0.0,)
    """Rows, positive down."""
    body_yaw_steps: Yaws = (0.0,)
    full_360: bool = False
    """All around, instead of ``yaw_steps`` and ``body_yaw_steps``."""
    max_edge: Annotated[int, Field(ge=64, le=4096), WHOLE] = 1280
    """Of each picture, px."""
    quality: Annotated[int, Field(ge=1, le=100), WHOLE] = 85
    """Of the JPEG files."""
    max_speed: Annotated[float | None, Field(ge=5.0, le=360.0)] = None
    """Mean speed of each turn at most, degrees a second; without it a goto is one goto."""


COMMANDS: dict[str, type[Command]] = {
    "stop": Stop,
    "wake_up": WakeUp,
    "goto_sleep": GotoSleep,
    "motors": Motors,
    "automatic_body_yaw": AutomaticBodyYaw,
    "head": Head,
    "antennas": Antennas,
    "body": Body,
    "look_at": LookAt,
    "look_at_pixel": LookAtPixel,
    "play_move": PlayMove,
    "play_sound": PlaySound,
    "media_release": MediaRelease,
    "media_acquire": MediaAcquire,
    "lease": Lease,
    "photo": Photo,
    "record": Record,
    "motion_detection": MotionDetection,
    "stream_start": StreamStart,
    "stream_stop": StreamStop,
}
"""By the last part of their path."""


LASTING = (Head, Antennas, Body, LookAt, LookAtPixel, PlayMove)
"""Those that are answered before their end, unless that is waited for."""


class Waiting(BaseModel):
    """What is waited for."""

    wait: Annotated[
        Literal["done"] | None,
        Field(description="Answer at the command's end; not for a streamed target, which has none"),
    ] = None


@dataclass(frozen=True, slots=True)
class Done:
    """A command that was accepted, passed on, or carried out."""

    message: str


@dataclass(frozen=True, slots=True)
class PhotoTaken(Done):
    """A photo was saved."""

    photo: str
    """The file's name."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What ``play_move`` takes."""

    moves: tuple[str, ...]
    """Those of the robot's data set."""
    recorded: tuple[str, ...]
    """Those that were recorded with this driver."""
    unavailable: str | None = None
    """Why the data set's are not there."""
