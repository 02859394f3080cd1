# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Validation and clamping of any target: what comes out is legal, or a clear refusal."""

import math
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from harness.poses import NEUTRAL_JOINTS, pose
from hypothesis import given, settings

from reachy_mini_ros.errors import InvalidCommandError, UnreachableError
from reachy_mini_ros.robot.geometry import clamping, kinematics, limits, rotations
from reachy_mini_ros.robot.geometry.limits import DOCUMENTED, Reach
from reachy_mini_ros.robot.state import Matrix, RobotState, Target

PRESENT = RobotState(np.eye(4), NEUTRAL_JOINTS, np.zeros(2), 0)
any_float = st.floats(allow_nan=True, allow_infinity=True)
moderate = st.floats(-4.0, 4.0)
any_pose = st.builds(pose, *(st.floats(-0.2, 0.2),) * 3, *(moderate,) * 3)
garbage = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.lists(any_float, max_size=8),
    st.lists(st.lists(any_float, min_size=4, max_size=4), min_size=4, max_size=4),
)
well_formed = st.builds(
    Target,
    head_pose=st.none() | any_pose,
    antennas=st.none() | st.lists(moderate, min_size=2, max_size=2).map(np.array),
    body_yaw=st.none() | moderate,
)
joint_targets = st.builds(
    Target, head_joints=st.lists(moderate, min_size=7, max_size=7).map(np.array)
)


reaches = st.builds(
    Reach,
    tilt_rad=st.floats(0.0, DOCUMENTED.tilt_rad),
    head_to_body_rad=st.floats(0.0, DOCUMENTED.head_to_body_rad),
    translation_m=st.floats(0.0, DOCUMENTED.translation_m),
    body_rad=st.floats(0.0, DOCUMENTED.body_rad),
    antennas_rad=st.floats(0.0, DOCUMENTED.antennas_rad),
)


def is_legal(target: Target, reach: Reach = DOCUMENTED) -> None:
    """Check the promises without the code under test."""
    for names, values in (
        (limits.ANTENNA_JOINTS, target.antennas),
        (limits.HEAD_JOINTS, target.head_joints),
        (limits.HEAD_JOINTS[:1], None if target.body_yaw is None else [target.body_yaw]),
    ):
        for name, value in zip(names, () if values is None else values, strict=values is not None):
            lower, upper = limits.joint_limits()[name]
            assert lower - 2e-3 <= value <= upper + 2e-3
            if name == "yaw_body" or names is limits.ANTENNA_JOINTS:
                bound = reach.body_rad if name == "yaw_body" else reach.antennas_rad
                assert abs(value) <= bound + 2e-3
    if target.head_pose is not None:
        roll, pitch, yaw = rotations.roll_pitch_yaw(target.head_pose)
        assert max(abs(roll), abs(pitch)) <= reach.tilt_rad + 2e-3
        assert np.linalg.norm(target.head_pose[:3, 3]) <= reach.translation_m + 2e-4
        body = target.body_yaw
        if body is not None:
            assert abs(math.remainder(yaw - body, math.tau)) <= reach.head_to_body_rad + 2e-3
        joints = kinematics.inverse(
            target.head_pose, 0.0 if body is None else body, automatic_body_yaw=body is None
        )
        assert joints is not None


@settings(max_examples=150)
@given(head=garbage, antennas=garbage, body=garbage | any_float, joints=garbage)
def test_garbage_raises_nothing_but_a_refusal(
    head: Any, antennas: Any, body: Any, joints: Any
) -> None:
    try:
        accepted = limits.check(Target(head, antennas, body, joints), PRESENT)
    except InvalidCommandError:
        return
    is_legal(accepted)


@settings(max_examples=150)
@given(target=st.one_of(well_formed, joint_targets))
def test_what_is_accepted_is_legal_and_what_is_not_can_be_clamped(target: Target) -> None:
    try:
        is_legal(limits.check(target, PRESENT))
    except UnreachableError:
        is_legal(clamping.clamp(target, PRESENT))
    except InvalidCommandError:
        assert target == Target(), "nothing but the empty target is malformed"


@settings(max_examples=150)
@given(target=st.one_of(well_formed, joint_targets), reach=reaches)
def test_what_is_accepted_or_clamped_keeps_to_a_narrower_reach(
    target: Target, reach: Reach
) -> None:
    try:
        is_legal(limits.check(target, PRESENT, reach), reach)
    except UnreachableError:
        is_legal(clamping.clamp(target, PRESENT, reach), reach)
    except InvalidCommandError:
        assert target == Target(), "nothing but the empty target is malformed"


