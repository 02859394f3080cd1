# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot may be told, against the robot's own kinematics and URDF."""

import math
from dataclasses import asdict

import numpy as np
import pytest
from numpy.typing import ArrayLike

from reachy_mini_ros.errors import InvalidCommandError, UnreachableError
from reachy_mini_ros.robot.geometry import kinematics, limits
from reachy_mini_ros.robot.geometry.rotations import roll_pitch_yaw
from reachy_mini_ros.robot.state import Matrix, RobotState, Target

NEUTRAL_JOINTS = [0.0, 0.6265, -0.6265, 0.6265, -0.6265, 0.6265, -0.6265]
SLEEP_POSE = [
    [0.911, 0.004, 0.413, -0.021],
    [-0.004, 1.0, -0.001, 0.001],
    [-0.413, -0.001, 0.911, -0.044],
    [0.0, 0.0, 0.0, 1.0],
]


def head(
    x: float = 0, y: float = 0, z: float = 0, roll: float = 0, pitch: float = 0, yaw: float = 0
) -> Matrix:
    """Return a head pose from metres and degrees."""
    (cr, sr), (cp, sp), (cy, sy) = (
        (math.cos(math.radians(angle)), math.sin(math.radians(angle)))
        for angle in (roll, pitch, yaw)
    )
    pose = np.eye(4)
    pose[:3, :3] = (
        np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
        @ np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
        @ np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    )
    pose[:3, 3] = x, y, z
    return pose


def present(pose: Matrix, body_yaw: float = 0.0) -> RobotState:
    joints = kinematics.inverse(pose, body_yaw, automatic_body_yaw=False)
    assert joints is not None
    return RobotState(pose, joints, np.zeros(2), 0)


@pytest.mark.parametrize(
    "target",
    [
        Target(head_pose=head()),
        Target(head_pose=head(roll=40)),
        Target(head_pose=head(pitch=-40)),
        Target(head_pose=head(pitch=40)),
        Target(head_pose=head(yaw=180)),
        Target(head_pose=head(yaw=-150)),
        Target(head_pose=head(x=0.04)),
        Target(head_pose=head(z=-0.045)),
        Target(head_pose=head(yaw=100), body_yaw=math.radians(60)),
        Target(head_pose=np.array(SLEEP_POSE)),
        Target(antennas=np.array([-math.pi, math.pi])),
        Target(body_yaw=1.0),
        Target(head_joints=np.array(NEUTRAL_JOINTS)),
        Target(head_joints=np.array([1.5, *NEUTRAL_JOINTS[1:]])),
    ],
)
def test_a_legal_target_is_passed_on_unchanged(target: Target) -> None:
    checked = asdict(limits.check(target))
    for part, value in asdict(target).items():
        np.testing.assert_equal(checked[part], value)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("part", "size"), [("head_pose", 16), ("antennas", 2), ("head_joints", 7), ("body_yaw", 1)]
)
def test_numbers_that_are_not_finite_are_refused_wherever_they_stand(
    part: str, size: int, bad: float
) -> None:
    good = {
        "head_pose": np.eye(4),
        "antennas": np.zeros(2),
        "head_joints": np.array(NEUTRAL_JOINTS),
        "body_yaw": np.array(0.0),
    }[part]
    for place in range(size):
        value = good.copy()
        value.ravel()[place] = bad
        with pytest.raises(InvalidCommandError, match="NaN or infinity"):
            limits.check(Target(**{part: value}))


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (Target(), "empty"),
        (Target(head_pose=np.eye(3)), r"shape \(3, 3\), must have \(4, 4\)"),
        (Target(antennas=np.zeros(3)), r"must have \(2,\)"),
        (Target(head_joints=np.zeros(5)), r"must have \(7,\)"),
        (Target(antennas=np.array([0.0, 100.0])), r"left_antenna = -100 rad is outside"),
        (Target(body_yaw=2.9), "yaw_body = 2.9 rad is outside"),
        (Target(head_joints=np.array([0, 1.5, *NEUTRAL_JOINTS[2:]])), "stewart_1 = 1.5 rad"),
        (Target(head_pose=np.zeros((4, 4))), "not a rigid transform"),
        (Target(head_pose=np.diag([1.0, 1.0, -1.0, 1.0])), "not a rigid transform"),
        (Target(head_pose=head() * 2), "not a rigid transform"),
        (Target(head_pose=head(roll=41)), r"head roll 41.0 deg is outside \+-40.0 deg"),
        (Target(head_pose=head(pitch=-50)), "head pitch -50.0 deg is outside"),
        (
            Target(head_pose=head(0.02, -0.03, 0.1, 10, -20, 30.04)),
            r"cannot reach \(20, -30, 100\) mm from neutral with roll 10.0 deg, pitch -20.0 deg, "
            "yaw 30.0 deg",
        ),
        (Target(head_pose=head(z=1e9)), r"cannot reach \(0, 0, 1000000\) mm"),
        (Target(head_pose="abc"), "head pose: not an array of numbers"),  # type: ignore[arg-type]
        (Target(head_pose=head(z=-0.177)), "cannot reach"),
        (Target(head_pose=head(roll=40, pitch=40)), "stewart_3"),
        (
            Target(head_pose=head(-0.02, 0.04, -0.047, 13.3, 32.0, -58.8), body_yaw=0.0),
            "a singularity of the platform is in the way",
        ),
        (Target(head_pose=head(yaw=180), body_yaw=0.0), "180.0 deg apart, more than 65.0"),
        (Target(body_yaw=1.2), "68.8 deg apart"),
        (Target(head_pose=head(), head_joints=np.array(NEUTRAL_JOINTS)), "exclude each other"),
    ],
)
def test_an_illegal_target_is_refused_with_value_and_limit(target: Target, text: str) -> None:
    with pytest.raises(InvalidCommandError, match=text):
        limits.check(target)


