# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page that shows all robots of a fleet: over real dashboards, by HTTP and in a browser."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import cv2
import numpy as np
import pytest
from harness.browser import CONTRASTS, Browser, browsing
from harness.dashboard import Serve
from harness.fleets import page_of
from harness.pictures import Client, jpeg
from harness.processes import free_port
from harness.waiting import wait_for

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.fleet import dashboards, server
from reachy_mini_ros.fleet.file import Page
from reachy_mini_ros.fleet.server import FleetPage
from reachy_mini_ros.web.commands import Stop
from reachy_mini_ros.web.robot import MotionState

TOKEN = "correct-horse-battery"
OTHER = "another-horse-battery"


def cards(port: int, **headers: str) -> dict[str, dict[str, Any]]:
    """Return what the page tells, by the robots' names."""
    status, answer = Client(port).json("/api/robots", **headers)
    assert status == 200, answer
    return {card["name"]: card for card in answer["robots"]}


def test_every_robot_s_state_and_picture_are_there(serve: Serve, tmp_path: Path) -> None:
    ann, bob = serve(), serve(token=OTHER)
    ann.known = replace(ann.known, motion=MotionState("goto", True, "enabled"))
    bob.known = replace(bob.known, connection="lost")
    ann.feed(lambda: jpeg(1))
    bob.feed(lambda: jpeg(2))
    with page_of(tmp_path, ann, bob) as page:

        def seen() -> dict[str, dict[str, Any]] | None:
            found = cards(page.port)
            return found if all(card["picture"] for card in found.values()) else None

        found = wait_for(seen, 10, lambda: str(cards(page.port)))
        assert found["ann"]["connection"] == "connected"
        assert found["ann"]["title"] == "test"
        assert (found["ann"]["owner"], found["ann"]["moving"]) == ("goto", True)
        assert found["ann"]["motors"] == "enabled"
        assert found["bob"]["connection"] == "lost"
        # Of a robot that is away nothing is shown that was true before.
        assert (found["bob"]["owner"], found["bob"]["moving"]) == ("", None)
        for name in ("ann", "bob"):
            status, headers, body = Client(page.port).get(f"/api/robots/{name}/picture")
            assert (status, headers["Content-Type"]) == (200, "image/jpeg")
            picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None
            assert picture.shape[1] == 320
        assert Client(page.port).json("/api/robots/cleo/picture")[0] == 404
        assert not page.supervisor.failures


def test_a_dashboard_that_is_away_is_told_and_comes_back(serve: Serve, tmp_path: Path) -> None:
    ann, bob = serve(), serve()
    with page_of(tmp_path, ann, bob) as page:
        wait_for(lambda: cards(page.port)["bob"]["connection"] == "connected")
        bob.stop()
        wait_for(lambda: cards(page.port)["bob"]["connection"] == "unreachable", 15)
        assert (
            f"no dashboard answers at http://127.0.0.1:{bob.port}"
            in (cards(page.port)["bob"]["reason"])
        )
        assert cards(page.port)["ann"]["connection"] == "connected"
        serve(port=bob.port)
        wait_for(lambda: cards(page.port)["bob"]["connection"] == "connected", 15)


@pytest.mark.parametrize(
    "answer",
    [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b""],
    ids=["no HTTP", "no status", "nothing"],
)
def test_what_is_no_dashboard_is_told(serve: Serve, tmp_path: Path, answer: bytes) -> None:
    ann = serve()
    with answering(answer) as port, page_of(tmp_path, ann, replace_port(ann, port)) as page:
        wait_for(lambda: "dashboard" in cards(page.port)["bob"]["reason"])
        wait_for(lambda: cards(page.port)["ann"]["connection"] == "connected")
        assert cards(page.port)["bob"]["connection"] == "unreachable"
        assert not page.supervisor.failures


def replace_port(served: Any, port: int) -> Any:
    """Return what :func:`page_of` takes for a dashboard on another port."""
    return type("Elsewhere", (), {"port": port, "token": "", "io": served.io})()


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Answer each connection with these bytes, and close it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_one_stop_stops_all(serve: Serve, tmp_path: Path) -> None:
    all_of_them = [serve(), serve(token=OTHER), serve()]
    with page_of(tmp_path, *all_of_them) as page:
        status, answer = Client(page.port).post("/api/stop")
        assert (status, answer["stopped"]) == (200, ["ann", "bob", "cleo"])
    assert [[type(one) for one in served.commands] for served in all_of_them] == [[Stop]] * 3


def test_who_was_not_stopped_is_named_and_the_others_are(serve: Serve, tmp_path: Path) -> None:
    ann, bob, cleo = serve(), serve(read_only=True), serve()
    cleo.stop()
    with page_of(tmp_path, ann, bob, cleo) as page:
        status, answer = Client(page.port).post("/api/stop")
    assert status == 502
    assert answer["stopped"] == ["ann"]
    assert set(answer["fields"]) == {"bob", "cleo"}
    assert "read-only" in answer["fields"]["bob"]
    assert "no dashboard answers" in answer["fields"]["cleo"]
    assert answer["error"].startswith("not stopped: bob: ")
    assert len(ann.commands) == 1


