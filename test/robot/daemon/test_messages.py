# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What comes over the websocket is understood, or refused in one way, whatever it is."""

import json
import math
import sys
from typing import Any

import numpy as np
import pytest
from harness.fuzzing import BOUNDED, JSON, altered
from harness.poses import pose as pose_of
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.robot.daemon import messages
from reachy_mini_ros.robot.daemon.messages import HeadPose, Joints, TaskEnd, UploadReport
from reachy_mini_ros.robot.state import ImuSample, Matrix, RobotInfo
from reachy_mini_ros.texts import LONGEST

NOW_NS = 12345
JOINTS = {
    "type": "joint_positions",
    "head_joint_positions": [0, 0.6265, -0.6265, 0.6265, -0.6265, 0.6265, -0.6265],
    "antennas_joint_positions": [-3.05, 3.05],
}
POSE = {
    "type": "head_pose",
    "head_pose": [[0.8, -0.6, 0, 0.01], [0.6, 0.8, 0.0, -0.02], [0, 0, 1, 0.005], [0, 0, 0, 1]],
}
IMU = {
    "type": "imu_data",
    "accelerometer": [0.1, -0.2, 9.81],
    "gyroscope": [0.01, 0.02, -0.03],
    "quaternion": [0.8, 0.0, 0.6, 0.0],
    "temperature": 36,
}
STATUS = {
    "type": "daemon_status",
    "robot_name": "reachy_mini",
    "state": "running",
    "wireless_version": True,
    "desktop_app_daemon": False,
    "simulation_enabled": False,
    "mockup_sim_enabled": False,
    "backend_status": {"motor_control_mode": "enabled", "error": None},
}
TASK = {"type": "task_progress", "uuid": "a-b-c", "finished": True, "error": None}
STARTED = {"type": "play_uploaded_move", "upload_id": "u", "started": True, "duration_s": 1.0}
CANCELLED = {"type": "play_uploaded_move", "upload_id": "u", "cancelled": True}
GOOD = (JOINTS, POSE, IMU, STATUS, TASK, STARTED, CANCELLED)


def parsed(message: object) -> messages.Message | None:
    return messages.parse(json.dumps(message), NOW_NS)


def pose(matrix: Any) -> dict[str, Any]:
    return POSE | {"head_pose": np.asarray(matrix).tolist()}


def test_good_messages_are_understood() -> None:
    joints, head, imu, status, *ends = (parsed(message) for message in GOOD)
    assert isinstance(joints, Joints)
    assert joints.head_joints.tolist() == JOINTS["head_joint_positions"]
    assert joints.antennas.tolist() == [-3.05, 3.05]
    assert isinstance(head, HeadPose)
    assert head.matrix.tolist() == POSE["head_pose"]
    assert isinstance(imu, ImuSample)
    assert imu.orientation.tolist() == [0.8, 0.0, 0.6, 0.0]
    assert imu.linear_acceleration.tolist() == [0.1, -0.2, 9.81]
    assert imu.angular_velocity.tolist() == [0.01, 0.02, -0.03]
    assert (imu.temperature, imu.received_ns) == (36.0, NOW_NS)
    assert isinstance(status, RobotInfo)
    assert (status.model, status.motor_mode) == ("wireless", "enabled")
    assert ends == [
        TaskEnd("a-b-c", ""),
        UploadReport("u", started=True, cancelled=False, error=""),
        UploadReport("u", started=False, cancelled=True, error=""),
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "recorded_data", "data": []},
        {"jsonrpc": "2.0", "method": "app/started"},
        TASK | {"finished": False},
    ],
)
def test_what_is_for_others_is_nothing_for_us(message: object) -> None:
    assert parsed(message) is None


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "no JSON"),
        (json.dumps(JOINTS)[:-10], "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        ("[" * 10_000 + "]" * 10_000, "nested too deep"),
        ('{"type":' * 7_000, "nested too deep" if sys.version_info < (3, 13) else "no JSON"),
        ("9" * 5000, "no JSON"),
        (json.dumps({"type": "recorded_data", "data": "x" * 100_000}), "of 65536 at most"),
        ("null", "is null, not an object"),
        ("[]", "is a list, not an object"),
        ("{}", "'type' is null"),
        ('{"type": []}', "'type' is a list"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_no_message_is_refused(raw: str | bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why) as refused:
        messages.parse(raw, NOW_NS)
    assert len(str(refused.value)) < LONGEST


ABSURD = [True, "0.1", None, [0.1], {}, 10**400, -(10**400), 1e308, math.nan, math.inf, 26.0]


@pytest.mark.parametrize("value", ABSURD, ids=lambda value: str(value)[:8])
@pytest.mark.parametrize("key", ["head_joint_positions", "antennas_joint_positions"])
def test_a_joint_that_cannot_be_is_refused(key: str, value: object) -> None:
    with pytest.raises(MalformedError, match=f"'{key}' has"):
        parsed(JOINTS | {key: [value, *JOINTS[key][1:]]})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("head_joint_positions", value) for value in (None, "abcdefg", 7, {}, [], [0.0] * 6)),
        *(("antennas_joint_positions", value) for value in (None, [0.0] * 3)),
    ],
)
def test_another_number_of_joints_is_refused(key: str, value: object) -> None:
    with pytest.raises(MalformedError, match=f"'{key}' is"):
        parsed(JOINTS | {key: value})


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((4, 4)),
        np.eye(3),
        np.eye(4)[:, :3],
        np.diag([1.0, 1.0, -1.0, 1.0]),
        np.diag([1.02, 1.0, 1.0, 1.0]),
        np.eye(4) + np.outer([0, 1, 0, 0], [0.02, 0, 0, 0]),
        np.eye(4) + np.outer([0, 0, 0, 0.1], [1, 0, 0, 0]),
        np.eye(4) + np.outer([1, 1, 0, 0], [0, 0, 0, 0.9]),
        np.eye(4) + np.outer([1, 0, 0, 0], [0, 0, 0, 1e308]),
        np.full((4, 4), True),
    ],
    ids=["zeros", "3x3", "4x3", "mirror", "longer", "skew", "last row", "far", "1e308", "true"],
)
def test_a_head_pose_that_is_no_rigid_transform_is_refused(matrix: Any) -> None:
    with pytest.raises(MalformedError, match="'head_pose'"):
        parsed(pose(matrix))


