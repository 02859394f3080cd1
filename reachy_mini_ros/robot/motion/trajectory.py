# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Joint trajectories: from points of some driven joints to a move of the whole robot.

A point may name any of `yaw_body`, the six stewart joints (all or none: they hold one platform)
and the antennas, with the URDF's names and signs. Joints that are not named stay as they are;
the head therefore turns along with `yaw_body`.

Between points the head's pose over the body is interpolated (position and rotation vector), and
the other joints by themselves: with cubic Hermite polynomials where velocities are given, else
linearly, as `joint_trajectory_controller` does; a single point is reached with minimum jerk.
Accelerations and efforts are ignored.
"""

import bisect
import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry import kinematics, limits, rotations
from reachy_mini_ros.robot.geometry.limits import (
    ANTENNA_JOINTS,
    DOCUMENTED,
    HEAD_JOINTS,
    STEWART_JOINTS,
    Reach,
)
from reachy_mini_ros.robot.motion.moves import LONGEST_S, Move
from reachy_mini_ros.robot.state import Matrix, RobotState
from reachy_mini_ros.texts import LONGEST_NAME, shown

JOINTS = (*HEAD_JOINTS, *ANTENNA_JOINTS)
SAMPLE_RATE_HZ = 50.0
"""The daemon's control loop has the same rate, and interpolates between samples."""
MAX_VELOCITY_RAD_S = 8.0
"""Of every driven joint, by the URDF."""
START_TOLERANCE_RAD = 0.1
"""How far a point at time 0 may be from where the robot is."""
REST_RAD_S = 1e-3
MOST_POINTS = 3000
"""A minute at the daemon's own rate; to take in more would keep the process from a stop."""
_VELOCITY_STEP_RAD = 0.01


class JointsError(InvalidCommandError):
    """The joints' names are wrong."""


class TooLateError(InvalidCommandError):
    """The time of the trajectory is over."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a trajectory; velocities may be empty."""

    time_s: float
    positions: Sequence[float]
    velocities: Sequence[float] = ()


@dataclass(frozen=True, eq=False, slots=True)
class _Knot:
    """The robot at one point: joints in the order of :data:`JOINTS`, the head over the body."""

    time_s: float
    joints: Matrix
    velocities: Matrix | None
    head: Matrix
    """4x4, body -> head, metres."""

    @property
    def rest(self) -> Matrix:
        """Return body yaw and antennas (URDF signs)."""
        return self.joints[[0, 7, 8]]


@dataclass(frozen=True, eq=False, slots=True)
class Trajectory:
    """A trajectory that has been checked point by point and sample by sample."""

    names: tuple[str, ...]
    start: RobotState
    """The state that it starts from."""
    move: Move
    _segments: tuple["_Segment", ...]

    @property
    def duration_s(self) -> float:
        """Return the time of the last point."""
        return self._segments[-1].end.time_s

    def desired(self, time_s: float) -> Matrix:
        """Return the positions of all of :data:`JOINTS` at a time, rad, URDF signs."""
        head, (yaw, *antennas) = self._segment(time_s).at(time_s)
        joints = kinematics.inverse(head, 0.0, automatic_body_yaw=False)
        assert joints is not None  # every sample was checked
        return np.array([yaw, *joints[1:], *antennas])

    def index(self, time_s: float) -> int:
        """Return the index of the point that is being gone to."""
        return self._segments.index(self._segment(time_s))

    def _segment(self, time_s: float) -> "_Segment":
        ends = [segment.end.time_s for segment in self._segments]
        return self._segments[min(bisect.bisect_left(ends, time_s), len(ends) - 1)]


def joints_of(state: RobotState) -> Matrix:
    """Return the positions of :data:`JOINTS` in a state, rad, URDF signs."""
    return np.concatenate((state.head_joints, -state.antennas))


def shifted(points: Sequence[Point], offset_s: float) -> list[Point]:
    """Return the points for a trajectory that is to start in ``offset_s``, which may be over.

    Raises TooLateError if all points are over.
    """
    if not offset_s:
        return list(points)
    later = [replace(point, time_s=point.time_s + offset_s) for point in points]
    if later and later[-1].time_s <= 0.0:
        raise TooLateError(
            f"the trajectory's stamp is {-offset_s:.1f} s ago, and its end is over: stamp it with "
            "the present time, or with 0 for at once"
        )
    return [point for point in later if point.time_s > 0.0]