def test_a_body_yaw_alone_is_judged_by_where_the_head_is() -> None:
    turned = present(head(yaw=100), body_yaw=1.0)
    assert limits.check(Target(body_yaw=2.0), turned).body_yaw == 2.0
    with pytest.raises(InvalidCommandError, match="leave the body yaw out"):
        limits.check(Target(body_yaw=0.0), turned)


def test_a_head_is_turned_along_no_further_than_a_body_needs() -> None:
    turned = limits.turned_along(head(yaw=10), math.radians(100))
    assert turned is not None
    assert math.degrees(roll_pitch_yaw(turned)[2]) == pytest.approx(35.0, abs=0.1)
    tilted = limits.turned_along(head(pitch=-5, yaw=20, z=0.01), math.radians(-100))
    assert tilted is not None
    limits.check(Target(head_pose=tilted, body_yaw=math.radians(-100)))
    assert limits.turned_along(head(yaw=40), math.radians(100)) is None
    assert limits.turned_along(head(), math.nan) is None


@pytest.mark.parametrize("turn", [head(), head(0.01, 0.0, 0.0, 20, -15, 100)])
def test_a_rotation_may_be_off_by_a_thousandth_and_no_more(turn: Matrix) -> None:
    for row, column in np.ndindex(4, 4):
        for sign in (1.0, -1.0):
            other = turn.copy()
            other[row, column] += 0.003 * sign
            off = np.abs(other[:3, :3] @ other[:3, :3].T - np.eye(3)).max()
            if row < 3 and off < 0.001:  # a translation, or an entry that hardly counts
                limits.check(Target(head_pose=other))
            else:
                with pytest.raises(InvalidCommandError, match="not a rigid transform"):
                    limits.check(Target(head_pose=other))
    for row in range(3):
        for factor, good in ((1.0004, True), (0.9996, True), (1.0006, False), (0.9994, False)):
            scaled = turn.copy()
            scaled[row, :3] *= factor
            if good:
                limits.check(Target(head_pose=scaled))
            else:
                with pytest.raises(InvalidCommandError, match="not a rigid transform"):
                    limits.check(Target(head_pose=scaled))
        mirrored = turn.copy()
        mirrored[row, :3] *= -1.0
        with pytest.raises(InvalidCommandError, match="not a rigid transform"):
            limits.check(Target(head_pose=mirrored))


