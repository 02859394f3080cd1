# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The app's settings: the environment before the file, what is wrong in either, nothing lost."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import announced
from harness.dashboard import Serve, serving
from harness.pictures import Client
from harness.processes import Processes
from harness.python_path import ROOT, TEST, python_path

from reachy_mini_ros.app.settings import settings
from reachy_mini_ros.app.settings_file import SETTINGS_FILE, TOKEN_FILE
from reachy_mini_ros.app.table import TABLE, variable
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.web.settings import Setting

DOCS = ROOT / "docs" / "app.md"
TOKEN = "correct-horse-battery"
KEY = "rtmp://live.example/app/secret-key"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as start:
        yield start


def keep(content: str) -> Path:
    path = SETTINGS_FILE.expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_the_environment_goes_before_the_file_and_the_file_before_what_is_usual() -> None:
    assert settings({}).values == {one.name: one.default for one in TABLE}
    keep(json.dumps({"port": 9000, "frame_rate": 10, "goto.method": "linear"}))
    found = settings({"REACHY_MINI_PORT": "9001", "REACHY_MINI_MAX_SPEED_BODY": "2"})
    assert (found.port, found.values["frame_rate"], found.values["max_speed.body"]) == (9001, 10, 2)
    assert found.driving.goto_method == "linear"
    assert found.driving.limits.speeds.body_rad_s == 2
    fixed = {one.name: one.fixed for one in found.shown if one.fixed}
    assert "REACHY_MINI_PORT" in fixed["port"]
    assert found.problem == ""


@pytest.mark.parametrize("setting", TABLE, ids=lambda one: one.name)
def test_each_variable_sets_its_setting(setting: Setting) -> None:
    text = {
        "host": "10.0.0.7",
        "page_address": "::1",
        "photos": "/p",
        "record_on": "motion",
        "token": TOKEN,
        "destinations": KEY,
        "goto.method": "ease_in_out",
        "out_of_reach": "clamp",
    }
    given = text.get(setting.name) or f"{setting.minimum:g}"
    value = settings({variable(setting.name): given}).values[setting.name]
    assert value != setting.default
    assert value in (given, (given,)) or float(given) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("REACHY_MINI_PORT", "0"),
        ("REACHY_MINI_FRAME_RATE", "nan"),
        ("REACHY_MINI_JPEG_QUALITY", "80.5"),
        ("REACHY_MINI_GOTO_METHOD", "jump"),
        ("REACHY_MINI_TOKEN", "short"),
        ("REACHY_MINI_HOST", "http://robot"),
        ("REACHY_MINI_PAGE_ADDRESS", "robot"),
        ("REACHY_MINI_DESTINATIONS", "nowhere"),
    ],
)
def test_a_variable_that_is_wrong_is_named(name: str, text: str) -> None:
    with pytest.raises(SetupError, match=name):
        settings({name: text})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "not JSON"),
        ("[]", "no object"),
        ("[" * 100_000, "not JSON"),
        ('{"port": 0, "frame_rate": 10}', "port: 0 is outside 1 to 65535"),
        ('{"token": "in-the-wrong-file", "frame_rate": 10}', "token: there is no such setting"),
        ('{"destinations": ["http://secret"], "frame_rate": 10}', "destinations: "),
    ],
)
def test_a_file_that_is_wrong_is_told_and_never_lost(serve: Serve, content: str, told: str) -> None:
    path = keep(content)
    before = settings({})
    assert told in before.problem
    assert "secret" not in before.problem
    assert before.port == 8000
    served = serve()
    document = Client(served.port).json("/api/settings")[1]
    assert told in document["problem"]
    change = {"values": {"jpeg_quality": 50}}
    status, answer = Client(served.port).post("/api/settings", change, "PUT")
    assert status == 200, answer
    assert "settings.json.kept.1" in answer["message"]
    assert path.with_name("settings.json.kept.1").read_text() == content
    after = settings({})
    assert (after.problem, after.values["jpeg_quality"]) == ("", 50)
    assert after.values["frame_rate"] == before.values["frame_rate"]


def test_what_is_kept_is_for_its_owner_alone(serve: Serve) -> None:
    served = serve()
    changes = {"destinations": [KEY], "token": TOKEN}
    status, answer = Client(served.port).post("/api/settings", {"values": changes}, "PUT")
    assert status == 200, answer
    assert served.changes == 1
    for path in (SETTINGS_FILE.expanduser(), TOKEN_FILE.expanduser()):
        assert path.stat().st_mode & 0o777 == 0o600
    found = settings({})
    assert (found.token, found.values["destinations"]) == (TOKEN, (KEY,))
    assert TOKEN not in SETTINGS_FILE.expanduser().read_text()


