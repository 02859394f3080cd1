# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trajectories of joints: what is refused, and that samples keep to points, limits and reach."""

import importlib
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry import kinematics, rotations
from reachy_mini_ros.robot.geometry.limits import Reach
from reachy_mini_ros.robot.motion import trajectory
from reachy_mini_ros.robot.motion.trajectory import JOINTS, JointsError, Point, TooLateError, plan
from reachy_mini_ros.robot.state import Matrix, RobotState

STEWART = [f"stewart_{number}" for number in range(1, 7)]


def head_pose(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, z: float = 0.0) -> Matrix:
    pose = np.eye(4)
    pose[:3, :3] = (
        rotations.exp(np.array([0.0, 0.0, yaw]))
        @ rotations.exp(np.array([0.0, pitch, 0.0]))
        @ rotations.exp(np.array([roll, 0.0, 0.0]))
    )
    pose[2, 3] = z
    return pose


def arms(**parts: float) -> list[float]:
    joints = kinematics.inverse(head_pose(**parts), 0.0, automatic_body_yaw=False)
    assert joints is not None
    return joints[1:].tolist()


NEUTRAL = RobotState(np.eye(4), np.array([0.0, *arms()]), np.zeros(2), 0)
HEADS = st.builds(
    arms,
    yaw=st.floats(-0.5, 0.5),
    pitch=st.floats(-0.25, 0.25),
    roll=st.floats(-0.25, 0.25),
    z=st.floats(-0.01, 0.01),
)
POSITIONS = st.builds(
    lambda yaw, head, pair: [yaw, *head, *pair],
    st.floats(-2.0, 2.0),
    HEADS,
    st.tuples(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0)),
)
TIMES = st.lists(st.floats(1.0, 3.0), min_size=1, max_size=4).map(np.cumsum)


@st.composite
def trajectories(draw: st.DrawFn, *, velocities: bool) -> list[Point]:
    times_s = draw(TIMES)
    rates = st.lists(st.floats(-0.3, 0.3), min_size=9, max_size=9)
    last = len(times_s) - 1
    return [
        Point(
            float(time_s),
            draw(POSITIONS),
            (draw(rates) if index < last else [0.0] * 9) if velocities else (),
        )
        for index, time_s in enumerate(times_s)
    ]


@settings(max_examples=40)
@given(st.one_of(trajectories(velocities=False), trajectories(velocities=True)))
def test_samples_pass_through_every_point_without_a_jump(points: list[Point]) -> None:
    planned = plan(JOINTS, points, NEUTRAL)
    move = planned.move
    assert planned.duration_s == move.duration_s == points[-1].time_s
    assert np.diff(move.times_s).min() > 0.001
    assert np.diff(move.times_s).max() < 0.025
    for point in points:
        np.testing.assert_allclose(planned.desired(point.time_s), point.positions, atol=1e-3)
        index = int(np.argmin(np.abs(move.times_s - point.time_s)))
        assert move.times_s[index] == pytest.approx(point.time_s)
        joints = kinematics.inverse(
            move.heads[index], float(move.body_yaws[index]), automatic_body_yaw=False
        )
        np.testing.assert_allclose(joints, point.positions[:7], atol=1e-3)
        np.testing.assert_allclose(-move.antennas[index], point.positions[7:], atol=1e-9)
    np.testing.assert_allclose(move.heads[0], np.eye(4), atol=1e-9)
    for rows in (move.antennas, move.body_yaws[:, None], move.heads[:, :3].reshape(-1, 12)):
        assert np.abs(np.diff(rows, axis=0)).max() < 0.25


@settings(max_examples=30)
@given(trajectories(velocities=True))
def test_velocities_are_met_at_every_point(points: list[Point]) -> None:
    planned = plan(JOINTS, points, NEUTRAL)
    step_s = 1e-4
    for point in points[:-1]:
        before, at, after = (planned.desired(point.time_s + d) for d in (-step_s, 0.0, step_s))
        for slope in ((at - before) / step_s, (after - at) / step_s):
            np.testing.assert_allclose(slope, point.velocities, atol=0.03)


