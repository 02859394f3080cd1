# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ramps: never faster than allowed, always there in the end, nothing added to what is slow."""

import math
import time

import hypothesis.strategies as st
import numpy as np
import pytest
from harness.poses import NEUTRAL_JOINTS, pose
from hypothesis import given, settings

from reachy_mini_ros.robot.geometry import kinematics, rotations
from reachy_mini_ros.robot.motion.ramp import TICK_S, Ramp, Speeds, interpolated
from reachy_mini_ros.robot.state import Matrix, RobotState, Target

SPEEDS = Speeds(head_rad_s=4.0, head_m_s=0.15, body_rad_s=3.0, antennas_rad_s=8.0)
angle = st.floats(-0.6, 0.6)
length = st.floats(-0.02, 0.02)


poses = st.builds(pose, length, length, length, angle, angle, st.floats(-3.0, 3.0))


def present() -> RobotState:
    return RobotState(np.eye(4), NEUTRAL_JOINTS, np.zeros(2), time.monotonic_ns())


def run(ramp: Ramp, now_s: float = 0.0, period_s: float = TICK_S) -> list[Target]:
    sent = []
    while (target := ramp.step(now_s)) is not None:
        sent.append(target)
        now_s += period_s
        assert len(sent) < 2000, "does not arrive"
    return sent


@settings(max_examples=60)
@given(goals=st.lists(poses, min_size=1, max_size=3), body=st.floats(-2.5, 2.5))
def test_head_and_body_never_exceed_their_speeds_and_arrive(
    goals: list[Matrix], body: float
) -> None:
    ramp, now_s = Ramp(SPEEDS), 0.0
    last = Target(head_pose=np.eye(4), body_yaw=0.0)
    for goal in goals:
        ramp.aim(Target(head_pose=goal, body_yaw=body), present())
        for _ in range(10 if goal is not goals[-1] else 2000):
            now_s += TICK_S
            step = ramp.step(now_s)
            if step is None:
                break
            assert step.head_pose is not None
            assert step.body_yaw is not None
            assert last.head_pose is not None
            assert last.body_yaw is not None
            turned = np.subtract(
                rotations.roll_pitch_yaw(step.head_pose), rotations.roll_pitch_yaw(last.head_pose)
            )
            way = np.linalg.norm((step.head_pose - last.head_pose)[:3, 3])
            assert np.linalg.norm(turned) <= SPEEDS.head_rad_s * TICK_S + 1e-6
            assert way <= SPEEDS.head_m_s * TICK_S + 1e-9
            assert abs(step.body_yaw - last.body_yaw) <= SPEEDS.body_rad_s * TICK_S + 1e-9
            last = step
    assert ramp.arrived
    np.testing.assert_array_equal(last.head_pose, goals[-1])
    assert last.body_yaw == body


def test_antennas_are_ramped_on_their_own() -> None:
    ramp = Ramp(SPEEDS)
    ramp.aim(Target(head_pose=pose(0, 0, 0, 0, 0, 1.0)), present())
    ramp.aim(Target(antennas=np.array([3.0, -3.0])), present())
    sent = run(ramp)
    right = [0.0, *(float(step.antennas[0]) for step in sent if step.antennas is not None)]
    assert np.diff(right).max() == pytest.approx(SPEEDS.antennas_rad_s * TICK_S)
    assert right[-1] == 3.0
    yaws = [
        rotations.roll_pitch_yaw(step.head_pose)[2] for step in sent if step.head_pose is not None
    ]
    assert yaws[-1] == pytest.approx(1.0)
    assert len(yaws) == math.ceil(1.0 / (SPEEDS.head_rad_s * TICK_S))


def test_what_is_slow_enough_is_passed_on_as_it_is() -> None:
    ramp = Ramp(SPEEDS)
    for step in range(1, 50):
        goal = pose(0, 0, 0, 0, 0, step * 0.015)
        ramp.aim(Target(head_pose=goal), present())
        sent = ramp.step(step * 0.005)
        assert sent is not None
        assert ramp.arrived
        np.testing.assert_array_equal(sent.head_pose, goal)
        assert sent.antennas is None
        assert sent.body_yaw is None


def test_many_targets_between_two_ticks_are_no_faster() -> None:
    ramp = Ramp(SPEEDS)
    for step in range(100):
        ramp.aim(Target(antennas=np.array([3.0, 0.0])), present())
        ramp.step(step * 0.0002)
    assert ramp.at.antennas is not None
    assert ramp.at.antennas[0] <= SPEEDS.antennas_rad_s * 2 * TICK_S


def test_the_speeds_are_those_of_the_docs_where_nobody_says() -> None:
    assert Speeds() == Speeds(head_rad_s=4.0, head_m_s=0.15, body_rad_s=4.0, antennas_rad_s=8.0)


def test_joints_go_straight_and_none_is_too_fast() -> None:
    ramp = Ramp(SPEEDS)
    goal = NEUTRAL_JOINTS + np.array([1.0, 0.3, -0.2, 0.1, 0.0, 0.2, -0.3])
    ramp.aim(Target(head_joints=goal), present())
    sent = [step.head_joints for step in run(ramp)]
    steps = np.diff([NEUTRAL_JOINTS, *sent], axis=0)
    assert np.abs(steps[:, 0]).max() <= SPEEDS.body_rad_s * TICK_S + 1e-9
    assert np.abs(steps[:, 1:]).max() <= SPEEDS.head_rad_s * TICK_S + 1e-9
    np.testing.assert_array_equal(sent[-1], goal)


