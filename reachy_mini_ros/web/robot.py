# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the dashboard needs of a robot: its state, and somebody who carries out commands."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.media.frames import Picture
from reachy_mini_ros.robot.geometry.camera_models import CameraModel
from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.web.admin import Admin
from reachy_mini_ros.web.agents import CallEntry
from reachy_mini_ros.web.commands import Command, Done, Moves

NO_SOUND = "this robot has no sound here"
NO_ADMIN = "the software of this robot cannot be changed here"


@dataclass(frozen=True, slots=True)
class HeadAngles:
    """The head's orientation in degrees (REP-103: x forward, y left, z up)."""

    roll: float
    pitch: float
    yaw: float

    @classmethod
    def of(cls, roll: float, pitch: float, yaw: float) -> "HeadAngles":
        """Return what is shown of angles in rad."""
        return HeadAngles(*map(degrees, (roll, pitch, yaw)))


@dataclass(frozen=True, slots=True)
class HeadPose(HeadAngles):
    """The same with the head's place in metres from that of the neutral head."""

    x: float
    y: float
    z: float

    @classmethod
    def at(cls, angles: HeadAngles, x: float, y: float, z: float) -> "HeadPose":
        """Return what is shown of a pose; metres from where the neutral head is."""
        place = (round(value, 4) + 0.0 for value in (x, y, z))
        return cls(angles.roll, angles.pitch, angles.yaw, *place)


@dataclass(frozen=True, slots=True)
class JointPositions:
    """Where all joints of the URDF are; what is not known is left out."""

    time: float
    """When that was so, unix time in s."""
    positions: Mapping[str, float]
    """By name, rad, with the URDF's signs."""


@dataclass(frozen=True, slots=True)
class MotionState:
    """Who moves the robot, whether it moves, what its motors do; None for what nobody says."""

    owner: str | None = None
    moving: bool | None = None
    motor_mode: str | None = None
    asleep: bool | None = None
    """Whether the head lies, as it does asleep: a wake-up lifts it."""


@dataclass(frozen=True, slots=True)
class LeaseHeld:
    """Who commands alone."""

    holder: str
    until: float
    """Unix time in s."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What the robot hears; None for what the robot does not tell."""

    level_dbfs: float
    activity: bool | None = None
    is_speaking: bool | None = None
    direction: float | None = None
    """Of the sound: degrees from straight ahead of the head, positive to the left."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """One destination of the stream node."""

    name: str
    """Without the key."""
    state: str
    viewer_urls: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RecordingState:
    """What is recorded."""

    clip: str | None = None
    """The file that is being written."""
    since: float | None = None
    """Its beginning, unix time in s."""
    ended: str = ""
    """Why the last clip ended, if nobody asked for its end."""
    failed: bool = False
    """Whether that was a failure, and not a limit."""


@dataclass(frozen=True, slots=True)
class PictureMotion:
    """Whether the picture moves; None for what is not known."""

    detection: bool
    """Whether that is looked for."""
    moving: bool | None = None
    level: float | None = None
    """Share of the picture that changed, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of the last seconds, in ms."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Of what comes in, None while it does not."""

    picture_hz: float | None = None
    joint_states_hz: float | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """How old things are when they come in."""

    picture_ms: Percentiles | None = None
    """From the picture's time stamp to its arrival at the dashboard."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the robot beside its picture; nothing in it may be stale."""

    connection: str | None = None
    """``connecting``, ``connected``, ``stalled`` or ``lost``; None if nobody says."""
    robot: Mapping[str, str] = field(default_factory=dict)
    """Any facts worth showing: ``robot_name``, ``model``, ``daemon_version``, ..."""
    head: HeadPose | None = None
    target_head: HeadAngles | None = None
    """Where the head is commanded to at the moment."""
    joints: Mapping[str, float] | None = None
    """``yaw_body``, ``right_antenna``, ``left_antenna`` in degrees with the URDF's signs."""
    motion: MotionState = MotionState()
    lease: LeaseHeld | None = None
    """None while nobody commands alone."""
    sound: Sound | None = None
    """None unless somebody asks for it: the robot's microphone is decoded for it."""
    camera: Mapping[str, str] = field(default_factory=dict)
    """Its ``lifecycle`` (``active``, ``inactive``, ...), its ``connection`` (``connected`` while
    pictures come from the robot), its ``reason`` for none, and how it mirrors them (``flip``),
    which the robot's own video is not."""
    recording: RecordingState | None = None
    """None where nothing can be recorded."""
    picture_motion: PictureMotion | None = None
    """None where nobody can look for it."""
    streams: tuple[StreamState, ...] | None = None
    """Streams to the outside; None without a node that makes them."""
    rates: Rates = Rates()
    latency: Latency = Latency()
    admin: bool = False
    """Whether the robot's apps and its software can be changed from here."""