@settings(max_examples=30)
@given(st.floats(-0.8, 0.8), st.floats(0.2, 2.0))
def test_a_single_point_is_reached_from_rest_to_rest(position: float, time_s: float) -> None:
    planned = plan(["left_antenna"], [Point(time_s, [position])], NEUTRAL)
    way = np.array([planned.desired(t)[8] for t in np.linspace(0.0, time_s, 21)])
    assert way[10] == pytest.approx(position / 2.0)
    assert abs(way[1]) < 0.01 * abs(position) + 1e-12
    assert np.all(np.diff(way) * math.copysign(1.0, position) >= -1e-12)


def test_joints_that_are_not_named_stay_and_the_head_turns_with_the_body() -> None:
    start = RobotState(
        head_pose(pitch=0.2), np.array([0.0, *arms(pitch=0.2)]), np.array([0.3, -0.4]), 0
    )
    planned = plan(["yaw_body"], [Point(1.0, [0.5])], start)
    end = planned.move.target(-1)
    assert end.body_yaw == pytest.approx(0.5)
    np.testing.assert_allclose(end.antennas, [0.3, -0.4])
    assert end.head_pose is not None
    np.testing.assert_allclose(end.head_pose, head_pose(yaw=0.5, pitch=0.2), atol=1e-9)
    np.testing.assert_allclose(planned.desired(0.7)[1:7], arms(pitch=0.2), atol=1e-6)


def test_a_wide_turn_goes_by_the_front() -> None:
    points = [Point(1.0, [-2.4, *arms(yaw=-0.5)]), Point(3.0, [2.4, *arms(yaw=0.5)])]
    planned = plan(["yaw_body", *STEWART], points, NEUTRAL)
    middle = planned.move.target(int(np.argmin(np.abs(planned.move.times_s - 2.0))))
    assert middle.head_pose is not None
    assert rotations.roll_pitch_yaw(middle.head_pose)[2] == pytest.approx(0.0, abs=0.05)


BAD = [
    ([], [Point(1.0, [])], "name at least one joint"),
    (["nose"], [Point(1.0, [0.0])], "'nose' is not one of"),
    (["yaw_body", "yaw_body"], [Point(1.0, [0.0, 0.0])], "none twice"),
    (["stewart_1"], [Point(1.0, [0.5])], "'stewart_2' is missing"),
    (["yaw_body"], [], "no points"),
    (["yaw_body"], [Point(1.0, [0.0, 0.0])], "2 positions for 1 joints"),
    (["yaw_body"], [Point(1.0, [0.0], [0.0, 0.0])], "2 velocities for 1 joints"),
    (["yaw_body"], [Point(1.0, [0.1], [0.0]), Point(2.0, [0.0])], "at every point, or at none"),
    (["yaw_body"], [Point(1.0, [math.nan])], "point 0 holds NaN"),
    (["yaw_body"], [Point(math.inf, [0.0])], "point 0 holds NaN or infinity"),
    (["yaw_body"], [Point(1.0, [0.0], [math.inf])], "point 0 holds NaN or infinity"),
    (["yaw_body"], [Point(1.0, [0.0]), Point(1.0, [0.1])], "point 1 is due at 1.0 s"),
    (["yaw_body"], [Point(-1.0, [0.0]), Point(1.0, [0.1])], "point 0 is due at -1.0 s"),
    (["yaw_body"], [Point(601.0, [0.0])], "up to 600 s"),
    (["yaw_body"], [Point(0.0, [0.0])], "ends at time 0"),
    (
        ["left_antenna"],
        [Point((number + 1) * 0.01, [0.0]) for number in range(3001)],
        "3001 points, more than 3000",
    ),
    (["yaw_body"], [Point(0.0, [0.5]), Point(1.0, [0.6])], "yaw_body is 0.50 rad away"),
    (["yaw_body"], [Point(1.0, [0.0]), Point(2.0, [2.9])], "point 1: yaw_body = 2.9 rad"),
    (["left_antenna"], [Point(0.1, [1.0])], "left_antenna would move at 10.0 rad/s"),
    (["yaw_body"], [Point(1.0, [0.0], [9.0]), Point(2.0, [0.0], [0.0])], "at 9.0 rad/s"),
    (["yaw_body"], [Point(1.0, [0.5], [0.5])], "last point must be zero"),
    (["yaw_body"], [Point(1.0, [2.7], [3.0]), Point(2.0, [2.7], [0.0])], "yaw_body = "),
    (STEWART, [Point(1.0, [1.3, -1.3, 1.3, -1.3, 1.3, 0.8])], "point 0: no head pose"),
    (STEWART, [Point(1.0, arms(pitch=0.71))], "is outside +-40.0 deg"),
]