def test_a_head_pose_as_the_daemon_rounds_it_is_none_of_those() -> None:
    a, b, c = 0.3, -0.5, 2.0
    turns = [
        np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]]),
        np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]]),
        np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]]),
    ]
    matrix = np.eye(4)
    matrix[:3, :3] = np.round(turns[0] @ turns[1] @ turns[2], 3)
    assert isinstance(parsed(pose(matrix)), HeadPose)


TURNS = [pose_of(0.1, -0.2, 0.3, *angles) for angles in ((0, 0, 0), (0.5, -0.4, 2.0), (-2, 1, 0.7))]


@pytest.mark.parametrize("turn", TURNS, ids=["none", "one", "other"])
def test_a_rotation_may_be_off_by_what_is_rounded_and_no_more(turn: Matrix) -> None:
    for row, column in np.ndindex(4, 4):
        for sign in (1.0, -1.0):
            other = turn.copy()
            other[row, column] += 0.03 * sign
            off = np.abs(other[:3, :3] @ other[:3, :3].T - np.eye(3)).max()
            if row < 3 and off < 0.01:  # a translation, or an entry that hardly counts
                assert isinstance(parsed(pose(other)), HeadPose)
            else:
                with pytest.raises(MalformedError, match="'head_pose'"):
                    parsed(pose(other))
    for row in range(3):
        for factor, good in ((1.004, True), (0.996, True), (1.006, False), (0.994, False)):
            scaled = turn.copy()
            scaled[row, :3] *= factor
            if good:
                assert isinstance(parsed(pose(scaled)), HeadPose)
            else:
                with pytest.raises(MalformedError, match="is no rotation"):
                    parsed(pose(scaled))
        mirrored = turn.copy()
        mirrored[row, :3] *= -1.0
        with pytest.raises(MalformedError, match="is no rotation"):
            parsed(pose(mirrored))


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_head_is_within_a_metre(axis: int, sign: float) -> None:
    matrix = np.eye(4)
    matrix[axis, 3] = sign
    assert isinstance(parsed(pose(matrix)), HeadPose)
    matrix[axis, 3] = 1.005 * sign
    with pytest.raises(MalformedError, match="is no rotation and translation"):
        parsed(pose(matrix))
    matrix[axis, 3] = 1.02 * sign
    with pytest.raises(MalformedError, match=r"not a number of 1\.01 at most"):
        parsed(pose(matrix))