@dataclass(frozen=True, slots=True)
class Volumes:
    """In percent; None for what was not set here, and is as the robot has it."""

    speaker: int | None = None
    microphone: int | None = None


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture, and where the head was when it was taken."""

    image: Picture
    taken_s: float
    """Unix time in s."""
    head_pose: Matrix
    """4x4, world -> head, metres from the neutral head."""
    model: CameraModel | None
    """Of pictures of this size; None while it is not known."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the robot may be told to go, each way from neutral: degrees, metres, seconds."""

    tilt: float
    """Of the head's roll, and of its pitch."""
    head_to_body: float
    """Between the yaws of head and body."""
    translation: float
    """Of the head's position; its arms reach less."""
    body: float
    antennas: float
    goto_duration: float
    """What a goto takes."""


def degrees(angle_rad: float) -> float:
    """Return what is shown of an angle."""
    return round(math.degrees(angle_rad), 2) + 0.0


class Robot(ABC):
    """A robot as the dashboard sees it; every method is called on the event loop's thread."""

    @abstractmethod
    def status(self, *, sound: bool = False) -> Status:
        """Return what is known now; asking keeps the sources on for a while.

        ``sound`` asks for the sound too.
        """

    @abstractmethod
    async def obey(self, command: Command, *, to_its_end: bool = False, holder: str = "") -> Done:
        """Begin with a command; return when it was accepted, or at its end if that is wanted.

        ``holder``: the name of the lease in whose name it comes, empty without one.

        What is short, and a wake-up or a sleep, is always answered at its end, and a streamed
        target when it is passed on.

        Raises NotConnectedError if nobody is there to do it, TimedOutError if nobody answers in
        time or the robot did not end in time, another ReachyMiniRosError with the reason if it was
        refused, preempted or failed.
        """

    @abstractmethod
    async def moves(self) -> Moves:
        """Return the moves that can be played; raises like :meth:`obey`."""

    def note_agent(self, call: CallEntry) -> None:  # noqa: B027 - nobody need hear of it
        """Hear of what an agent does."""

    def joint_positions(self) -> JointPositions | None:
        """Return where the joints are now; None if that is not known. Asking is like a status."""
        return None

    async def shot(self) -> Shot:
        """Return the next picture; raises like :meth:`obey`."""
        raise NotConnectedError("this robot has no camera here")

    def stops(self) -> int:
        """Return a count that is another one after each stop, whoever stopped the robot."""
        return 0

    def admin(self) -> Admin:
        """Return who administers the robot's software; raises NotConnectedError if nobody does."""
        raise NotConnectedError(NO_ADMIN)

    @abstractmethod
    async def limits(self) -> Limits:
        """Return how far the robot may be told to go; raises like :meth:`obey`."""

    # What is heard and said is asked of a robot only where the dashboard was given a Hearing.

    async def say(self, samples: bytes, rate_hz: int) -> None:
        """Have the speaker play 16-bit samples of one channel, after those that wait already.

        Raises NotConnectedError if nobody is there to do it.
        """
        raise NotConnectedError(NO_SOUND)

    async def volumes(self) -> Volumes:
        """Return the volumes that were set; raises like :meth:`obey`."""
        raise NotConnectedError(NO_SOUND)

    async def set_volumes(self, percents: Mapping[str, int]) -> Done:
        """Set the volumes of ``speaker`` and ``microphone`` that are named; raises likewise."""
        raise NotConnectedError(NO_SOUND)
