# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The functions of usual robot drivers by name, at a simulated robot."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import app
from harness.agent import Agent, connected, program
from harness.behaviour import Page
from harness.events import EventStream
from harness.pictures import Client
from harness.processes import Processes
from harness.simulation import Simulation
from harness.waiting import patience, wait_for

from reachy_mini_ros.agent.tools import TOOLS
from reachy_mini_ros.nodes import interface
from reachy_mini_ros.web.samples import to_wav

DOCS = (Path(__file__).parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(
    processes: Processes, simulation: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> Page:
    served = app.page(processes, simulation, tmp_path_factory.mktemp("app"))
    assert served.command("wake_up")[0] == 200
    return served


@pytest.fixture(scope="module")
def agent(page: Page) -> Iterator[Agent]:
    options = ("--allow=motion,camera,microphone,speaker", "--max-rate=600", "--max-duration=3")
    with connected(program(f"--url=http://127.0.0.1:{page.port}", *options)) as there:
        yield there


def functions() -> dict[str, list[str]]:
    """Return the rows of the docs' table: topics or services, addresses and tools."""
    section = DOCS.split("\n## Functions by name\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [row.strip("| ").split(" | ") for row in rows]
    return {first.strip("`"): rest for first, *rest in cells}


Walk = dict[str, Callable[[Page], Any]]


def ok(answer: tuple[int, Any]) -> Any:
    assert answer[0] == 200, answer
    return answer[1]


def get(page: Page, path: str) -> Any:
    return ok(Client(page.port, patience(20)).json(path))


def event(page: Page, kind: str, query: str, cause: Callable[[], object]) -> Any:
    with EventStream(page.port, query, 30) as events:
        events.next("status")
        cause()
        return events.next(kind)


def heard(page: Page) -> bool:
    return get(page, "/api/status?sound=1")["sound"] is not None


def imu(page: Page) -> None:
    assert "imu" not in get(page, "/api/status"), "this robot has none"


def acquire(page: Page) -> None:
    code, answer = page.command("media_acquire")
    assert code == 409
    assert "--no-media" in answer["error"], "as this simulated robot's daemon runs"


def sound_event(page: Page) -> None:
    """Wait until the test sound of the simulated microphone begins or ends."""
    assert "activity" in event(page, "audio", "?sound=1", lambda: None)


def say(page: Page) -> None:
    client = Client(page.port, patience(20))
    wav = to_wav(bytes(6400), 16000, 1)
    assert ok(client.post("/api/say", wav, Content_Type="audio/wav"))["message"] == "played 0.2 s"


WALK: Walk = {
    "get_status": lambda page: get(page, "/api/status")["connection"] == "connected",
    "get_joints": lambda page: len(get(page, "/api/status")["joints"]) == 3,
    "get_imu": imu,
    "look_at_world": lambda page: ok(page.command("look_at?wait=done", x=1.0, y=0.2, z=0.3)),
    "set_body_yaw": lambda page: ok(page.command("body?wait=done", yaw=5)),
    "set_body_yaw (timed)": lambda page: ok(page.command("body?wait=done", yaw=0, duration=0.5)),
    "antenna_pose": lambda page: ok(page.command("antennas?wait=done", left=10, right=-10)),
    "stop_motion": lambda page: ok(page.command("stop")),
    "get_media_status": lambda page: get(page, "/api/media")["camera"]["lifecycle"] == "active",
    "get_media_stream_access": lambda page: get(page, "/api/media")["addresses"]["video"],
    "release_media": lambda page: ok(page.command("media_release")),
    "acquire_media": acquire,
    "detect_audio_activity": lambda page: wait_for(lambda: heard(page), 15, "the sound's level"),
    "detect_motion": lambda page: get(page, "/api/movement?seconds=0.5")["level"] >= 0,
    "capture_video_frame": lambda page: ok(Client(page.port, 20).get("/api/snapshot")[::2]),
    "start_audio, stop_audio": lambda page: get(page, "/api/media")["addresses"]["hear"],
    "capture_audio": lambda page: ok(Client(page.port, 20).get("/api/hear.wav?seconds=0.2")[::2]),
    "play_audio_file": say,
    "push_audio_sample": say,
    "event audio": sound_event,
    "event motion": lambda page: event(page, "motion", "", lambda: page.command("head", yaw=5)),
    "event safety": lambda page: event(page, "safety", "", lambda: page.command("head", pitch=80)),
}


def test_the_docs_tell_of_each_function_where_it_is(page: Page) -> None:
    assert functions().keys() == WALK.keys()
    described = get(page, "/api/openapi.json")["paths"]
    names = {offer.name for kind in interface.KINDS for offer in interface.offers(kind)}
    for name, (topics, addresses, tools) in functions().items():
        for topic in re.findall(r"`([\w/~]+)`", topics):
            assert topic in names, (name, topic)
        for path in re.findall(r"`(/api/[\w/.]+)", addresses):
            assert path in described, (name, path)
        for tool in re.findall(r"`(\w+)`", tools):
            assert tool in TOOLS, (name, tool)


@pytest.mark.parametrize("name", WALK)
def test_a_function(name: str, page: Page) -> None:
    assert WALK[name](page) is not False
