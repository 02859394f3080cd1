# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot may be told: every target is checked here before anything is sent.

The daemon checks almost nothing, and some messages stop it. The rules:

- numbers are finite, arrays have their sizes, the rotation is a rotation;
- joints lie within the URDF's limits;
- the head lies within the reach that the SDK documents, or a narrower one (:class:`Reach`): roll
  and pitch +-40 degrees, at most 65 degrees from an explicitly given body yaw; without one the
  daemon turns the body along (its automatic body yaw, on by default), so every yaw is legal;
- the arms of the platform reach the pose, with joints inside the URDF's limits, and without a
  singularity on the way.
"""

import contextlib
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.errors import InvalidCommandError, UnreachableError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.geometry import kinematics, rotations
from reachy_mini_ros.robot.geometry.passive_joints import platform
from reachy_mini_ros.robot.state import Matrix, RobotState, Target

STEWART_JOINTS = tuple(f"stewart_{number}" for number in range(1, 7))
HEAD_JOINTS = ("yaw_body", *STEWART_JOINTS)
ANTENNA_JOINTS = ("right_antenna", "left_antenna")
TOLERANCE_RAD = 1e-3
"""What a value may lie outside, so that a pose read from the robot's edge can be sent back."""
TOLERANCE_M = 1e-4
LYING_RAD = 0.03
"""A platform's joint that is further outside its limits does not sag: the head lies."""
_ROTATION_TOLERANCE = 1e-3
_FARTHEST_M = 1e3
"""How far a pose is said to be away, where it is further yet."""
PARTS = (1.0, 0.9, 0.75, 0.5, 0.0)
"""Of the farthest yaw between head and body, tried for a head that is turned along."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the robot may be told to go, each way from neutral."""

    tilt_rad: float = 0.698
    """Of the head's roll, and of its pitch."""
    head_to_body_rad: float = 1.134
    """Between the yaws of head and body."""
    translation_m: float = 0.1
    """Of the head from neutral; the arms reach less."""
    body_rad: float = 2.793
    antennas_rad: float = 3.142


DOCUMENTED = Reach()
"""The farthest: what the SDK documents, and the URDF's limits."""


def check(target: Target, present: RobotState | None = None, reach: Reach = DOCUMENTED) -> Target:
    """Return ``target`` as float arrays if the robot can be told it.

    ``present`` says where the parts are that the target leaves alone; without it they count as
    neutral. Where ``reach`` holds the body, a head pose without body yaw gets the one that turns
    the body along no further than it must.

    Raises InvalidCommandError with the value, its limit and what to do; it is an UnreachableError
    if the target is well formed.
    """
    pose = None if target.head_pose is None else _array("head pose", target.head_pose, (4, 4))
    antennas = None if target.antennas is None else _array("antennas", target.antennas, (2,))
    joints = None if target.head_joints is None else _array("joints", target.head_joints, (7,))
    body = None if target.body_yaw is None else float(_array("body yaw", target.body_yaw, ()))
    if pose is None and antennas is None and joints is None and body is None:
        raise InvalidCommandError("the target is empty: name at least one part of the robot")
    if joints is not None and (pose is not None or body is not None):
        raise InvalidCommandError("head joints and a head pose or body yaw exclude each other")
    if antennas is not None:
        within(ANTENNA_JOINTS, -antennas, reach)  # with the sign that the sender knows
    if body is not None:
        within(HEAD_JOINTS[:1], [body], reach)
    if joints is not None:
        within(HEAD_JOINTS, joints, reach)
        _check_head(pose_of_joints(joints, present), float(joints[0]), reach)
    elif pose is not None:
        _check_rotation(pose)
        start = 0.0 if present is None else float(present.head_joints[0])
        if body is None and holds_body(reach):
            body = _followed(pose, start, reach)
        _check_head(pose, body, reach, start)
    elif body is not None:
        _check_head_to_body(np.eye(4) if present is None else present.head_pose, body, reach)
    return Target(pose, antennas, body, joints)


def doubtful(
    heads: Matrix | None,
    body_yaws: Matrix | None,
    antennas: Matrix | None,
    reach: Reach = DOCUMENTED,
) -> NDArray[np.bool_]:
    """Tell which of many targets (n) :func:`check` might refuse; it says of each whether it does.

    ``heads`` (nx4x4) with ``body_yaws`` (n, rad), and ``antennas`` (nx2, SDK signs), or None for
    what is left alone. Some 20 us a target.
    """
    doubts = []
    with np.errstate(all="ignore"):  # NaN and infinity are doubtful themselves
        if antennas is not None:
            doubts.append(_outside(ANTENNA_JOINTS, -antennas, reach))
        if heads is not None and body_yaws is not None:
            roll, pitch, yaw = rotations.all_roll_pitch_yaw(heads)
            tilt = np.maximum(np.abs(roll), np.abs(pitch))
            apart = np.abs((yaw - body_yaws + math.pi) % math.tau - math.pi)
            away_m = np.linalg.norm(heads[:, :3, 3], axis=1)
            turns = heads[:, :3, :3]
            off = np.abs(turns @ turns.swapaxes(1, 2) - np.eye(3)).max(axis=(1, 2))
            joints = kinematics.inverse_all(heads, body_yaws)
            doubts += [
                ~(tilt <= reach.tilt_rad),
                ~(apart <= reach.head_to_body_rad),
                ~(away_m <= reach.translation_m),
                ~(off <= _ROTATION_TOLERANCE) | ~(np.linalg.det(turns) > 0.0),
                (heads[:, 3] != (0.0, 0.0, 0.0, 1.0)).any(axis=1),
                _outside(HEAD_JOINTS, joints, reach),
                platform().all_mirrored(heads, joints),
            ]
    return np.asarray(np.any(doubts, axis=0))