def test_stewart_joints_that_hold_no_platform_are_refused() -> None:
    with pytest.raises(InvalidCommandError, match="no head pose belongs"):
        limits.check(Target(head_joints=np.array([0, 1.2, -1.2, 1.2, 0.5, 0.5, 0.5])))


@pytest.mark.parametrize("seed", range(5))
def test_forward_kinematics_undoes_the_inverse_from_a_neighbouring_pose(seed: int) -> None:
    random = np.random.default_rng(seed)

    def pose(spread: float) -> Matrix:
        angles: ArrayLike = random.uniform(-spread, spread, 3)
        roll, pitch, yaw = np.asarray(angles)
        return head(*random.uniform(-spread, spread, 3) / 1e3, roll, pitch, yaw)

    start, goal = present(pose(10)), pose(15)
    joints = kinematics.inverse(goal, 0.1, automatic_body_yaw=False)
    assert joints is not None
    np.testing.assert_allclose(limits.pose_of_joints(joints, start), goal, atol=1e-3)


NARROW = limits.Reach(
    tilt_rad=0.2, head_to_body_rad=0.5, translation_m=0.01, body_rad=1.0, antennas_rad=0.4
)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (Target(head_pose=head(pitch=12)), r"head pitch 12.0 deg is outside \+-11.5 deg"),
        (Target(head_pose=head(z=0.012)), "12 mm from neutral, more than 10 mm"),
        (Target(head_pose=head(yaw=40), body_yaw=0.1), "more than 28.6 deg"),
        (Target(body_yaw=0.6), "more than 28.6 deg"),
        (Target(head_pose=head(yaw=90)), "more than 28.6 deg"),
        (Target(head_pose=head(yaw=60), body_yaw=1.1), "outside its limits -1 to 1 rad"),
        (Target(antennas=np.array([0.5, 0.0])), "outside its limits -0.4 to 0.4 rad"),
        (Target(head_joints=np.array([1.1, *NEUTRAL_JOINTS[1:]])), "-1 to 1 rad"),
    ],
)
def test_a_narrower_reach_refuses_what_the_robot_could_do(target: Target, text: str) -> None:
    with pytest.raises(UnreachableError, match=text):
        limits.check(target, reach=NARROW)


@pytest.mark.parametrize(("yaw", "start", "body"), [(20, 0, 0), (80, 0, 51.4), (-20, 30, 8.6)])
def test_a_narrower_reach_turns_the_body_along_no_further_than_it_must(
    yaw: float, start: float, body: float
) -> None:
    now = present(head(yaw=start), body_yaw=math.radians(start))
    checked = limits.check(Target(head_pose=head(yaw=yaw)), now, NARROW)
    assert checked.body_yaw == pytest.approx(math.radians(body), abs=1e-3)


def edge(part: str, value: float) -> Target:
    """Return a target with one part at ``value``, rad or m."""
    degrees = math.degrees(value)
    return {
        "roll": Target(head_pose=head(roll=degrees)),
        "pitch": Target(head_pose=head(pitch=degrees)),
        "head to body": Target(head_pose=head(yaw=degrees), body_yaw=0.0),
        "body to head": Target(body_yaw=value),
        "body": Target(head_pose=head(yaw=degrees), body_yaw=value),
        "body joint": Target(head_joints=np.array([value, *NEUTRAL_JOINTS[1:]])),
        "right antenna": Target(antennas=np.array([value, 0.0])),
        "left antenna": Target(antennas=np.array([0.0, value])),
        "x": Target(head_pose=head(x=value)),
        "z": Target(head_pose=head(z=value)),
    }[part]


