# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recording holds what was streamed, and where the robot was where nothing was."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from reachy_mini_ros.errors import BusyError, InvalidCommandError
from reachy_mini_ros.robot.geometry.limits import DOCUMENTED
from reachy_mini_ros.robot.geometry.rotations import head_pose
from reachy_mini_ros.robot.motion import recorder
from reachy_mini_ros.robot.motion.moves import LONGEST_S
from reachy_mini_ros.robot.motion.recorder import Recorder
from reachy_mini_ros.robot.state import RobotState, Target

AT_S = 100.0
"""When the first state comes."""
NOTHING = Target()


def state(after_s: float = 0.0, yaw: float = 0.0, body: float = 0.0) -> RobotState:
    joints, antennas = np.array([body, *[0.5] * 6]), np.array([0.1, -0.2])
    return RobotState(head_pose(0.0, 0.0, yaw), joints, antennas, int((AT_S + after_s) * 1e9))


def test_where_nothing_is_streamed_it_is_where_the_robot_is() -> None:
    one = Recorder()
    assert not one.recording
    one.take(state(), NOTHING)
    assert one.start() == "recording"
    assert one.recording
    for after_s, yaw in ((0.0, 0.1), (0.02, 0.2)):
        one.take(state(after_s, yaw, body=0.15), NOTHING)
    move = one.stop()
    assert not one.recording
    np.testing.assert_allclose(move.times_s, [0.0, 0.02], atol=1e-6)
    np.testing.assert_allclose(move.heads, [head_pose(0.0, 0.0, yaw) for yaw in (0.1, 0.2)])
    np.testing.assert_allclose(move.antennas, [[0.1, -0.2]] * 2)
    np.testing.assert_allclose(move.body_yaws, [0.15] * 2)


def test_what_is_streamed_is_kept_and_the_rest_is_the_robot_s() -> None:
    one = Recorder()
    one.start()
    turned = head_pose(0.1, 0.0, 0.3)
    one.take(state(), Target(head_pose=turned, body_yaw=0.25))
    one.take(state(0.02), Target(antennas=np.array([0.5, 0.6])))
    move = one.stop()
    np.testing.assert_allclose(move.heads, [turned, np.eye(4)])
    np.testing.assert_allclose(move.antennas, [[0.1, -0.2], [0.5, 0.6]])
    np.testing.assert_allclose(move.body_yaws, [0.25, 0.0])


REACH = DOCUMENTED.head_to_body_rad


@pytest.mark.parametrize(
    ("yaw", "body", "apart"),
    [(2.0, 0.2, REACH), (-2.0, 0.0, -REACH), (3.0, -3.0, 6.0 - 2 * math.pi)],
)
def test_a_body_that_comes_after_its_head_is_as_near_as_it_will_have_to_be(
    yaw: float, body: float, apart: float
) -> None:
    one = Recorder()
    one.start()
    for after_s in (0.0, 0.02):
        one.take(state(after_s, yaw, body), NOTHING)
    assert yaw - one.stop().body_yaws == pytest.approx(apart)


def test_it_ends_by_itself_where_a_move_has_to_end() -> None:
    one = Recorder()
    one.start()
    for after_s in (0.0, LONGEST_S - 0.02, LONGEST_S, LONGEST_S + 1.0):
        one.take(state(after_s), NOTHING)
    np.testing.assert_allclose(one.stop().times_s, [0.0, LONGEST_S - 0.02])


def test_one_at_a_time_and_none_of_nothing() -> None:
    one = Recorder()
    with pytest.raises(InvalidCommandError, match="no recording runs"):
        one.stop()
    one.start()
    with pytest.raises(BusyError, match="runs already"):
        one.start()
    one.take(state(), NOTHING)
    with pytest.raises(InvalidCommandError, match="nothing was recorded"):
        one.stop()
    assert not one.recording


def test_each_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class SameSecond(recorder.datetime):
        @classmethod
        def now(cls, _: object = None) -> "SameSecond":
            return cls(2026, 1, 2, 3, 4, 5)

    one = Recorder()
    one.start()
    for after_s in (0.0, 0.02):
        one.take(state(after_s), NOTHING)
    move = one.stop()
    assert re.fullmatch(r"recorded \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", move.description)
    monkeypatch.setattr(recorder, "datetime", SameSecond)
    stem = "move_20260102_030405"
    names = [recorder.save(move, tmp_path).name for _ in range(3)]
    assert names == [f"{stem}.json", f"{stem}_2.json", f"{stem}_3.json"]
    with pytest.raises(InvalidCommandError, match=r"cannot save the recording: .*move_directory"):
        recorder.save(move, tmp_path / names[0])