def pose_of_joints(joints: Matrix, present: RobotState | None = None) -> Matrix:
    """Return the head pose that head joints within their limits lead to.

    Raises UnreachableError if the platform cannot be put together with them.
    """
    neutral = kinematics.inverse(np.eye(4), 0.0, automatic_body_yaw=False)
    assert neutral is not None
    starts = [(neutral, np.eye(4))]
    if present is not None:
        starts.insert(0, (present.head_joints, present.head_pose))
    for near_joints, near_pose in starts:
        pose = kinematics.forward(joints, near_joints, near_pose)
        if pose is not None and not platform().mirrored(pose, joints):
            return pose
    raise UnreachableError(
        "no head pose belongs to these stewart joints: the six arms hold one platform, move them "
        "in smaller steps or send a head pose"
    )


def check_turning(head_joints: Matrix) -> None:
    """Raise InvalidCommandError if the body cannot turn with the head where it is.

    A head that sleeps lies outside the limits of the platform's joints. The daemon finds none for
    its pose then, and leaves the body where it is.
    """
    if lies(head_joints):
        raise InvalidCommandError(
            "the head lies outside its limits, as it does asleep, and the body cannot turn "
            "with it there: call wake_up first"
        )


def lies(head_joints: Matrix) -> bool:
    """Tell whether the head lies where no command could bring it, as it does asleep."""
    for name, value in zip(STEWART_JOINTS, head_joints[1:], strict=True):
        lower, upper = joint_limits()[name]
        if not lower - LYING_RAD <= value <= upper + LYING_RAD:
            return True
    return False


def turned_along(pose: Matrix, body: float, reach: Reach = DOCUMENTED) -> Matrix | None:
    """Return the head pose as far turned as a body yaw (rad) needs; None where it may stay.

    A tilted head reaches less far from the body. Where it reaches nowhere, it is for :func:`check`
    to tell.
    """
    if not math.isfinite(body):
        return None
    yaw = rotations.roll_pitch_yaw(pose)[2]
    apart = math.remainder(yaw - body, math.tau)
    if abs(apart) <= reach.head_to_body_rad:
        return None
    turned = [_turned(pose, clip(apart, part * reach.head_to_body_rad) - apart) for part in PARTS]
    for way in turned:
        with contextlib.suppress(UnreachableError):
            _check_head(way, body, reach)
            return way
    return turned[0]


def _turned(pose: Matrix, angle_rad: float) -> Matrix:
    """Return a head pose turned where it is, about the vertical axis."""
    turned = pose.copy()
    turned[:3, :3] = rotations.from_roll_pitch_yaw(0.0, 0.0, angle_rad) @ pose[:3, :3]
    return turned


def holds_body(reach: Reach) -> bool:
    """Tell whether the daemon's own turning of the body along could leave ``reach``."""
    return (reach.head_to_body_rad, reach.body_rad) != (
        DOCUMENTED.head_to_body_rad,
        DOCUMENTED.body_rad,
    )


def within(names: Sequence[str], values: Sequence[float] | Matrix, reach: Reach) -> None:
    """Raise UnreachableError if one of the joints is outside its limits."""
    for name, value in zip(names, values, strict=True):
        lower, upper = joint_limits(reach)[name]
        if not lower - TOLERANCE_RAD <= value <= upper + TOLERANCE_RAD:
            raise UnreachableError(
                f"{name} = {value:.4g} rad is outside its limits {lower:.4g} to {upper:.4g} rad"
            )


def _outside(names: Sequence[str], values: Matrix, reach: Reach) -> NDArray[np.bool_]:
    lower, upper = np.array([joint_limits(reach)[name] for name in names]).T
    return np.asarray(~((values >= lower) & (values <= upper)).all(axis=1))


@functools.lru_cache(maxsize=4)
def joint_limits(reach: Reach = DOCUMENTED) -> dict[str, tuple[float, float]]:
    """Return lower and upper limit in rad of each limited joint, by the URDF's names and signs."""
    narrower = dict.fromkeys(ANTENNA_JOINTS, reach.antennas_rad) | {"yaw_body": reach.body_rad}
    limits = {}
    for name, (lower, upper) in _urdf_limits().items():
        bound = narrower.get(name, math.inf)
        limits[name] = max(lower, -bound), min(upper, bound)
    return limits


