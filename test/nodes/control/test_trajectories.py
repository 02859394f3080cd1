# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The size of a trajectory is known before it is taken apart."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.nodes.control.trajectories import LARGEST_BYTES, decoded, point_count
from reachy_mini_ros.robot.motion.trajectory import MOST_POINTS

NAMES = st.lists(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=9))


def message(points: int, names: list[str], frame: str = "", width: int = 0) -> JointTrajectory:
    made = JointTrajectory(joint_names=names)
    made.header.frame_id = frame
    point = JointTrajectoryPoint(positions=[0.5] * width, velocities=[0.0] * width)
    made.points = [point] * points
    return made


@given(points=st.integers(0, 20), names=NAMES, frame=st.text(max_size=9).map(ascii))
def test_points_are_counted_in_the_serialized_message(
    points: int, names: list[str], frame: str
) -> None:
    raw = serialize_message(message(points, names, frame, len(names)))
    assert point_count(raw) == points
    assert len(decoded(raw).points) == points


@pytest.mark.parametrize(
    ("points", "width"), [(MOST_POINTS + 1, 1), (100_000, 0), (MOST_POINTS, 40)]
)
def test_a_trajectory_that_would_take_long_is_refused_unread(points: int, width: int) -> None:
    raw = serialize_message(message(points, ["a"] * width, width=width))
    with pytest.raises(InvalidCommandError, match=f"has {points} points"):
        decoded(raw)


def test_as_many_points_as_are_allowed_fit_with_all_nine_joints() -> None:
    raw = serialize_message(message(MOST_POINTS, ["joint"] * 9, width=9))
    assert len(raw) < LARGEST_BYTES
    assert len(decoded(raw).points) == MOST_POINTS


@given(st.binary(max_size=60))
def test_other_bytes_are_no_trajectory(raw: bytes) -> None:
    with contextlib.suppress(InvalidCommandError):
        assert point_count(raw) >= 0
