# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser against markup in whatever it shows, and against foreign pages."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest
from harness.browser import Browser
from harness.dashboard import Serve, Served
from harness.pictures import Client, jpeg
from harness.video import record
from harness.waiting import wait_for

from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.web.admin import Admin, AdminState, AppState, JobState, LogLine, LogLines
from reachy_mini_ros.web.commands import Done, Moves
from reachy_mini_ros.web.robot import LeaseHeld, MotionState, StreamState
from reachy_mini_ros.web.scanning import ScanState
from reachy_mini_ros.web.timeline import Kind


def markup(name: str) -> str:
    """Return markup that would run a script and leave an element, with a name to find it by."""
    return (
        f"{name}'\"><img src=x data-foreign onerror='window.ran=1'>"
        "<script data-foreign>window.ran=1</script><svg data-foreign onload='window.ran=1'></svg>"
    )


ADDRESSES = (
    "javascript:window.ran=1//address-of-script",
    "data:text/html,<script>parent.ran=1</script>address-of-data",
    "http://127.0.0.1/'\"><img src=x data-foreign onerror='window.ran=1'>address-of-markup",
)


class HostileAdmin(Admin):
    """A robot whose apps and log hold markup."""

    def state(self) -> AdminState:
        app = AppState("a", "done", "free", "", markup("app-problem"))
        return AdminState(
            app, JobState("install_app", markup("job-what"), "failed", 1, markup("job"))
        )

    def log(self, after: int) -> LogLines:
        return LogLines(1, () if after else (LogLine(markup("level"), markup("log-line")),))

    async def ask(self, question: str) -> dict[str, Any]:
        app = {"name": markup("app-name"), "description": markup("app-description")}
        return {
            "list_apps": {"installed": [app], "startup_app": markup("startup")},
            "check_updates": {"apps": [markup("newer-app")], "robot": markup("robot-update")},
            "overview": {
                "robot_name": markup("admin-name"),
                "wifi": {"network": markup("network"), "mode": markup("wifi-mode")},
                "sign_in": {"signed_in": True, "user": markup("user")},
                "install_source": markup("source"),
            },
        }[question]

    async def obey(self, name: str, argument: str | None) -> Done:
        return Done(markup("admin-done"))


HOSTILE = HostileAdmin()