def plan(
    names: Sequence[str],
    points: Sequence[Point],
    start: RobotState,
    reach: Reach = DOCUMENTED,
) -> Trajectory:
    """Return the trajectory from ``start`` at rest through ``points``.

    Takes some 0.1 ms a sample: not for the event loop.

    Raises InvalidCommandError, with the point or time and the reason, if the robot cannot do it.
    """
    _check_names(names)
    _check_points(names, points, start, reach)
    if HEAD_JOINTS[0] in names and STEWART_JOINTS[0] not in names:
        limits.check_turning(start.head_joints)
    moving = points[1:] if points[0].time_s == 0.0 else points
    if not moving:
        raise InvalidCommandError("the trajectory ends at time 0: give its points times to reach")
    velocities = None if not points[0].velocities else np.zeros(len(JOINTS))
    if velocities is not None and points[0].time_s == 0.0:
        velocities = _spread(names, points[0].velocities, velocities)
    joints = joints_of(start)
    # Not the state's own pose: held targets may have other joints, and the daemon's may be wrong.
    near = _state(start.head_joints, _over_body(start.head_pose, start.head_joints[0]))
    knots = [_Knot(0.0, joints, velocities, limits.pose_of_joints(_arms(joints), near))]
    for number, point in enumerate(points):
        if point.time_s > 0.0:
            try:
                knots.append(_knot(names, point, knots[-1]))
            except InvalidCommandError as error:
                raise InvalidCommandError(f"point {number}: {error}") from None
    ease = len(moving) == 1 and velocities is None
    segments = tuple(_Segment(before, after, ease) for before, after in itertools.pairwise(knots))
    trajectory = Trajectory(tuple(names), start, _sample(segments), segments)
    _check_samples(names, trajectory.move, segments[0].end.time_s, reach)
    return trajectory


def _check_names(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in JOINTS]
    if unknown:
        name = shown(unknown[0], LONGEST_NAME)
        raise JointsError(f"joint '{name}' is not one of {', '.join(JOINTS)}")
    if not names or len(set(names)) != len(names):
        raise JointsError("name at least one joint, and none twice")
    missing = [name for name in STEWART_JOINTS if name not in names]
    if 0 < len(missing) < len(STEWART_JOINTS):
        raise JointsError(
            f"joint '{missing[0]}' is missing: the six stewart joints hold one platform, so name "
            "all of them or none"
        )


def _check_points(
    names: Sequence[str], points: Sequence[Point], start: RobotState, reach: Reach
) -> None:
    if not points:
        raise InvalidCommandError("the trajectory has no points")
    if len(points) > MOST_POINTS:
        raise InvalidCommandError(
            f"the trajectory has {len(points)} points, more than {MOST_POINTS}: send fewer, it is "
            "interpolated between them"
        )
    for number, point in enumerate(points):
        if len(point.positions) != len(names):
            raise InvalidCommandError(
                f"point {number} has {len(point.positions)} positions for {len(names)} joints"
            )
        if len(point.velocities) not in (0, len(names)):
            raise InvalidCommandError(
                f"point {number} has {len(point.velocities)} velocities for {len(names)} joints"
            )
        if bool(point.velocities) != bool(points[0].velocities):
            raise InvalidCommandError("give velocities at every point, or at none")
    times_s = np.array([point.time_s for point in points])
    positions = np.array([point.positions for point in points])
    velocities = np.array([point.velocities for point in points])
    _check_numbers(times_s, positions, velocities)
    lower, upper = np.array([limits.joint_limits(reach)[name] for name in names]).T
    outside = (positions < lower) | (positions > upper)
    for number in np.flatnonzero(outside.any(axis=1)).tolist():
        try:
            limits.within(names, positions[number], reach)
        except InvalidCommandError as error:
            raise InvalidCommandError(f"point {number}: {error}") from None
    _check_speeds(names, times_s, positions, velocities, joints_of(start))


