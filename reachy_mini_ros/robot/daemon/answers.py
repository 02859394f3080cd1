# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the daemon answers over HTTP, checked before it goes anywhere.

Every function takes JSON as it was loaded and raises MalformedError, and nothing else, if that is
not what it should be.
"""

import math
from dataclasses import dataclass

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.robot.daemon import parsing
from reachy_mini_ros.texts import shown


@dataclass(frozen=True, slots=True)
class MediaStatus:
    """Whether the daemon has camera and sound, and why not."""

    available: bool
    released: bool
    """Given up to other programs."""
    no_media: bool
    """The daemon was started without."""


@dataclass(frozen=True, slots=True)
class MoveUpdate:
    """What happened to a move that some client started over HTTP."""

    uuid: str
    kind: str
    """``move_started``, ``move_completed``, ``move_failed`` or ``move_cancelled``."""
    details: str


def media_status(answer: object) -> MediaStatus:
    """Parse ``/api/media/status``."""
    media = parsing.mapping(answer, "the media's status")
    return MediaStatus(*(parsing.flag(media, key) for key in MediaStatus.__slots__))


def begun_move(answer: object) -> str:
    """Return the id of a move that was begun by ``/api/move/play/...``."""
    return parsing.text(parsing.mapping(answer, "the move"), "uuid")


def running_moves(answer: object) -> list[str]:
    """Return the ids that ``/api/move/running`` lists."""
    moves = parsing.items(answer, "what moves")
    return [parsing.text(parsing.mapping(move, "a move"), "uuid") for move in moves]


def move_update(answer: object) -> MoveUpdate:
    """Parse a message of ``/api/move/ws/updates``."""
    update = parsing.mapping(answer, "the move's update")
    details = update.get("details") or ""
    if not isinstance(details, str):
        raise MalformedError("the details of the move's update are no text")
    return MoveUpdate(parsing.text(update, "uuid"), parsing.text(update, "type"), shown(details))


def names(answer: object) -> list[str]:
    """Return the names that an answer lists: moves of a data set, sounds."""
    listed = parsing.items(answer, "the list of names")
    if not all(isinstance(name, str) for name in listed):
        raise MalformedError("the list of names has something else in it")
    return listed


def sounds(answer: object) -> list[str]:
    """Return the names that ``/api/media/sounds`` lists."""
    return names(parsing.mapping(answer, "the list of sounds").get("files"))


def app_lock(answer: object) -> str:
    """Return which app holds the robot, `free` if none does."""
    lock = parsing.mapping(answer, "the lock's status")
    state = shown(parsing.text(lock, "state"))
    if lock.get("holder_name") is None:
        return state
    return f"{state}: {shown(parsing.text(lock, 'holder_name'))}"


def outcome(answer: object) -> tuple[bool, str]:
    """Return whether a command's status is "ok", and its message, empty if it has none."""
    report = parsing.mapping(answer, "the answer")
    message = "" if report.get("message") is None else shown(parsing.text(report, "message"))
    return parsing.text(report, "status") == "ok", message


def doa(answer: object) -> tuple[float, bool] | None:
    """Return the angle in rad and whether it is speech, as ``/api/state/doa`` has them.

    None if the robot cannot tell.
    """
    if answer is None:
        return None
    reading = parsing.mapping(answer, "the direction of arrival")
    angle_rad = parsing.number(reading, "angle", math.tau)
    return angle_rad, parsing.flag(reading, "speech_detected")
