# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Agents at the dashboard: seen, asked about, and held back by the server itself."""

import asyncio
import http.client
import threading
from contextlib import suppress
from typing import Any

from harness.browser import Browser
from harness.dashboard import Serve, Served
from harness.events import EventStream
from harness.pictures import Client, jpeg
from harness.waiting import Awaited, wait_for

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.web.agents import Agents, Question
from reachy_mini_ros.web.commands import Head, Stop

AGENT = {"X-Agent": "tester"}
CALL = {"id": "1", "tool": "move", "arguments": '{"head": {}}', "outcome": "begun"}


def pause(served: Served, paused: bool = True) -> None:
    answer = Client(served.port).post("/api/agents/pause", {"paused": paused})
    assert answer[0] == 200, answer


def begin(served: Served, path: str, body: object) -> "tuple[threading.Thread, list[Any]]":
    """Send a request in the agent's name, and return where its answer will be."""
    answers: list[Any] = []

    def send() -> None:
        answers.append(Client(served.port, 60).post(path, body, **AGENT))

    thread = threading.Thread(target=send)
    thread.start()
    return thread, answers


def test_calls_are_kept_and_told(serve: Serve) -> None:
    served = serve()
    client = Client(served.port)
    with EventStream(served.port) as events:
        assert client.post("/api/agents/calls", CALL, **AGENT)[0] == 200
        (told,) = events.next("agents")["calls"]
        assert (told["agent"], told["tool"], told["outcome"]) == ("tester", "move", "begun")
        done = {**CALL, "outcome": "done", "text": "arrived\nthere"}
        assert client.post("/api/agents/calls", done, **AGENT)[0] == 200
        (told,) = events.next("agents")["calls"]
    assert (told["outcome"], told["text"]) == ("done", "arrived\\nthere")
    for number in range(60):
        client.post("/api/agents/calls", {**CALL, "id": f"more {number}"}, **AGENT)
    calls = client.json("/api/agents")[1]["calls"]
    assert (len(calls), calls[0]["id"]) == (50, "more 59")


def test_paused_agents_may_look_at_the_status_and_stop_and_nothing_else(serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    client = Client(served.port)
    pause(served)
    for path in ("/api/snapshot", "/api/moves", "/api/photos", "/api/volume", "/api/events"):
        code, answer = client.json(path, **AGENT)
        assert code == 403, path
        assert "a person has to release them" in answer["error"]
    assert client.post("/api/command/head", {}, **AGENT)[0] == 403
    assert client.post("/api/command/stop", {}, **AGENT)[0] == 200
    assert client.json("/api/status", **AGENT)[1]["agents_paused"] is True
    assert client.post("/api/command/head", {})[0] == 200, "a person's"
    assert served.commands == [Stop(), Head()]
    assert client.post("/api/agents/pause", {"paused": False}, **AGENT)[0] == 403
    assert client.post("/api/agents/answers", {"id": 1, "allow": True}, **AGENT)[0] == 403
    pause(served, False)
    assert client.post("/api/command/head", {}, **AGENT)[0] == 200
    limits = {"values": {"max_speed.body": 8.0}}
    code, answer = client.post("/api/settings", limits, "PUT", **AGENT)
    assert (code, "for a person" in answer["error"]) == (403, True), "released or not"
    assert served.changes == 0


def test_a_pause_ends_what_an_agent_has_begun_and_stops_the_robot(serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    client = Client(served.port)
    client.post("/api/command/head", {}, **AGENT)
    watching = client.open("/api/stream", **AGENT)
    assert watching.read(100)
    pause(served)
    with suppress(http.client.HTTPException, OSError):
        while watching.read(100_000):  # until it is over: the client would fail after its time
            pass
    watching.close()
    client.close()
    assert served.commands[-1] == Stop()


def test_a_pause_stops_the_robot_that_an_agent_has_look_around(serve: Serve) -> None:
    served = serve()
    Client(served.port, 60).post("/api/scan", {}, **AGENT)
    assert Stop() not in served.commands
    pause(served)
    assert served.commands[-1] == Stop()


def test_who_is_no_agent_is_not_stopped_by_a_pause(serve: Serve) -> None:
    served = serve()
    Client(served.port).post("/api/command/head", {})
    pause(served)
    assert served.commands == [Head()]


def test_a_question_is_refused_where_nobody_could_see_it(serve: Serve) -> None:
    question = {"tool": "move", "arguments": "{}"}
    answer = Client(serve().port).post("/api/agents/questions", question, **AGENT)
    assert answer[1]["allowed"] is False
    assert "no person has the robot's page open" in answer[1]["message"]


def test_a_question_nobody_answers_is_refused_in_time() -> None:
    with LoopThread() as io:

        async def ask() -> Any:
            agents = Agents(lambda: None, lambda _: None, lambda: True, question_s=0.1)
            asking = asyncio.ensure_future(agents.ask("tester", Question(tool="move")))
            await asyncio.sleep(0)
            assert agents.state().questions[0].agent == "tester"
            answer = await asking
            assert not agents.state().questions
            return answer

        answer = Awaited(io.submit(ask())).result(10)
    assert answer.allowed is False
    assert "within 0.1 s" in answer.message


def test_the_page_shows_pauses_and_answers(browser: Browser, serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    browser.renew(1440, 900)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    Client(served.port).post("/api/agents/calls", CALL, **AGENT)
    wait_for(lambda: "move: begun" in browser.text("agents-log"), 5, "the call")
    question = {"tool": "move", "arguments": "<b>far</b>"}
    for button, allowed in (("Allow", True), ("Refuse", False)):
        thread, answers = begin(served, "/api/agents/questions", question)
        asked = browser.find("agents-questions")
        wait_for(lambda: "tester asks for move <b>far</b>" in browser.text("agents-questions"), 5)
        asked.get_by_text(button).click()
        thread.join(10)
        assert answers[0][1]["allowed"] is allowed
    browser.find("agents-pause").click()
    wait_for(lambda: browser.text("agents-pause") == "Release agents", 5, "the pause")
    assert Client(served.port).post("/api/command/head", {}, **AGENT)[0] == 403
    browser.find("agents-pause").click()
    wait_for(lambda: browser.text("agents-pause") == "Pause agents", 5, "the release")
    assert browser.console == []