@pytest.mark.parametrize(("names", "points", "text"), BAD)
def test_what_the_robot_cannot_do_is_refused(
    names: list[str], points: list[Point], text: str
) -> None:
    with pytest.raises(InvalidCommandError, match=re.escape(text)):
        plan(names, points, NEUTRAL)


def test_wrong_names_are_an_error_of_their_own() -> None:
    with pytest.raises(JointsError):
        plan(["nose"], [Point(1.0, [0.0])], NEUTRAL)


def test_a_narrower_reach_holds_at_the_points_and_between_them() -> None:
    points = [Point(1.0, arms(z=0.004, pitch=0.2)), Point(2.0, arms())]
    plan(STEWART, points, NEUTRAL, Reach(tilt_rad=0.21))
    with pytest.raises(InvalidCommandError, match=r"at 0\.\d+ s: head pitch"):
        plan(STEWART, points, NEUTRAL, Reach(tilt_rad=0.1))
    with pytest.raises(InvalidCommandError, match=r"point 0: yaw_body = 0\.5 rad is outside"):
        plan(["yaw_body"], [Point(1.0, [0.5])], NEUTRAL, Reach(body_rad=0.4))


def test_the_way_out_of_a_pose_outside_the_limits_is_allowed() -> None:
    constants = importlib.import_module("reachy_mini.reachy_mini")
    asleep = RobotState(
        np.array(constants.SLEEP_HEAD_POSE),
        np.array(constants.SLEEP_HEAD_JOINT_POSITIONS),
        np.array([-3.05, 3.05]),
        0,
    )
    plan(STEWART, [Point(1.0, arms()), Point(2.0, arms(pitch=0.2))], asleep)
    with pytest.raises(InvalidCommandError, match="call wake_up first"):
        plan(["yaw_body"], [Point(1.0, [0.3])], asleep)


def test_a_first_point_where_the_robot_is_may_be_due_at_once() -> None:
    planned = plan(["yaw_body"], [Point(0.0, [0.01]), Point(1.0, [0.5])], NEUTRAL)
    assert planned.move.body_yaws[0] == 0.0
    assert planned.duration_s == 1.0


def test_a_stamp_moves_the_points_in_time() -> None:
    points = [Point(0.5, [0.0]), Point(1.0, [0.1])]
    assert [p.time_s for p in trajectory.shifted(points, 0.25)] == [0.75, 1.25]
    assert [p.time_s for p in trajectory.shifted(points, -0.75)] == [0.25]
    with pytest.raises(TooLateError, match=r"2\.0 s ago"):
        trajectory.shifted(points, -2.0)


@settings(max_examples=200)
@given(
    st.tuples(*[st.floats(-1.7, 1.7)] * 3).map(np.array),
    st.tuples(*[st.floats(-2.0, 2.0)] * 3).map(np.array),
)
def test_rotation_vectors(vector: Matrix, spin: Matrix) -> None:
    rotation = rotations.exp(vector)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rotations.log(rotation), vector, atol=1e-7)
    step_s = 1e-6
    turned = rotations.log(rotation @ rotations.exp(spin * step_s))
    np.testing.assert_allclose(
        (turned - rotations.log(rotation)) / step_s, rotations.rate(vector, spin), atol=1e-3
    )