@pytest.mark.parametrize(
    "way",
    [
        [0.0, 0.2, 0.0, -0.5, 0.0, 0.0, 0.1],
        [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.5, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0],
    ],
)
def test_the_joint_that_takes_longest_goes_as_fast_as_it_may(
    way: list[float],
) -> None:
    ramp = Ramp(SPEEDS)
    ramp.aim(Target(head_joints=NEUTRAL_JOINTS + np.array(way)), present())
    sent = [step.head_joints for step in run(ramp)]
    steps = np.abs(np.diff([NEUTRAL_JOINTS, *sent], axis=0))
    slowest = [SPEEDS.body_rad_s, *[SPEEDS.head_rad_s] * 6]
    shares = (steps / (np.array(slowest) * TICK_S)).max(axis=1)
    np.testing.assert_allclose(shares[:-1], 1.0)
    assert shares[-1] <= 1.0 + 1e-9


@pytest.mark.parametrize("part", ["body", "metres", "turn"])
def test_the_part_that_takes_longest_goes_as_fast_as_it_may(part: str) -> None:
    goal = {
        "body": Target(head_pose=pose(0.001, 0, 0, 0, 0, 0.1), body_yaw=-0.9),
        "metres": Target(head_pose=pose(0.012, 0, 0.016, 0, 0, 0.1), body_yaw=0.1),
        "turn": Target(head_pose=pose(0.001, 0, 0, 0.3, -0.3, 0.5), body_yaw=0.1),
    }[part]
    ramp = Ramp(SPEEDS)
    ramp.aim(goal, present())
    first = ramp.step(0.0)
    assert first is not None
    assert first.head_pose is not None
    assert first.body_yaw is not None
    went = {
        "body": abs(first.body_yaw) / SPEEDS.body_rad_s,
        "metres": float(np.linalg.norm(first.head_pose[:3, 3])) / SPEEDS.head_m_s,
        "turn": float(np.linalg.norm(rotations.roll_pitch_yaw(first.head_pose)))
        / SPEEDS.head_rad_s,
    }
    assert went[part] == pytest.approx(TICK_S)
    assert max(went.values()) == went[part]


def test_a_step_makes_up_for_as_long_as_the_last_was_ago_and_one_period_at_most() -> None:
    ramp = Ramp(SPEEDS)
    ramp.aim(Target(antennas=np.array([3.0, 0.0])), present())
    went, now_s, before = [], 0.0, 0.0
    for wait_s in (0.0, 0.005, 0.02, 0.5):
        now_s += wait_s
        sent = ramp.step(now_s)
        assert sent is not None
        assert sent.antennas is not None
        went.append((float(sent.antennas[0]) - before) / SPEEDS.antennas_rad_s)
        before = float(sent.antennas[0])
    assert went == pytest.approx([0.02, 0.005, 0.02, 0.02])


def test_from_a_pose_to_joints_and_back_goes_on_from_what_was_commanded() -> None:
    ramp = Ramp(SPEEDS)
    ramp.aim(Target(head_pose=pose(0, 0, 0, 0, 0, 0.4)), present())
    run(ramp)
    ramp.aim(Target(head_joints=NEUTRAL_JOINTS), present())
    turned = kinematics.inverse(pose(0, 0, 0, 0, 0, 0.4), 0.0, automatic_body_yaw=True)
    np.testing.assert_allclose(ramp.at.head_joints, turned, atol=1e-6)
    run(ramp, 10.0)
    ramp.aim(Target(head_pose=pose(0, 0, 0, 0, 0, 0.4)), present())
    np.testing.assert_allclose(ramp.at.head_pose, np.eye(4), atol=2e-3)


def test_without_limits_a_jump_is_sent_at_once() -> None:
    ramp = Ramp(Speeds(0.0, 0.0, 0.0, 0.0))
    goal = Target(pose(0.01, 0, 0, 0, 0, 2.0), np.array([3.0, -3.0]), 1.5)
    ramp.aim(goal, present())
    (sent,) = run(ramp)
    np.testing.assert_array_equal(sent.head_pose, goal.head_pose)
    np.testing.assert_array_equal(sent.antennas, goal.antennas)


@given(start=poses, end=poses, part=st.floats(0.0, 1.0))
def test_between_two_poses_lies_a_pose_that_tilts_no_more_than_they(
    start: Matrix, end: Matrix, part: float
) -> None:
    between = interpolated(start, end, part)
    np.testing.assert_allclose(between[:3, :3] @ between[:3, :3].T, np.eye(3), atol=1e-9)
    ends = [rotations.roll_pitch_yaw(matrix) for matrix in (start, end)]
    for value, low, high in zip(
        rotations.roll_pitch_yaw(between), np.min(ends, axis=0), np.max(ends, axis=0), strict=True
    ):
        assert low - 1e-6 <= value <= high + 1e-6
    np.testing.assert_allclose(interpolated(start, end, 1.0), end, atol=1e-9)