def _check_numbers(times_s: Matrix, positions: Matrix, velocities: Matrix) -> None:
    finite = np.isfinite(times_s) & np.isfinite(positions).all(axis=1)
    if velocities.size:
        finite &= np.isfinite(velocities).all(axis=1)
    if not finite.all():
        raise InvalidCommandError(f"point {int(np.argmin(finite))} holds NaN or infinity")
    late = (np.diff(times_s, prepend=-1.0) <= 0.0) | (times_s < 0.0) | (times_s > LONGEST_S)
    if late.any():
        number = int(np.argmax(late))
        raise InvalidCommandError(
            f"point {number} is due at {times_s[number]} s: times must increase from 0, up to "
            f"{LONGEST_S:.0f} s"
        )
    if velocities.size and np.abs(velocities[-1]).max() > REST_RAD_S:
        raise InvalidCommandError("the velocities of the last point must be zero: the robot holds")


def _check_speeds(
    names: Sequence[str], times_s: Matrix, positions: Matrix, velocities: Matrix, start: Matrix
) -> None:
    origin = start[[JOINTS.index(name) for name in names]]
    if times_s[0] == 0.0:
        apart = np.abs(positions[0] - origin)
        if apart.max() > START_TOLERANCE_RAD:
            raise InvalidCommandError(
                f"point 0 is due at once, but {names[int(np.argmax(apart))]} is {apart.max():.2f} "
                "rad away from it: start where the robot is, or give it time"
            )
    with np.errstate(divide="ignore", invalid="ignore"):  # of a point at time 0
        speeds = np.abs(np.diff(positions, axis=0, prepend=origin[None]))
        speeds /= np.diff(times_s, prepend=0.0)[:, None]
    if velocities.size:
        speeds = np.maximum(speeds, np.abs(velocities))
    if times_s[0] == 0.0:
        speeds[0] = 0.0
    number, joint = divmod(int(np.argmax(speeds)), len(names))
    if speeds[number, joint] > MAX_VELOCITY_RAD_S:
        fastest = min(speeds[number, joint], 1e6)  # what is told is to be short
        raise InvalidCommandError(
            f"point {number}: {names[joint]} would move at {fastest:.1f} rad/s, more "
            f"than {MAX_VELOCITY_RAD_S} rad/s: give it more time"
        )


def _knot(names: Sequence[str], point: Point, before: _Knot) -> _Knot:
    joints = _spread(names, point.positions, before.joints)
    velocities = None
    if point.velocities:
        velocities = _spread(names, point.velocities, np.zeros(len(JOINTS)))
    head = before.head
    if STEWART_JOINTS[0] in names:
        head = limits.pose_of_joints(_arms(joints), _state(before.joints, before.head))
    return _Knot(point.time_s, joints, velocities, head)


class _Segment:
    """The way between two knots, as polynomials of a vector.

    It holds the rotation vector of the head against the first knot's, the head's position over
    the body, body yaw and antennas.
    """

    def __init__(self, start: _Knot, end: _Knot, ease: bool) -> None:
        self.start, self.end = start, end
        self._ease = ease

    @functools.cached_property
    def _ends(self) -> tuple[Matrix, Matrix, Matrix | None, Matrix | None]:
        turn = rotations.log(self.start.head[:3, :3].T @ self.end.head[:3, :3])
        first = np.concatenate((np.zeros(3), self.start.head[:3, 3], self.start.rest))
        last = np.concatenate((turn, self.end.head[:3, 3], self.end.rest))
        return first, last, _rates(self.start, np.zeros(3)), _rates(self.end, turn)

    def at(self, time_s: float) -> tuple[Matrix, Matrix]:
        """Return the head's pose over the body, and body yaw and antennas (URDF signs)."""
        first, last, first_rate, last_rate = self._ends
        length_s = self.end.time_s - self.start.time_s
        s = min(max((time_s - self.start.time_s) / length_s, 0.0), 1.0)
        if first_rate is None or last_rate is None:
            share = s * s * s * (10.0 - 15.0 * s + 6.0 * s * s) if self._ease else s
            values = first + share * (last - first)
        else:
            values = (
                (1.0 + 2.0 * s) * (1.0 - s) ** 2 * first
                + s * (1.0 - s) ** 2 * length_s * first_rate
                + s * s * (3.0 - 2.0 * s) * last
                + s * s * (s - 1.0) * length_s * last_rate
            )
        head = np.eye(4)
        head[:3, :3] = self.start.head[:3, :3] @ rotations.exp(values[:3])
        head[:3, 3] = values[3:6]
        return head, values[6:]


