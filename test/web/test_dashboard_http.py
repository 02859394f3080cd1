# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page, the status, errors, and who is let in."""

import re
import time
from importlib import resources
from urllib.parse import urljoin

import pytest
from harness.dashboard import Serve
from harness.pictures import Client, jpeg

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.web.robot import Status

TOKEN = "correct horse battery"
QUOTED = "correct%20horse%20battery"


def test_page_brings_all_that_it_names_and_nothing_foreign(serve: Serve) -> None:
    client = Client(serve().port)
    status, headers, body = client.get("/")
    page = body.decode()
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>Reachy Mini</title>" in page
    for name in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert "//" not in name
        if not name.startswith("api/"):
            assert client.get(urljoin("/", name))[0] == 200, name
    for entry in resources.files("reachy_mini_ros.web").joinpath("page").iterdir():
        content = entry.read_bytes()
        assert not re.search(rb"https?://(?!www\.w3\.org/2000/svg)", content), entry.name


def test_every_answer_forbids_foreign_content_framing_and_reading(serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    for path in ("/", "/dashboard.js", "/api/status", "/api/snapshot", "/nothing"):
        _, headers, _ = Client(served.port).get(path)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers


def test_status_tells_connection_robot_picture_and_head(serve: Serve) -> None:
    served = serve()
    status, answer = Client(served.port).json("/api/status")
    assert status == 200
    assert abs(answer.pop("time") - time.time()) < 10
    assert answer == {
        "connection": "connected",
        "robot": {"robot_name": "test"},
        "picture": dict.fromkeys(("rate_hz", "age_s", "width", "height")) | {"viewers": 0},
        "video": dict.fromkeys(("rate_hz", "age_s", "width", "height")) | {"viewers": 0},
        "head": {"roll": 1.0, "pitch": -2.0, "yaw": 3.0, "x": 0.0, "y": 0.0, "z": 0.01},
        "target_head": None,
        "joints": None,
        "motion": dict.fromkeys(("owner", "moving", "motor_mode", "asleep")),
        "sound": None,
        "camera": {"lifecycle": "active", "reason": ""},
        "streams": None,
        "recording": None,
        "picture_motion": None,
        "lease": None,
        "rates": {"picture_hz": None, "joint_states_hz": None},
        "latency": {"picture_ms": None},
        "read_only": False,
        "agents_paused": False,
        "admin": False,
    }
    served.known = Status()
    answer = Client(served.port).json("/api/status")[1]
    assert answer["connection"] is answer["head"] is None


def test_what_is_not_there_is_answered_with_a_reason(serve: Serve) -> None:
    client = Client(serve().port)
    status, answer = client.json("/api/nothing")
    assert status == 404
    assert "/api/nothing" in answer["error"]
    assert client.get("/../application.py")[0] == 404
    status, headers, body = client.get("/api/status", "POST")
    assert status == 405
    assert headers["Allow"] == "GET"
    assert b'"error"' in body


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "localhost:9999"])
def test_loopback_is_reached_by_its_own_names(serve: Serve, host: str) -> None:
    assert Client(serve().port).get("/api/status", Host=host)[0] == 200


@pytest.mark.parametrize(
    "host", ["attacker.example", "localhost.attacker.example:8042", "192.168.1.9", "[::1", ""]
)
def test_a_foreign_name_for_loopback_is_refused(serve: Serve, host: str) -> None:
    status, answer = Client(serve().port).json("/api/status", Host=host)
    assert status == 403
    assert "Host" in answer["error"]


def test_other_sites_pages_cannot_switch_the_camera_on(serve: Serve) -> None:
    served = serve()
    foreign = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}
    assert Client(served.port).json("/api/stream", **foreign)[0] == 403
    assert served.demands == []
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert Client(served.port).get("/", **link)[0] == 200


@pytest.mark.parametrize("path", ["/", "/dashboard.js", "/api/status", "/api/stream"])
@pytest.mark.parametrize("given", ["", "?token=", "?token=wrong", "?token=%ff%00"])
def test_without_the_token_nothing_is_shown(serve: Serve, path: str, given: str) -> None:
    status, answer = Client(serve(token=TOKEN).port).json(path + given)
    assert status == 401
    assert "token" in answer["error"]
    assert TOKEN not in answer["error"]


def test_token_is_given_once_and_traded_for_a_cookie(serve: Serve) -> None:
    client = Client(serve(token=TOKEN).port)
    status, headers, _ = client.get(f"/?token={QUOTED}")
    assert status == 303
    assert "token" not in headers["Location"]
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie
    pair = cookie.split(";")[0]
    for path in ("/", "/dashboard.js", "/api/status"):
        assert client.get(path, Cookie=pair)[0] == 200
    assert client.get("/api/status", Cookie=pair[:-1] + "x")[0] == 401
    # Programs without cookies give it with each request.
    assert client.get(f"/api/status?token={QUOTED}")[0] == 200


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.9", "robot.example"])
def test_an_address_that_others_reach_needs_a_token(serve: Serve, address: str) -> None:
    with pytest.raises(SetupError, match=r"without a token.*'token_file'"):
        serve(address=address)


def test_a_guessable_token_is_refused(serve: Serve) -> None:
    with pytest.raises(SetupError) as refused:
        serve(token="abc123")
    assert "shorter" in str(refused.value)
    assert "abc123" not in str(refused.value)


def test_a_used_port_is_named_with_the_parameter_to_change(serve: Serve) -> None:
    first = serve()
    with pytest.raises(SetupError, match=rf"port {first.port} .* in use.*'port'"):
        serve(port=first.port)
    assert Client(first.port).get("/")[0] == 200


def test_an_address_that_is_not_ours_is_named(serve: Serve) -> None:
    with pytest.raises(SetupError, match=r"192\.0\.2\.1 .*'address'"):
        serve(address="192.0.2.1", token=TOKEN)
