# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the daemon answers over HTTP is understood, or refused in one way, whatever it is."""

import json
from collections.abc import Callable

import pytest
from harness.fuzzing import BOUNDED, JSON, altered
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.robot.daemon import answers, parsing
from reachy_mini_ros.texts import LONGEST

UUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
CASES: list[tuple[Callable[[object], object], object, object]] = [
    (
        answers.media_status,
        {"available": True, "released": False, "no_media": False},
        answers.MediaStatus(available=True, released=False, no_media=False),
    ),
    (answers.begun_move, {"uuid": UUID}, UUID),
    (answers.running_moves, [{"uuid": UUID}], [UUID]),
    (
        answers.move_update,
        {"type": "move_failed", "uuid": UUID, "details": "no\nway"},
        answers.MoveUpdate(UUID, "move_failed", "no\\nway"),
    ),
    (answers.names, ["dance1", "fear1"], ["dance1", "fear1"]),
    (answers.sounds, {"files": ["a.wav"]}, ["a.wav"]),
    (answers.app_lock, {"state": "local_app", "holder_name": "radio"}, "local_app: radio"),
    (answers.outcome, {"status": "busy", "message": "in use"}, (False, "in use")),
    (answers.doa, {"angle": 1.5, "speech_detected": True}, (1.5, True)),
]
NAMES = [case[0].__name__ for case in CASES]


@pytest.mark.parametrize(("parse", "answer", "expected"), CASES, ids=NAMES)
def test_a_good_answer_is_understood(
    parse: Callable[[object], object], answer: object, expected: object
) -> None:
    assert parse(answer) == expected


def test_what_may_be_left_out_may() -> None:
    assert answers.app_lock({"state": "free", "holder_name": None}) == "free"
    assert answers.outcome({"status": "ok", "enabled": True}) == (True, "")
    assert answers.move_update({"type": "move_started", "uuid": UUID}).details == ""
    assert answers.doa(None) is None
    assert answers.running_moves([]) == []


@pytest.mark.parametrize("wrong", ["text", 7, True, 1.5, [7], {"a": 1}], ids=str)
@pytest.mark.parametrize("parse", [case[0] for case in CASES], ids=NAMES)
def test_an_answer_of_another_kind_is_refused(
    parse: Callable[[object], object], wrong: object
) -> None:
    with pytest.raises(MalformedError):
        parse(wrong)


@pytest.mark.parametrize("angle", ["1.5", True, None, 10**400, 1e308, float("nan"), 7.0], ids=str)
def test_a_direction_that_cannot_be_is_refused(angle: object) -> None:
    with pytest.raises(MalformedError, match="'angle'"):
        answers.doa({"angle": angle, "speech_detected": True})


@pytest.mark.parametrize("details", [7, ["lost"], {"a": 1}, True])
def test_details_that_are_no_text_are_refused(details: object) -> None:
    with pytest.raises(MalformedError, match="the details of the move's update are no text"):
        answers.move_update({"type": "move_failed", "uuid": UUID, "details": details})


def refusal_of(parse: Callable[[], object]) -> str:
    """Return why something was refused, empty if it was not."""
    try:
        parse()
    except MalformedError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize(("parse", "good"), [case[:2] for case in CASES], ids=NAMES)
def test_anything_is_understood_or_refused(parse: Callable[[object], object], good: object) -> None:
    @BOUNDED
    @given(altered(good) | JSON)
    def every(answer: object) -> None:
        refusal = refusal_of(lambda: parse(answer))
        assert len(refusal) <= LONGEST
        assert refusal.isprintable()

    every()


@BOUNDED
@given(st.binary(max_size=100) | st.text(max_size=100) | JSON.map(json.dumps), st.integers(0, 50))
def test_anything_at_all_is_json_or_refused(raw: str | bytes, longest: int) -> None:
    assert refusal_of(lambda: parsing.load(raw, longest)).isprintable()