def test_nobody_is_asked_while_nobody_looks(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LINGER_S", 0.3)
    ann = serve()
    ann.feed(jpeg)
    with page_of(tmp_path, ann) as page:
        wait_for(lambda: cards(page.port)["ann"]["picture"])
        wait_for(lambda: ann.demands[-1:] == [False], 10, "nobody looks at its pictures")
        asked = ann.asked
        assert Client(page.port).get("/")[0] == 200
        assert ann.asked == asked
        wait_for(lambda: cards(page.port) and ann.asked > asked, 10, "it is asked again")


def test_what_is_not_of_now_is_not_shown(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboards, "FRESH_S", 0.8)
    ann = serve()
    ann.feed(jpeg)
    with page_of(tmp_path, ann) as page:
        wait_for(lambda: cards(page.port)["ann"]["picture"])
        ann.silence()
        wait_for(lambda: cards(page.port)["ann"]["picture"] is None, 10)
        assert Client(page.port).json("/api/robots/ann/picture")[0] == 503
        wait_for(lambda: "no picture" in cards(page.port)["ann"]["reason"], 15)


def test_foreign_pages_and_strangers_are_kept_out(serve: Serve, tmp_path: Path) -> None:
    ann = serve()
    with page_of(tmp_path, ann) as page:
        client = Client(page.port)
        for headers in (
            {"Origin": "http://evil.example"},
            {"Origin": f"http://127.0.0.1:{ann.port}"},  # a robot's own page is another origin
            {"Origin": "null"},
            {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors"},
            {"Host": "evil.example"},
        ):
            assert client.post("/api/stop", **headers)[0] == 403, headers
        # What a page elsewhere can send without asking first.
        assert client.post("/api/stop", b"{}", Content_Type="text/plain")[0] == 415
        assert client.json("/api/robots", Host="evil.example")[0] == 403
        own = f"http://127.0.0.1:{page.port}"
        assert client.post("/api/stop", Origin=own)[0] == 200
        for path in ("/", "/api/robots", "/fleet.js"):
            _, headers, _ = client.get(path)
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "connect-src 'self'" in headers["Content-Security-Policy"]
            assert "Access-Control-Allow-Origin" not in headers
    assert len(ann.commands) == 1


def test_a_token_is_asked_for_and_no_dashboard_s_token_is_told(
    serve: Serve, tmp_path: Path
) -> None:
    ann = serve(token=OTHER)
    with page_of(tmp_path, ann, token=TOKEN) as page:
        client = Client(page.port)
        assert client.json("/api/robots")[0] == 401
        assert client.post("/api/stop")[0] == 401
        assert client.json("/api/robots", Authorization=f"Bearer {OTHER}")[0] == 401
        status, headers, _ = client.get(f"/?token={TOKEN}")
        assert status == 303
        cookie = headers["Set-Cookie"].split(";")[0]
        wait_for(lambda: cards(page.port, Cookie=cookie)["ann"]["connection"] == "connected")
        assert OTHER not in str(client.get("/api/robots", Cookie=cookie))
        assert client.post("/api/stop", Cookie=cookie)[0] == 200


def test_beyond_loopback_it_wants_a_token_and_stops_nobody_unasked(serve: Serve) -> None:
    page = Page("0.0.0.0", free_port(), "", "auto")
    with pytest.raises(SetupError, match=r"not opened on 0\.0\.0\.0 without a token"):
        FleetPage(page, "", [])


def test_read_only_it_stops_nobody(serve: Serve, tmp_path: Path) -> None:
    ann = serve()
    with page_of(tmp_path, ann, address="0.0.0.0", token=TOKEN) as page:
        status, answer = Client(page.port).post("/api/stop", Authorization=f"Bearer {TOKEN}")
        assert status == 403
        assert "read_only of the fleet's page" in answer["error"]
    assert not ann.commands


def test_a_port_that_is_taken_is_one_line(serve: Serve) -> None:
    ann = serve()
    page = FleetPage(Page("127.0.0.1", ann.port, "", "auto"), "", [], Supervisor())
    with pytest.raises(SetupError, match=f"port {ann.port} .* in use: set port of the fleet's"):
        ann.io.submit(page.start()).result()


def test_the_page_brings_all_that_it_names(serve: Serve, tmp_path: Path) -> None:
    with page_of(tmp_path, serve()) as page:
        client = Client(page.port)
        wanted = {"/"}
        seen: set[str] = set()
        while wanted - seen:
            path = min(wanted - seen)
            seen.add(path)
            status, _, body = client.get(path)
            assert status == 200, path
            text = body.decode(errors="replace")
            pattern = r'(?:src|href)="([^"]+)"|from "(\./[^"]+)"'
            wanted |= {urljoin(path, a or b) for a, b in re.findall(pattern, text)}
        assert {"/fleet.js", "/api.js", "/base.css"} <= seen


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


def test_in_a_browser(browser: Browser, serve: Serve, tmp_path: Path) -> None:
    ann, bob = serve(), serve()
    ann.known = replace(ann.known, motion=MotionState("idle", False, "enabled"))
    ann.feed(lambda: jpeg(1))
    with page_of(tmp_path, ann, bob) as page:
        browser.open(page.page.url)
        shown = "[...document.querySelectorAll('.robot img')].map((one) => one.naturalWidth)"
        browser.wait_until(f"{shown}[0] === 320")
        assert browser.text("subtitle") == "2 of 2 robots connected"
        links = browser.page.locator(".robot a").evaluate_all("all => all.map((one) => one.href)")
        assert links == [ann.dashboard.url, bob.dashboard.url]
        browser.page.keyboard.press("Escape")
        wait_for(lambda: ann.commands and bob.commands, 10, "both stopped")
        bob.stop()
        browser.wait_until("document.getElementById('subtitle').textContent.startsWith('1 of 2')")
        browser.find("stop").click()
        problem = "document.getElementById('problem').textContent"
        browser.wait_until(f"{problem}.startsWith('Not stopped: bob: no dashboard answers')")
        for scheme in ("light", "dark"):
            browser.look(1440, 900, scheme=scheme)
            assert [one for one in browser.evaluate(CONTRASTS) if one[0] < 4.5] == []
            assert browser.barriers() == []
        browser.look(390, 844)
        width = "document.documentElement.scrollWidth"
        assert browser.evaluate(width) <= 390