def test_a_pose_is_clamped_to_the_edge_of_reach_in_its_direction() -> None:
    high = clamping.clamp(Target(head_pose=pose(0, 0, 0.06, 0, 0, 0.3)), PRESENT).head_pose
    assert high is not None
    assert 0.02 < high[2, 3] < 0.025
    assert rotations.roll_pitch_yaw(high)[2] == pytest.approx(0.3)
    tilted = clamping.clamp(Target(head_pose=pose(0, 0, 0, 0, 1.2, 0)), PRESENT).head_pose
    assert tilted is not None
    assert rotations.roll_pitch_yaw(tilted)[1] == pytest.approx(math.radians(40), abs=0.01)


def test_what_is_turned_too_far_is_turned_back_to_what_the_body_allows() -> None:
    clamped = clamping.clamp(Target(head_pose=pose(0, 0, 0, 0, 0, 2.0), body_yaw=0.2), PRESENT)
    assert clamped.head_pose is not None
    assert rotations.roll_pitch_yaw(clamped.head_pose)[2] == pytest.approx(
        0.2 + math.radians(65), abs=0.01
    )
    assert clamped.body_yaw == pytest.approx(0.2)


@pytest.mark.parametrize(("asked", "body"), [(-0.8, 0.8 - 1.134), (2.5, 0.8 + 1.134), (4.0, 1.934)])
def test_a_body_is_turned_as_far_as_the_head_lets_it(asked: float, body: float) -> None:
    joints = kinematics.inverse(pose(0, 0, 0, 0, 0, 0.8), 0.8, automatic_body_yaw=False)
    assert joints is not None
    there = RobotState(pose(0, 0, 0, 0, 0, 0.8), joints, np.zeros(2), 0)
    assert clamping.clamp(Target(body_yaw=asked), there).body_yaw == pytest.approx(body, abs=1e-9)


def test_what_is_legal_of_a_target_stays_as_it_is() -> None:
    tilted = pose(0.005, 0.0, 0.0, 0.1, -0.2, 0.3)
    clamped = clamping.clamp(Target(tilted, np.array([5.0, -5.0])), PRESENT)
    np.testing.assert_allclose(clamped.head_pose, tilted, atol=1e-12)
    np.testing.assert_allclose(clamped.antennas, [math.pi, -math.pi], atol=1e-3)
    near = NEUTRAL_JOINTS + np.array([0.1, 0.05, 0.05, 0.0, 0.0, -0.05, 0.0])
    clamped = clamping.clamp(Target(None, np.array([0.0, 9.0]), head_joints=near), PRESENT)
    np.testing.assert_allclose(clamped.head_joints, near, atol=1e-12)


def test_joints_are_clamped_on_the_way_from_neutral() -> None:
    def clamped(joints: Matrix) -> Matrix:
        found = clamping.clamp(Target(head_joints=joints), PRESENT).head_joints
        assert found is not None
        return found

    body = np.eye(7)[0]
    np.testing.assert_allclose(
        clamped(NEUTRAL_JOINTS + 9.0 * body), NEUTRAL_JOINTS + 2.79253 * body, atol=1e-4
    )
    way = np.array([0.0, 1.1, -0.23, 0.82, -1.29, 0.64, -0.42]) - NEUTRAL_JOINTS
    parts = (clamped(NEUTRAL_JOINTS + way) - NEUTRAL_JOINTS)[1:] / way[1:]
    np.testing.assert_allclose(parts, parts[0], atol=1e-3)
    assert 0.2 < parts[0] < 0.95
    with pytest.raises(UnreachableError):
        limits.check(Target(head_joints=NEUTRAL_JOINTS + way * (parts[0] + 0.01)), PRESENT)


def test_without_a_body_yaw_the_head_turns_as_far_as_both_may() -> None:
    reach = Reach(head_to_body_rad=0.5, body_rad=1.0)
    clamped = clamping.clamp(Target(head_pose=pose(0, 0, 0, 0, 0, 3.0)), PRESENT, reach)
    assert clamped.head_pose is not None
    assert rotations.roll_pitch_yaw(clamped.head_pose)[2] == pytest.approx(1.5, abs=2e-3)


def test_malformed_targets_are_not_clamped() -> None:
    for target in (Target(), Target(antennas=np.array([math.nan, 0])), Target(body_yaw=math.inf)):
        with pytest.raises(InvalidCommandError) as refusal:
            limits.check(target, PRESENT)
        assert not isinstance(refusal.value, UnreachableError)
