# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the daemon sends on its websocket, checked before it goes anywhere.

It checks almost nothing itself: what a client told it to do, it reports as the robot's state.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon import parsing
from reachy_mini_ros.robot.state import ImuSample, Matrix, RobotInfo
from reachy_mini_ros.texts import shown

LONGEST = 2**16
"""Bytes of the longest message that is looked at. What another client has recorded is sent to all,
may have any length, and is nothing for us."""
MOST_RAD = 4 * math.tau
"""No joint turns further."""
MOST_M = 1.0
"""The head is never so far from where it is when neutral."""
NOT_RIGID = 0.01
"""Most that a rotation may be off; the daemon rounds to 0.001."""
NOT_UNIT = 0.1
"""Most that the length of the IMU's quaternion may be off 1."""
MOST_MPS2, MOST_RADPS, MOST_C = 1000.0, 100.0, 200.0
"""Several times what the IMU's ranges are: 24 g, 2000 degrees/s."""


@dataclass(frozen=True, slots=True)
class Joints:
    """Half of a state; the :class:`HeadPose` that belongs to it comes next."""

    head_joints: Matrix
    """[body_yaw, stewart_1..6], rad."""
    antennas: Matrix
    """[right, left], rad."""


@dataclass(frozen=True, slots=True)
class HeadPose:
    """The other half of a state."""

    matrix: Matrix
    """4x4, world -> head, metres."""


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """The end of a task of some client."""

    uuid: str
    error: str
    """Empty if there was none."""


@dataclass(frozen=True, slots=True)
class UploadReport:
    """How it goes with an uploaded move of some client."""

    upload_id: str
    started: bool
    """It has begun; otherwise it has ended."""
    cancelled: bool
    error: str
    """Empty if there was none."""


Message = Joints | HeadPose | ImuSample | RobotInfo | TaskEnd | UploadReport


def parse(raw: str | bytes, received_ns: int) -> Message | None:
    """Return what a message says, None if it is none for us.

    Raises MalformedError if it is not what it should be.
    """
    message = parsing.mapping(parsing.load(raw, LONGEST), "the message")
    if "type" not in message and "jsonrpc" in message:
        return None  # between the daemon and its apps
    kind = parsing.text(message, "type")
    if kind == "imu_data":
        return _imu(message, received_ns)
    parser = _PARSERS.get(kind)
    return None if parser is None else parser(message)


def _joints(message: dict[str, Any]) -> Joints:
    return Joints(
        parsing.numbers(message, "head_joint_positions", 7, MOST_RAD),
        parsing.numbers(message, "antennas_joint_positions", 2, MOST_RAD),
    )


def _head_pose(message: dict[str, Any]) -> HeadPose:
    rows = message.get("head_pose")
    if type(rows) is not list or len(rows) != 4:
        raise MalformedError("'head_pose' is no 4x4 matrix")
    for row in rows:
        parsing.check_numbers(row, "head_pose", 4, MOST_M + NOT_RIGID)
    if not _is_rigid(rows):
        raise MalformedError("'head_pose' is no rotation and translation")
    return HeadPose(np.array(rows, dtype=np.float64))


def _is_rigid(rows: list[list[float]]) -> bool:
    (a, b, c, x), (d, e, f, y), (g, h, i, z), last = rows
    off = (
        *(a * a + b * b + c * c - 1.0, d * d + e * e + f * f - 1.0, g * g + h * h + i * i - 1.0),
        *(a * d + b * e + c * f, a * g + b * h + c * i, d * g + e * h + f * i),
        *(last[0], last[1], last[2], last[3] - 1.0),
    )
    right_handed = (b * f - c * e) * g + (c * d - a * f) * h + (a * e - b * d) * i > 0.0
    near = x * x + y * y + z * z <= MOST_M * MOST_M
    return right_handed and near and max(off) <= NOT_RIGID and min(off) >= -NOT_RIGID


def _imu(message: dict[str, Any], received_ns: int) -> ImuSample:
    quaternion = parsing.numbers(message, "quaternion", 4, 2.0)
    length = math.sqrt(quaternion @ quaternion)
    if abs(length - 1.0) > NOT_UNIT:
        raise MalformedError(f"'quaternion' has length {length:.3g}, not 1")
    return ImuSample(
        orientation=quaternion / length,
        angular_velocity=parsing.numbers(message, "gyroscope", 3, MOST_RADPS),
        linear_acceleration=parsing.numbers(message, "accelerometer", 3, MOST_MPS2),
        temperature=parsing.number(message, "temperature", MOST_C),
        received_ns=received_ns,
    )


def _task_progress(message: dict[str, Any]) -> TaskEnd | None:
    if not parsing.flag(message, "finished"):
        return None
    return TaskEnd(parsing.text(message, "uuid"), _error(message))


def _uploaded_move(message: dict[str, Any]) -> UploadReport:
    return UploadReport(
        upload_id=parsing.text(message, "upload_id"),
        started="started" in message and parsing.flag(message, "started"),
        cancelled="cancelled" in message and parsing.flag(message, "cancelled"),
        error=_error(message),
    )


def _error(message: dict[str, Any]) -> str:
    if message.get("error") is None:
        return ""
    return shown(parsing.text(message, "error")) or "an error without a text"


_PARSERS: dict[str, Callable[[dict[str, Any]], Message | None]] = {
    "joint_positions": _joints,
    "head_pose": _head_pose,
    "daemon_status": sdk.parse_status,
    "task_progress": _task_progress,
    "play_uploaded_move": _uploaded_move,
}