def _rates(knot: _Knot, turn: Matrix) -> Matrix | None:
    """Return the derivatives of a segment's vector at one end, None without velocities.

    ``turn`` is the rotation vector there.
    """
    if knot.velocities is None:
        return None
    rest = knot.velocities[[0, 7, 8]]
    fastest = np.abs(knot.velocities[1:7]).max()
    if fastest == 0.0:
        return np.concatenate((np.zeros(6), rest))
    step_s = _VELOCITY_STEP_RAD / float(fastest)
    state = _state(knot.joints, knot.head)
    before, after = (
        limits.pose_of_joints(_arms(knot.joints + sign * step_s * knot.velocities), state)
        for sign in (-1.0, 1.0)
    )
    spin = rotations.log(before[:3, :3].T @ after[:3, :3]) / (2.0 * step_s)
    velocity = (after[:3, 3] - before[:3, 3]) / (2.0 * step_s)
    return np.concatenate((rotations.rate(turn, spin), velocity, rest))


def _sample(segments: Sequence[_Segment]) -> Move:
    ends_s = np.array([0.0, *(segment.end.time_s for segment in segments)])
    grid_s = np.arange(0.0, ends_s[-1], 1.0 / SAMPLE_RATE_HZ)
    after = np.searchsorted(ends_s, grid_s).clip(1, len(ends_s) - 1)
    apart_s = np.minimum(np.abs(grid_s - ends_s[after - 1]), np.abs(ends_s[after] - grid_s))
    times_s = np.union1d(ends_s, grid_s[apart_s > 0.1 / SAMPLE_RATE_HZ])
    which = np.searchsorted(ends_s[1:], times_s).clip(max=len(segments) - 1)
    heads, antennas, yaws = [], [], []
    for time_s, segment in zip(times_s, (segments[index] for index in which), strict=True):
        head, (yaw, *pair) = segment.at(float(time_s))
        turned = np.eye(4)
        turned[:3, :3] = rotations.exp(np.array([0.0, 0.0, yaw]))
        heads.append(turned @ head)
        antennas.append([-value for value in pair])
        yaws.append(yaw)
    return Move(times_s, np.array(heads), np.array(antennas), np.array(yaws), "trajectory")


def _check_samples(names: Sequence[str], move: Move, first_s: float, reach: Reach) -> None:
    """Check what is between the points; what is not named is where it is, and may stay.

    Where the robot starts from outside the limits, as it sleeps, the way to the first point at
    ``first_s`` may lead through there.
    """
    head, antennas = bool(set(names) & set(HEAD_JOINTS)), bool(set(names) & set(ANTENNA_JOINTS))
    start = Move(move.times_s[:1], move.heads[:1], move.antennas[:1], move.body_yaws[:1])
    try:
        start.check(reach, head=head, antennas=antennas)
        from_s = 0.0
    except InvalidCommandError:
        from_s = first_s
    move.check(reach, head=head, antennas=antennas, from_s=from_s)


def _spread(names: Sequence[str], values: Sequence[float], base: Matrix) -> Matrix:
    """Return ``base`` in the order of :data:`JOINTS` with the named joints' values."""
    spread = base.copy()
    for name, value in zip(names, values, strict=True):
        spread[JOINTS.index(name)] = value
    return spread


def _arms(joints: Matrix) -> Matrix:
    """Return head joints with the body straight, to get the head's pose over the body."""
    return np.concatenate(([0.0], joints[1:7]))


def _state(joints: Matrix, head: Matrix) -> RobotState:
    return RobotState(head, _arms(joints), np.zeros(2), 0)


def _over_body(head_pose: Matrix, body_yaw: float) -> Matrix:
    back = np.eye(4)
    back[:3, :3] = rotations.exp(np.array([0.0, 0.0, -body_yaw]))
    return np.asarray(back @ head_pose)