@functools.cache
def _urdf_limits() -> dict[str, tuple[float, float]]:
    limits = {}
    for joint in ElementTree.fromstring(sdk.urdf()).iter("joint"):
        limit = joint.find("limit")
        if limit is not None and joint.get("type") == "revolute":
            limits[str(joint.get("name"))] = (
                float(limit.get("lower", "nan")),
                float(limit.get("upper", "nan")),
            )
    return limits


def _followed(pose: Matrix, body: float, reach: Reach) -> float:
    """Return the body yaw next to ``body`` that leaves the head within reach of it."""
    yaw = rotations.roll_pitch_yaw(pose)[2]
    apart = clip(math.remainder(yaw - body, math.tau), reach.head_to_body_rad)
    return clip(math.remainder(yaw - apart, math.tau), reach.body_rad)


def clip(value: float, bound: float) -> float:
    """Return ``value``, or the nearest bound."""
    return max(-bound, min(bound, value))


def _check_head(pose: Matrix, body: float | None, reach: Reach, start: float = 0.0) -> None:
    """Check a head pose; without a body yaw the daemon turns the body along from ``start``."""
    roll, pitch, _ = rotations.roll_pitch_yaw(pose)
    for name, value in (("roll", roll), ("pitch", pitch)):
        if abs(value) > reach.tilt_rad + TOLERANCE_RAD:
            raise UnreachableError(
                f"head {name} {_degrees(value)} is outside +-{_degrees(reach.tilt_rad)}: tilt less"
            )
    if body is not None:
        _check_head_to_body(pose, body, reach)
    joints = kinematics.inverse(
        pose, start if body is None else body, automatic_body_yaw=body is None
    )
    if joints is None:
        raise UnreachableError(f"the head cannot reach {_describe(pose)}; {_REACH}")
    try:
        within(HEAD_JOINTS, joints, reach)
    except UnreachableError as error:
        raise UnreachableError(
            f"the head cannot reach {_describe(pose)}: {error}; {_REACH}"
        ) from None
    away_m = math.dist(pose[:3, 3], (0.0, 0.0, 0.0))
    if away_m > reach.translation_m + TOLERANCE_M:
        raise UnreachableError(
            f"the head is {min(away_m, _FARTHEST_M) * 1e3:.0f} mm from neutral, more than "
            f"{reach.translation_m * 1e3:.0f} mm: move it closer"
        )
    if platform().mirrored(pose, joints):
        # Such a pose has joints, but the physics of the way there ends 20 to 50 degrees off.
        raise UnreachableError(
            f"the head cannot get to {_describe(pose)}: a singularity of the platform is in the "
            "way, where the rods do not hold the head; tilt or turn it less"
        )


_REACH = (
    "around neutral it reaches x -46..50, y +-47, z -50..23 mm, less when tilted: move it closer"
)


def _check_head_to_body(pose: Matrix, body: float, reach: Reach) -> None:
    _, _, yaw = rotations.roll_pitch_yaw(pose)
    apart = math.remainder(yaw - body, math.tau)
    if abs(apart) > reach.head_to_body_rad + TOLERANCE_RAD:
        raise UnreachableError(
            f"head yaw {_degrees(yaw)} and body yaw {_degrees(body)} are {_degrees(abs(apart))} "
            f"apart, more than {_degrees(reach.head_to_body_rad)}: turn both, or leave the body "
            "yaw out and it follows the head"
        )


def _check_rotation(pose: Matrix) -> None:
    (a, b, c, _), (d, e, f, _), (g, h, i, _), last = pose.tolist()  # much faster than arrays
    off = (
        a * a + b * b + c * c - 1.0,
        d * d + e * e + f * f - 1.0,
        g * g + h * h + i * i - 1.0,
        a * d + b * e + c * f,
        a * g + b * h + c * i,
        d * g + e * h + f * i,
    )
    right_handed = (b * f - c * e) * g + (c * d - a * f) * h + (a * e - b * d) * i > 0.0
    if (
        not all(abs(value) <= _ROTATION_TOLERANCE for value in off)  # NaN where it overflows
        or not right_handed
        or math.dist(last, (0.0, 0.0, 0.0, 1.0)) > 1e-9
    ):
        raise InvalidCommandError(
            "the head pose is not a rigid transform: its 3x3 part must be a right-handed rotation "
            "and its last row 0 0 0 1"
        )


def _array(name: str, values: object, shape: tuple[int, ...]) -> Matrix:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidCommandError(f"{name}: not an array of numbers") from None
    if array.shape != shape:
        raise InvalidCommandError(f"{name}: has shape {array.shape}, must have {shape}")
    if not np.isfinite(array).all():
        raise InvalidCommandError(f"{name}: NaN or infinity is not allowed, send finite numbers")
    return array


def _describe(pose: Matrix) -> str:
    x, y, z = np.clip(pose[:3, 3], -_FARTHEST_M, _FARTHEST_M) * 1e3
    roll, pitch, yaw = (_degrees(angle) for angle in rotations.roll_pitch_yaw(pose))
    return f"({x:.0f}, {y:.0f}, {z:.0f}) mm from neutral with roll {roll}, pitch {pitch}, yaw {yaw}"


def _degrees(angle_rad: float) -> str:
    return f"{round(math.degrees(angle_rad), 1) + 0.0} deg"