def test_no_secret_is_ever_told(serve: Serve) -> None:
    keep(json.dumps({"destinations": [KEY]}))
    served = serve()
    client = Client(served.port)
    body = client.get("/api/settings")[2].decode()
    assert "secret-key" not in body
    found = {one["name"]: one for one in json.loads(body)["settings"]}
    destinations, token = found["destinations"], found["token"]
    assert (destinations["secret"], destinations["is_set"]) == (True, True)
    assert (token["secret"], token["is_set"]) == (True, False)
    wrong = {"values": {"token": "a secret", "destinations": ["secret-key"]}}
    for path in ("validate", "test"):
        answer = Client(served.port).post(f"/api/settings/{path}", wrong)[1]
        assert "secret" not in str(answer)
    answer = Client(served.port).post("/api/settings", wrong, "PUT")[1]
    assert answer["fields"].keys() == {"token", "destinations"}
    assert "secret" not in str(answer)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("port", 70000, "70000 is outside 1 to 65535"),
        ("port", True, "not a whole number"),
        ("port", "8000", "not a whole number"),
        ("frame_rate", 0.5, "outside 1 to 60"),
        ("goto.method", "jump", "not one of"),
        ("host", "<script>alert(1)</script>", "neither"),
        ("host", "kitchen:8000", "neither"),
        ("host", "a..b", "neither"),
        ("host", "a" * 64, "neither"),
        ("host", "auto", "no robot announced itself"),
        ("page_address", "reachy", "no address"),
        ("page_address", "192.0.2.1", "nobody can listen there"),
        ("token", "with a blank", "no blanks"),
        ("destinations", ["rtmp://host"], "no application and key"),
        ("photos", "/etc", "REACHY_MINI_PHOTOS"),
        ("volume", 1, "no such setting"),
    ],
)
def test_what_is_refused_is_told_at_its_field_and_changes_nothing(
    serve: Serve, name: str, value: object, why: str
) -> None:
    served = serve()
    changes = {"values": {name: value, "jpeg_quality": 50}}
    status, answer = Client(served.port).post("/api/settings/validate", changes)
    assert (status, list(answer["fields"])) == (200, [name])
    assert why in answer["fields"][name]
    status, answer = Client(served.port).post("/api/settings", changes, "PUT")
    assert status == 409
    assert why in answer["fields"][name]
    assert served.changes == 0
    assert not SETTINGS_FILE.expanduser().exists()


def test_a_port_that_is_taken_is_refused_at_its_field(serve: Serve) -> None:
    served, other = serve(), serve()
    changes = {"values": {"page_port": other.port}}
    answer = Client(served.port).post("/api/settings/validate", changes)[1]
    assert "in use" in answer["fields"]["page_port"]


def test_a_default_comes_back_and_leaves_the_file(serve: Serve) -> None:
    path = keep('{"jpeg_quality": 50, "frame_rate": 10}')
    served = serve()
    changes = {"values": {"jpeg_quality": None}}
    assert Client(served.port).post("/api/settings", changes, "PUT")[0] == 200
    assert json.loads(path.read_text()) == {"frame_rate": 10}
    changes = {"values": {"frame_rate": 10}}
    answer = Client(served.port).post("/api/settings", changes, "PUT")[1]
    assert answer == {"message": "nothing is changed"}


def test_where_commands_are_refused_settings_are_too(serve: Serve) -> None:
    served = serve(read_only=True)
    document = Client(served.port).json("/api/settings")[1]
    assert document["read_only"] is True
    for path, method in (("", "PUT"), ("/validate", "POST"), ("/test", "POST")):
        assert Client(served.port).post(f"/api/settings{path}", {}, method)[0] == 403
    assert Client(served.port).get("/api/settings/robots")[0] == 403


def test_who_guesses_the_code_has_to_wait(serve: Serve) -> None:
    served = serve(read_only=True)
    served.store.code = "abcd-efgh-jkmn"
    guess = {"code": "aaaa-aaaa-aaaa", "token": TOKEN}
    statuses = [Client(served.port).post("/api/settings/token", guess)[0] for _ in range(8)]
    assert statuses == [403] * 6 + [429] * 2
    guess["code"] = served.store.code
    assert Client(served.port).post("/api/settings/token", guess)[0] == 429


LOOK = """
import asyncio
from reachy_mini_ros.app.settings import settings
from reachy_mini_ros.app.settings_store import AppSettings
found = settings({"REACHY_MINI_HOST": "auto"})
print(found.host, found.port, found.problem)
if not found.problem:
    print([(one.name, one.port) for one in asyncio.run(AppSettings(found, print).robots())])
"""


@pytest.mark.skipif(not announced.possible(), reason="no network namespaces here")
def test_robots_are_found_and_a_page_is_there_without_one(processes: Processes) -> None:
    def look(*robots: str) -> list[str]:
        program = (*announced.COMMAND, *robots, "--", sys.executable, "-c", LOOK)
        child = processes.start(*program, env=python_path(ROOT, TEST))
        assert child.wait(30) == 0, child.output()
        return child.output().splitlines()

    assert look("kitchen=18000")[-2:] == ["127.0.0.1 18000 ", "[('kitchen', 18000)]"]
    last = look()[-1]
    assert last.startswith("127.0.0.1 8000 ")
    assert "no robot announced itself" in last


def test_the_table_of_the_docs_is_that_of_the_app() -> None:
    rows = [line.strip("| ").split(" | ") for line in DOCS.read_text().splitlines()]
    documented = {row[0].strip("`"): tuple(row[1:]) for row in rows if "REACHY_MINI_" in row[0]}
    documented = {name: row for name, row in documented.items() if len(row) == 4}
    expected = {}
    for one in TABLE:
        default = f"`{one.default}`" if one.default else "none"
        expected[variable(one.name)] = (f"`{one.name}`", default, one.bounds, one.description)
    assert documented == expected