def hostile(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put markup into all that the robot, its files and its clients tell."""
    streams = tuple(
        StreamState(markup(f"stream-{number}"), "error", (address,), markup("stream-reason"))
        for number, address in enumerate(ADDRESSES)
    )
    served.known = replace(
        served.known,
        robot={name: markup(name) for name in ("robot_name", "model", "daemon_version")},
        motion=MotionState(markup("owner"), False, markup("motor-mode"), False),
        camera={"lifecycle": "active", "reason": markup("camera-reason")},
        lease=LeaseHeld(markup("holder"), time.time() + 600),
        streams=streams,
        admin=True,
    )
    monkeypatch.setattr(served, "admin", lambda: HOSTILE)

    async def moves() -> Moves:
        return Moves((markup("move"),), (markup("recorded-move"),), markup("unavailable"))

    monkeypatch.setattr(served, "moves", moves)
    served.photos.mkdir()
    (served.photos / "photo-file'\"><img data-foreign onerror=ran=1 src=x>.jpg").write_bytes(jpeg())
    record(served.clips)
    (served.clips / "clip-file'\"><img data-foreign onerror=ran=1 src=x>.mp4").write_bytes(
        next(served.clips.glob("*.mp4")).read_bytes()
    )
    timeline = served.dashboard.timeline
    served.io.call(timeline.note, Kind.SAFETY, markup("happening"), "warn")


def tell(served: Served) -> None:
    """Send what comes with events, from the robot and from agents."""
    wait_for(lambda: served.dashboard.events.listeners == 1)
    event = {"level": "warn", "name": markup("event-name"), "message": markup("event-message")}
    served.io.call(served.dashboard.on_safety, event)
    call = {"id": "1", "tool": markup("tool")[:60], "outcome": "begun"}
    call |= {"arguments": markup("arguments"), "text": markup("agent-text")}
    Client(served.port).post("/api/agents/calls", call, **{"X-Agent": "<b data-foreign>agent"})


SHOWN = (
    *("robot_name", "model", "daemon_version", "holder", "stream-0", "stream-reason"),
    *("address-of-script", "address-of-data", "address-of-markup", "move", "recorded-move"),
    *("unavailable", "photo-file", "clip-file", "happening", "event-name", "event-message"),
    *("scan-reason", "app-problem", "job", "app-name", "app-description", "newer-app"),
    *("robot-update", "admin-name", "network", "wifi-mode", "user", "source", "log-line"),
    "refused",
)
"""What must be on the page, as text, for the test to say anything."""

FOUND = """() => {
  const texts = [document.title];
  for (const node of document.querySelectorAll("*")) {
    for (const one of node.attributes) texts.push(one.value);
    if (!node.children.length) texts.push(node.textContent);
    else for (const one of node.childNodes) if (one.nodeType === 3) texts.push(one.textContent);
  }
  return texts.join("\\n");
}"""


def test_markup_in_what_the_page_shows_is_text(
    browser: Browser, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve()
    hostile(served, monkeypatch)
    served.feed(jpeg)
    browser.renew(1440, 900)
    query = quote("<img src=x data-foreign onerror=window.ran=1>")
    browser.open(f"{served.dashboard.url}?a={query}&robot={query}#{query}")
    tell(served)
    browser.wait_until("!document.getElementById('admin').hidden")
    browser.find("moves-again").click()
    browser.find("app-updates").click()
    browser.find("log-details").locator("summary").click()
    served.refusal = RobotError(markup("refused"))
    browser.evaluate("document.getElementById('stop').click()")
    seen: set[str] = set()

    scan = ScanState("failed", "x", 0, 1, 0, markup("scan-reason"))

    def everything() -> bool:
        served.io.call(served.dashboard._on_scan, scan)  # again: at first the page asks for it too
        text = browser.evaluate(FOUND)
        seen.update(name for name in SHOWN if name in text)
        return seen == set(SHOWN)

    wait_for(everything, 20, lambda: f"on the page: {sorted(set(SHOWN) - seen)}")
    browser.find("gallery").locator(".thumb").first.click()
    browser.wait_until("!document.getElementById('viewer').hidden")
    assert browser.evaluate("document.querySelectorAll('[data-foreign]').length") == 0
    assert browser.evaluate("window.ran") is None
    links = browser.evaluate("[...document.querySelectorAll('a[href]')].map((one) => one.protocol)")
    assert set(links) <= {"http:", "https:", "blob:"}
    assert not browser.violations


ATTACK = """<!doctype html><title>attack</title><body>
<img src="{url}api/stream"><iframe src="{url}api/stream"></iframe><iframe src="{url}"></iframe>
<embed src="{url}api/stream"><object data="{url}api/snapshot"></object>
<video src="{url}api/stream" autoplay></video><link rel="stylesheet" href="{url}api/stream">
<script src="{url}api/stream"></script>
<form method="post" action="{url}api/command/wake_up" enctype="text/plain" target="hidden">
<input name='{{"a":"' value='"}}'></form><iframe name="hidden"></iframe>
<script>
const asked = [];
const ask = (path, how) => asked.push(fetch("{url}" + path, how).then(() => "", String));
for (const mode of ["no-cors", "cors"]) {{
  ask("api/stream", {{mode}});
  ask("api/command/wake_up", {{mode, method: "POST", body: "{{}}", credentials: "include"}});
}}
ask("api/command/wake_up", {{method: "POST", body: "{{}}",
  headers: {{"Content-Type": "application/json"}}}});
ask("api/photos/one.jpg", {{method: "DELETE"}});
navigator.sendBeacon("{url}api/command/wake_up", new Blob(["{{}}"], {{type: "text/plain"}}));
new EventSource("{url}api/events");
for (const path of ["api/video", "api/listen", "api/talk"]) {{
  const socket = new WebSocket("{url}".replace("http", "ws") + path);
  asked.push(new Promise((done) => (socket.onopen = () => done("opened"), socket.onerror = done)));
}}
document.forms[0].submit();
Promise.all(asked).then((all) => {{ window.opened = all.filter((one) => one === "opened"); }});
</script>"""


@pytest.fixture
def attacker(serve: Serve) -> Iterator[tuple[Served, int]]:
    """Return a dashboard, and the port of a page that attacks it."""
    served = serve()
    served.feed(jpeg)
    served.photos.mkdir()
    (served.photos / "one.jpg").write_bytes(jpeg())
    page = ATTACK.format(url=served.dashboard.url).encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield served, server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_foreign_page_reaches_nothing(
    browser: Browser, attacker: tuple[Served, int], host: str
) -> None:
    """Of another site (localhost), and of another port of the same one."""
    served, port = attacker
    page = browser.renew()
    page.goto(f"http://{host}:{port}/", wait_until="load")
    assert browser.wait_until("window.opened", expected=lambda value: value is not None) == []
    assert served.demands == []
    assert served.video_demands == []
    assert served.hearing_demands == []
    assert served.commands == []
    assert served.said == []
    assert served.dashboard.events.listeners == 0
    assert (served.photos / "one.jpg").exists()
    browser.violations.clear()  # that the page is in no frame is its own policy
