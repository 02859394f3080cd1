# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands over HTTP: what is taken, what is refused and with which words."""

from typing import Any

import pytest
from harness.dashboard import Serve
from harness.pictures import Client

from reachy_mini_ros.errors import BusyError, NotConnectedError, TimedOutError
from reachy_mini_ros.web import commands

TOKEN = "correct horse battery"

GOOD: list[tuple[str, dict[str, Any], commands.Command]] = [
    ("stop", {}, commands.Stop()),
    ("motors", {"enabled": False}, commands.Motors(enabled=False)),
    ("head", {"yaw": 20, "z": 0.01}, commands.Head(yaw=20.0, z=0.01, mode="goto")),
    ("head", {"mode": "stream"}, commands.Head(mode="stream")),
    ("antennas", {"left": -30.5}, commands.Antennas(left=-30.5)),
    ("body", {"yaw": 10, "mode": "stream"}, commands.Body(yaw=10.0, mode="stream")),
    ("look_at_pixel", {"u": 3, "v": 4.5}, commands.LookAtPixel(u=3.0, v=4.5)),
    (
        "look_at_pixel",
        {"u": 3, "v": 4, "width": 640, "height": 360},
        commands.LookAtPixel(u=3.0, v=4.0, width=640.0, height=360.0),
    ),
    (
        "lease",
        {"action": "acquire", "name": "ann", "seconds": 2.5},
        commands.Lease(action="acquire", name="ann", seconds=2.5),
    ),
    ("play_move", {"name": "pollen/dances/yeah"}, commands.PlayMove(name="pollen/dances/yeah")),
]


@pytest.mark.parametrize(("name", "body", "command"), GOOD)
def test_a_command_reaches_the_robot_with_its_defaults(
    serve: Serve, name: str, body: dict[str, Any], command: commands.Command
) -> None:
    served = serve()
    assert Client(served.port).post(f"/api/command/{name}", body) == (200, {"message": "done"})
    assert served.commands == [command]
    assert served.commands[0].model_fields_set == body.keys()


def test_a_command_comes_in_the_name_of_its_holder(serve: Serve) -> None:
    served = serve()
    client = Client(served.port)
    assert client.post("/api/command/head", {}, **{"Lease-Holder": "ann"})[0] == 200
    assert client.post("/api/command/head", {})[0] == 200
    assert served.holders == ["ann", ""]
    status, answer = client.post("/api/command/head", {}, **{"Lease-Holder": "a/b"})
    assert (status, len(served.commands)) == (422, 2)
    assert answer["error"].startswith("Lease-Holder: 'a/b' is no name")


def test_a_photo_is_named(serve: Serve) -> None:
    answer = Client(serve().port).post("/api/command/photo")
    assert answer == (200, {"message": "saved", "photo": "photo.jpg"})


def test_moves_are_listed(serve: Serve) -> None:
    answer = Client(serve().port).json("/api/moves")
    assert answer == (200, {"moves": ["wave"], "recorded": ["mine"], "unavailable": None})


BAD: list[tuple[str, bytes, str]] = [
    ("head", b'{"pitch": "up"}', "pitch"),
    ("head", b'{"pitch": NaN}', "pitch"),
    ("head", b'{"pitch": 1e999}', "pitch"),
    ("head", b'{"pitch": null}', "pitch"),
    ("head", b'{"pitch": true}', "pitch"),
    ("head", b'{"z": 0.177}', "z"),
    ("head", b'{"pitch": 170}', "pitch"),
    ("head", b'{"duration": 1}', "duration"),
    ("head", b'{"mode": "jump"}', "mode"),
    ("head", b'{"\\n": 1}', "\\n: Extra"),
    ("motors", b"{}", "enabled"),
    ("motors", b'{"enabled": 1}', "enabled"),
    ("antennas", b"{}", "body: one of 'right'"),
    ("body", b'{"yaw": 4000}', "yaw"),
    ("look_at_pixel", b'{"u": -1, "v": 0}', "u"),
    ("look_at_pixel", b'{"u": 0, "v": 0, "width": 0}', "width"),
    ("play_move", b'{"name": ""}', "name"),
    ("play_move", b'{"name": "a\\u0000b"}', "name"),
    ("lease", b'{"action": "steal", "name": "ann"}', "action"),
    ("lease", b'{"action": "take", "name": "a b"}', "name"),
    ("lease", b'{"action": "take", "name": "a\\n"}', "name"),
    ("lease", b'{"action": "take", "name": "ann", "seconds": 0}', "seconds"),
    ("stop", b"[]", "body"),
    ("stop", b"", "body"),
    ("stop", b"{", "body"),
    ("stop", b"\xff\xfe", "body"),
    ("stop", b'{"a": ' * 10_000, "body"),
]


@pytest.mark.parametrize(("name", "body", "field"), BAD)
def test_a_bad_body_is_refused_with_the_field_and_reaches_nobody(
    serve: Serve, name: str, body: bytes, field: str
) -> None:
    served = serve()
    status, answer = Client(served.port).post(f"/api/command/{name}", body)
    assert status == 422
    assert answer["error"].startswith(field)
    assert "\n" not in answer["error"]
    assert served.commands == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(BusyError("asleep"), 409), (NotConnectedError("nobody"), 503), (TimedOutError("late"), 504)],
)
def test_what_the_robot_answers_is_passed_on(serve: Serve, error: Any, status: int) -> None:
    served = serve()
    served.refusal = error
    assert Client(served.port).post("/api/command/stop") == (status, {"error": str(error)})


def test_what_a_foreign_form_can_send_is_refused(serve: Serve) -> None:
    served = serve()
    client = Client(served.port)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert client.post("/api/command/stop", Content_Type=kind)[0] == 415
    for origin in ("http://attacker.example", "null", f"http://127.0.0.1:{served.port + 1}", ""):
        status, answer = client.post("/api/command/stop", Origin=origin)
        assert status == 403
        assert "Origin" in answer["error"]
    assert served.commands == []
    assert client.post("/api/command/stop", Origin=f"http://127.0.0.1:{served.port}")[0] == 200


def test_a_large_body_is_refused(serve: Serve) -> None:
    served = serve()
    body = b'{"name": "' + b"x" * 70_000 + b'"}'
    status, answer = Client(served.port).post("/api/command/play_move", body)
    assert status == 413
    assert "65536" in answer["error"]
    assert served.commands == []


def test_read_only_refuses_every_command_stop_too(serve: Serve) -> None:
    served = serve(read_only=True)
    client = Client(served.port)
    for name in commands.COMMANDS:
        status, answer = client.post(f"/api/command/{name}")
        assert status == 403
        assert "read_only" in answer["error"]
    assert served.commands == []
    assert client.json("/api/status")[1]["read_only"] is True
    assert client.json("/api/moves")[0] == 200


def test_the_token_is_taken_as_a_bearer(serve: Serve) -> None:
    served = serve(token=TOKEN)
    client = Client(served.port)
    assert client.post("/api/command/stop")[0] == 401
    assert client.post("/api/command/stop", Authorization="Bearer wrong")[0] == 401
    assert client.post("/api/command/stop", Authorization=f"Basic {TOKEN}")[0] == 401
    assert served.commands == []
    assert client.post("/api/command/stop", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert client.get("/api/status")[1]["WWW-Authenticate"] == "Bearer"


def test_commands_are_not_links(serve: Serve) -> None:
    status, headers, _ = Client(serve().port).get("/api/command/stop")
    assert (status, headers["Allow"]) == (405, "POST")
