# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the daemon answers of its software is understood, or refused in one way, whatever it is."""

import contextlib
from collections.abc import Callable

import pytest
from harness.fuzzing import BOUNDED, JSON, altered
from hypothesis import given, settings

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.admin import answers
from reachy_mini_ros.robot.admin.answers import (
    App,
    CurrentApp,
    Job,
    RobotUpdate,
    SignIn,
    Wifi,
)
from reachy_mini_ros.texts import LONGEST, LONGEST_SENTENCE

RADIO = {
    "name": "radio",
    "description": "Plays\nmusic",
    "extra": {"id": "owner/radio", "custom_app_url": "http://0.0.0.0:8070", "token": "SECRET"},
}
UPDATE = {"is_available": True, "current_version": "1.8.0", "available_version": "1.9.0"}
CASES: list[tuple[Callable[[object], object], object, object]] = [
    (answers.apps, [RADIO], (App("radio", "Plays\\nmusic", "owner/radio", "http://0.0.0.0:8070"),)),
    (answers.infos, [RADIO], (RADIO,)),
    (
        answers.current_app,
        {"info": RADIO, "state": "error", "error": "no\nsound"},
        CurrentApp("radio", "error", "no\\nsound"),
    ),
    (answers.startup_app, {"startup_app": "radio"}, "radio"),
    (answers.job_id, {"job_id": "17"}, "17"),
    (answers.job, {"status": "done", "logs": ["a", "b\x1b"]}, Job("done", ("a", "b\\x1b"))),
    (answers.updates, {"apps_with_updates": [{"app_name": "radio"}]}, ("radio",)),
    (answers.robot_name, {"name": "reachy"}, "reachy"),
    (
        answers.wifi,
        {"mode": "wlan", "connected_network": "home", "known_networks": ["home", "work"]},
        Wifi("wlan", "home", ("home", "work")),
    ),
    (answers.sign_in, {"is_logged_in": True, "username": "ann"}, SignIn(True, "ann")),
    (answers.robot_update, {"update": {sdk.PACKAGE: UPDATE}}, RobotUpdate(True, "1.8.0", "1.9.0")),
    (answers.install_source, {"type": "git", "ref": "main", "path": None}, "type git, ref main"),
    (answers.message, {"message": "done"}, "done"),
]
NAMES = [case[0].__name__ for case in CASES]


@pytest.mark.parametrize(("parse", "answer", "expected"), CASES, ids=NAMES)
def test_a_good_answer_is_understood(
    parse: Callable[[object], object], answer: object, expected: object
) -> None:
    assert parse(answer) == expected


def test_what_may_be_left_out_may() -> None:
    assert answers.apps([{"name": "radio"}]) == (App("radio", "", "", ""),)
    assert answers.apps([{"name": "radio", "extra": 7}]) == (App("radio", "", "", ""),)
    assert answers.current_app(None) == CurrentApp("", "", "")
    assert answers.current_app({"info": {"name": "radio"}, "state": "running"}).error == ""
    assert answers.startup_app({"startup_app": None}) == ""
    assert answers.wifi({"mode": "busy", "known_networks": []}) == Wifi("busy", "", ())
    assert answers.sign_in({"is_logged_in": False}) == SignIn(False, "")
    assert answers.install_source({}) == answers.message({}) == answers.robot_name({}) == ""


def test_an_app_that_does_not_describe_itself_is_described_by_its_space() -> None:
    card = {"cardData": {"short_description": "Plays"}}
    (without,) = answers.apps([{"name": "radio", "description": "", "extra": card}])
    assert without.description == "Plays"
    (told,) = answers.apps([{**RADIO, "extra": card}])
    assert told.description == "Plays\\nmusic"
    (odd,) = answers.apps([{"name": "radio", "extra": {"cardData": ["short_description"]}}])
    assert odd.description == ""


def test_what_is_long_is_cut() -> None:
    long = 10_000 * "x"
    (app,) = answers.apps([{"name": long, "description": long}])
    assert (len(app.name), len(app.description)) == (LONGEST, LONGEST_SENTENCE)
    status = {"info": RADIO, "state": "error", "error": long}
    assert len(answers.current_app(status).error) == LONGEST_SENTENCE
    assert len(answers.job({"status": "done", "logs": [long]}).lines[0]) == 500
    assert len(answers.message({"message": long})) == LONGEST_SENTENCE


@pytest.mark.parametrize("wrong", ["text", 7, True, 1.5, [7]], ids=str)
@pytest.mark.parametrize("parse", [case[0] for case in CASES], ids=NAMES)
def test_an_answer_of_another_kind_is_refused(
    parse: Callable[[object], object], wrong: object
) -> None:
    with pytest.raises(MalformedError):
        parse(wrong)


@pytest.mark.parametrize(("parse", "good"), [case[:2] for case in CASES], ids=NAMES)
def test_anything_is_understood_or_refused(parse: Callable[[object], object], good: object) -> None:
    @settings(BOUNDED, max_examples=40)
    @given(altered(good) | JSON)
    def every(answer: object) -> None:
        with contextlib.suppress(MalformedError):
            parse(answer)

    every()