@pytest.mark.parametrize(
    ("good", "key", "most"),
    [
        (JOINTS, "head_joint_positions", 4 * math.tau),
        (JOINTS, "antennas_joint_positions", 4 * math.tau),
        (IMU, "accelerometer", 1000.0),
        (IMU, "gyroscope", 100.0),
        (IMU, "temperature", 200.0),
    ],
)
def test_the_most_that_a_number_may_be_is_taken_and_no_more(
    good: dict[str, Any], key: str, most: float
) -> None:
    for sign in (1.0, -1.0):
        for value, refused in ((most, False), (most * 1.001, True)):
            number = sign * value
            rest = good[key][1:] if isinstance(good[key], list) else None
            message = good | {key: number if rest is None else [*rest, number]}
            if refused:
                with pytest.raises(MalformedError, match=f"'{key}'"):
                    parsed(message)
            else:
                assert parsed(message) is not None


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("length", [0.91, 1.09])
def test_an_orientation_s_length_may_be_a_little_off(place: int, length: float) -> None:
    def turned(value: float) -> object:
        return parsed(IMU | {"quaternion": [value if at == place else 0.0 for at in range(4)]})

    sample = turned(length)
    assert isinstance(sample, ImuSample)
    assert sample.orientation[place] == pytest.approx(1.0)
    with pytest.raises(MalformedError, match=r"has length .*, not 1"):
        turned(1.0 + (length - 1.0) * 11 / 9)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("quaternion", [0.0, 0.0, 0.0, 0.0]),
        ("quaternion", [2.0, 0.0, 0.0, 0.0]),
        ("quaternion", [1.0, 0.0, 0.0]),
        ("accelerometer", [0.0, 0.0, 1e308]),
        ("accelerometer", [0.0, 0.0, True]),
        ("gyroscope", [0.0, 0.0, None]),
        ("temperature", True),
        ("temperature", "36"),
        ("temperature", 1e9),
    ],
)
def test_a_reading_of_the_imu_that_cannot_be_is_refused(key: str, value: object) -> None:
    with pytest.raises(MalformedError, match=f"'{key}'"):
        parsed(IMU | {key: value})


def test_texts_of_the_daemon_are_made_fit_to_be_shown() -> None:
    info = parsed(STATUS | {"error": "a\nb" + "x" * 10_000, "robot_name": "\x1b[31m\ud800"})
    assert isinstance(info, RobotInfo)
    assert info.error.startswith("a\\nbxxx")
    assert len(info.error) == LONGEST
    assert info.robot_name == "\\x1b[31m\\ud800"
    end = parsed(TASK | {"error": "no\nway"})
    assert end == TaskEnd("a-b-c", "no\\nway")
    assert parsed(TASK | {"error": ""}) == TaskEnd("a-b-c", "an error without a text")
    failed = parsed(CANCELLED | {"error": "lost"})
    assert failed == UploadReport("u", started=False, cancelled=True, error="lost")


def test_the_longest_message_is_looked_at() -> None:
    longest = json.dumps(JOINTS).ljust(2**16)
    assert isinstance(messages.parse(longest, NOW_NS), Joints)
    assert isinstance(messages.parse(longest.encode(), NOW_NS), Joints)
    with pytest.raises(MalformedError, match="65537 bytes, of 65536 at most"):
        messages.parse(longest + " ", NOW_NS)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1234567.0, "is 1.23457e+06, not"),
        (10**15 - 1, "is 999999999999999, not"),
        (-(10**15), "is a huge integer, not"),
        (True, "is true or false, not"),
        ("a" * 100, "is the text 'a"),
        ({}, "is an object, not"),
        (None, "is null, not"),
    ],
)
def test_what_is_refused_is_told_in_a_few_words(value: object, told: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parsed(IMU | {"temperature": value})
    assert str(refused.value).startswith(f"'temperature' {told}")
    assert len(str(refused.value)) < 100


@BOUNDED
@given(st.binary(max_size=200) | st.text(max_size=200) | JSON.map(json.dumps))
def test_anything_at_all_is_understood_or_refused(raw: str | bytes) -> None:
    check(raw)


@pytest.mark.parametrize("good", GOOD, ids=lambda message: message["type"])
def test_anything_in_a_message_is_understood_or_refused(good: object) -> None:
    @BOUNDED
    @given(altered(good))
    def every(message: object) -> None:
        check(json.dumps(message))

    every()


def check(raw: str | bytes) -> None:
    """Parse a message: it is refused, or what comes of it is a state that can be."""
    message, refusal = None, ""
    try:
        message = messages.parse(raw, NOW_NS)
    except MalformedError as refused:
        refusal = str(refused)
    assert len(refusal) <= 2 * LONGEST
    assert refusal.isprintable()
    if isinstance(message, Joints):
        assert message.head_joints.shape == (7,)
        assert message.antennas.shape == (2,)
        assert np.abs(message.head_joints).max() <= messages.MOST_RAD
        assert np.abs(message.antennas).max() <= messages.MOST_RAD
    elif isinstance(message, HeadPose):
        rotation = message.matrix[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=messages.NOT_RIGID)
        assert np.linalg.det(rotation) > 0.9
        assert np.linalg.norm(message.matrix[:3, 3]) <= messages.MOST_M
    elif isinstance(message, ImuSample):
        assert np.linalg.norm(message.orientation) == pytest.approx(1.0)
        assert np.isfinite(message.angular_velocity).all()
        assert np.isfinite(message.linear_acceleration).all()