@pytest.mark.parametrize(
    ("part", "bound", "reach", "tolerance"),
    [
        ("roll", 0.698, limits.DOCUMENTED, 1e-3),
        ("pitch", 0.698, limits.DOCUMENTED, 1e-3),
        ("head to body", 1.134, limits.DOCUMENTED, 1e-3),
        ("body to head", 1.134, limits.DOCUMENTED, 1e-3),
        ("body", 2.79253, limits.DOCUMENTED, 1e-3),
        ("body joint", 2.79253, limits.DOCUMENTED, 1e-3),
        ("right antenna", math.pi, limits.DOCUMENTED, 1e-3),
        ("left antenna", math.pi, limits.DOCUMENTED, 1e-3),
        ("roll", 0.2, NARROW, 1e-3),
        ("head to body", 0.5, NARROW, 1e-3),
        ("body", 1.0, NARROW, 1e-3),
        ("right antenna", 0.4, NARROW, 1e-3),
        ("x", 0.01, NARROW, 1e-4),
        ("z", 0.01, NARROW, 1e-4),
    ],
)
def test_a_limit_is_where_it_is_said_to_be(
    part: str, bound: float, reach: limits.Reach, tolerance: float
) -> None:
    """A little outside counts as the edge, so that what was read there can be sent back."""
    for sign in (1.0, -1.0):
        limits.check(edge(part, sign * (bound + 0.9 * tolerance)), reach=reach)
        with pytest.raises(UnreachableError, match=r"outside|more than"):
            limits.check(edge(part, sign * (bound + 1.1 * tolerance)), reach=reach)


def test_a_head_lies_a_little_outside_its_limits_and_no_less() -> None:
    lower, upper = limits.joint_limits()["stewart_1"]
    for value, expected in (
        (lower - 0.029, False),
        (lower - 0.031, True),
        (upper + 0.029, False),
        (upper + 0.031, True),
    ):
        joints = np.array([0.0, value, *NEUTRAL_JOINTS[2:]])
        assert limits.lies(joints) is expected
        if expected:
            with pytest.raises(InvalidCommandError, match="call wake_up first"):
                limits.check_turning(joints)
        else:
            limits.check_turning(joints)


def test_a_wider_reach_than_the_urdf_s_is_none() -> None:
    assert limits.joint_limits(limits.Reach(body_rad=9.0)) == limits.joint_limits()


def test_the_limits_are_those_of_the_urdf() -> None:
    table = limits.joint_limits()
    assert table["yaw_body"] == pytest.approx((-2.79253, 2.79253))
    assert table["stewart_2"] == pytest.approx((-1.39626, 1.22173))
    assert table["right_antenna"] == pytest.approx((-math.pi, math.pi))


def test_what_is_refused_is_doubtful_beforehand_and_hardly_more() -> None:
    """Else a long move could hide a sample that the robot must not be told."""
    random = np.random.default_rng(5)
    count = 1500
    low = np.array([-0.06, -0.06, -0.06, -50, -50, -200])
    heads = np.array([head(*row) for row in random.uniform(low, -low, (count, 6))])
    heads[:5] = head()  # where nothing else is wrong
    heads[0, 0, 0] = np.nan
    heads[1, :3, :3] *= 1.01
    heads[2, 0, 0] *= -1.0
    heads[3, 3, 3] = 2.0
    heads[4, 0, 3] = 1e308
    yaws = random.uniform(-3.0, 3.0, count)
    yaws[200:] = [math.atan2(pose[1, 0], pose[0, 0]) + 0.3 for pose in heads[200:]]
    yaws[:5] = 0.0
    antennas = random.uniform(-3.2, 3.2, (count, 2))
    antennas[:5] = 0.0
    antennas[5] = np.nan
    refused = []
    for pose, yaw, pair in zip(heads, yaws, antennas, strict=True):
        try:
            limits.check(Target(pose, pair, float(yaw)))
        except InvalidCommandError:
            refused.append(True)
        else:
            refused.append(False)
    assert all(refused[:6])
    doubts = limits.doubtful(heads, yaws, antennas)
    assert not (np.array(refused) & ~doubts).any()
    assert 100 < (~doubts).sum() < count
    assert (doubts & ~np.array(refused)).sum() < count / 50
