# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files of recorded moves, and their names: understood as they are meant, or refused."""

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.fuzzing import BOUNDED, JSON, altered
from harness.moves import nod
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.geometry.limits import Reach
from reachy_mini_ros.robot.geometry.rotations import head_pose
from reachy_mini_ros.robot.motion import moves
from reachy_mini_ros.robot.motion.moves import HOLD_S, Move, Source

ROW = {"head": np.eye(4).tolist(), "antennas": [0.1, -0.2], "body_yaw": 0.3}
GOOD: dict[str, Any] = {
    "description": "two samples",
    "time": [5.0, 5.5],
    "set_target_data": [ROW, {**ROW, "body_yaw": -0.3}],
}


def read(**other: object) -> Move:
    return Move.from_json(json.dumps(GOOD | other))


def test_a_file_is_read_with_times_from_its_first() -> None:
    move = read()
    assert move.times_s.tolist() == [0.0, 0.5]
    assert move.duration_s == 0.5
    assert move.heads.shape == (2, 4, 4)
    assert move.antennas.tolist() == [[0.1, -0.2]] * 2
    assert move.body_yaws.tolist() == [0.3, -0.3]
    assert move.description == "two samples"
    target = move.target(1)
    assert target.body_yaw == -0.3
    assert target.antennas is not None
    assert target.antennas.tolist() == [0.1, -0.2]


def test_body_and_description_may_be_left_out() -> None:
    rows = [{key: ROW[key] for key in ("head", "antennas")}] * 2
    move = Move.from_json(json.dumps({"time": [0, 1], "set_target_data": rows}))
    assert move.body_yaws.tolist() == [0.0, 0.0]
    assert move.description == ""


def test_what_was_written_is_read() -> None:
    one = nod()
    other = Move.from_json(one.to_json())
    assert other.description == "a greeting"
    for name in ("heads", "antennas", "body_yaws"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), abs=1e-7)
    assert other.times_s == pytest.approx(one.times_s, abs=1e-4)
    assert b" " not in one.to_json().replace(b"a greeting", b"")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"time": [0.0]}, "two or more times"),
        ({"time": 5}, "two or more times"),
        ({"time": [[0.0, 1.0]]}, "two or more times"),
        ({"time": [0.0, 1.0, 2.0]}, "a move of 3 times"),
        ({"set_target_data": [ROW, {**ROW, "antennas": [1.0]}]}, "not a recorded move"),
        ({"set_target_data": [{**ROW, "antennas": [1.0]}] * 2}, "a move of 2 times"),
        ({"set_target_data": [{**ROW, "body_yaw": [1.0]}] * 2}, "a move of 2 times"),
        ({"set_target_data": [{**ROW, "head": [1.0]}] * 2}, "not a recorded move"),
        ({"set_target_data": [ROW, {"antennas": [0, 0]}]}, "'head' is missing"),
        ({"set_target_data": [ROW, {**ROW, "body_yaw": math.nan}]}, "NaN or infinity"),
        ({"set_target_data": [ROW, {**ROW, "body_yaw": 10**400}]}, "not a recorded move"),
        ({"time": [0.0, math.inf]}, "NaN or infinity"),
        ({"time": [1.0, 0.5]}, "must increase"),
        ({"time": [1.0, 1.0]}, "must increase"),
        ({"time": [0.0, 600.1]}, "at most 600 s"),
    ],
)
def test_what_is_no_move_is_refused(other: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidCommandError, match=reason):
        read(**other)


@pytest.mark.parametrize("text", ["", "[", "[]", "7", "null", b"\xff", "[" * 100_000])
def test_a_text_that_is_no_move_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidCommandError, match="not a recorded move"):
        Move.from_json(text)


@BOUNDED
@given(altered(GOOD) | JSON)
def test_anything_is_a_move_or_refused(document: object) -> None:
    with contextlib.suppress(InvalidCommandError):
        move = Move.from_json(json.dumps(document))
        assert move.times_s[0] == 0.0
        assert np.isfinite(move.heads).all()


def test_a_move_of_as_long_as_is_allowed_is_read() -> None:
    assert read(time=[0.0, 600.0]).duration_s == 600.0


def test_the_last_sample_is_held() -> None:
    held = read().held()
    assert held.times_s.tolist() == [0.0, 0.5, 0.5 + HOLD_S]
    assert held.body_yaws.tolist() == [0.3, -0.3, -0.3]
    assert held.antennas.shape == (3, 2)
    assert held.heads.shape == (3, 4, 4)
    assert held.description == "two samples"


def test_the_first_sample_that_cannot_be_is_told() -> None:
    move = nod(2.0)
    move.check()
    move.heads[10:] = head_pose(roll=1.0)
    move.antennas[15:] = 9.0
    with pytest.raises(InvalidCommandError, match=r"^at 1\.05 s: .*roll"):
        move.check()
    with pytest.raises(InvalidCommandError, match=r"^at 1\.58 s: right_antenna"):
        move.check(head=False)
    with pytest.raises(InvalidCommandError, match=r"^at 1\.16 s: .*roll"):
        move.check(antennas=False, from_s=1.1)
    nod().check(Reach(antennas_rad=0.7))
    with pytest.raises(InvalidCommandError, match="right_antenna"):
        nod().check(Reach(antennas_rad=0.5))
    nod().check(Reach(antennas_rad=0.5), antennas=False)


def test_a_move_is_a_file_here_or_one_of_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "nod.json").write_bytes(nod().to_json())
    here = Source("nod", tmp_path / "nod.json")
    assert moves.find(" nod ", tmp_path, "owner/set") == here
    assert moves.find("nod.json", tmp_path, "owner/set").file == here.file
    assert moves.find("bow", tmp_path, "owner/set") == Source("bow", None, "owner/set")
    assert moves.find("a/b/nod", tmp_path, "owner/set") == Source("nod", None, "a/b")


@pytest.mark.parametrize(
    "name", ["", "a/b", "a/b/c/d", "../nod", "a/../nod", ".nod", "a b", "a//c", "x" * 201]
)
def test_what_is_no_name_of_a_move_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidCommandError, match="is not the name of a move"):
        moves.find(name, tmp_path, "owner/set")
    assert moves.find("x" * 200, tmp_path, "owner/set").name == "x" * 200


@pytest.mark.parametrize("name", ["", "set", "a/b/c", "../set", "owner/.set"])
def test_what_is_no_name_of_a_data_set_is_refused(name: str) -> None:
    moves.check_dataset("owner/set-1.0+a_b")
    with pytest.raises(InvalidCommandError, match="is not the name of a data set"):
        moves.check_dataset(name)


@given(st.text(max_size=20))
def test_any_name_stays_in_its_directory(name: str) -> None:
    with contextlib.suppress(InvalidCommandError):
        moves.check_dataset(name)
        assert ".." not in name.split("/")


def test_files_are_listed_and_loaded(tmp_path: Path) -> None:
    assert moves.recorded(tmp_path / "none") == []
    for name in ("nod.json", "bow.json", ".hidden.json", "notes.txt"):
        (tmp_path / name).write_bytes(nod().to_json())
    assert moves.recorded(tmp_path) == ["bow", "nod"]
    assert moves.load(tmp_path / "nod.json").description == "a greeting"
    (tmp_path / "bow.json").write_text("{}")
    for name in ("bow.json", "gone.json"):
        with pytest.raises(InvalidCommandError, match=f"{name}: "):
            moves.load(tmp_path / name)
