# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What holds an agent back: grants, read-only, caps, a person's answer, a person's pause."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.agent import MODULE, Agent, connected, over_http, program
from harness.dashboard import Serve, Served, serving
from harness.events import EventStream
from harness.pictures import Client
from harness.processes import Processes, free_port
from harness.waiting import wait_for

from reachy_mini_ros.web.commands import Head, Stop

TOKEN = "correct-horse-battery"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as start:
        yield start


def at(served: Served, *options: str) -> Any:
    return connected(program(f"--url=http://127.0.0.1:{served.port}", *options))


def test_read_only_leaves_looking_and_stopping(serve: Serve) -> None:
    with at(serve(), "--read-only", "--allow=motion,camera") as agent:
        assert "read-only" in agent.refused("move", head={})
        assert "read-only" in agent.refused("rest", state="asleep")
        assert agent.status()["you"]["read_only"] is True
        assert agent.told("stop") == "done"


def test_too_many_calls_are_refused_and_a_stop_never_is(serve: Serve) -> None:
    served = serve()
    with at(served, "--max-rate=3") as agent:
        for _ in range(3):
            agent.told("status")
        for _ in range(5):
            assert "more than 3 calls a minute: wait" in agent.refused("status")
            assert agent.told("stop") == "done"
    calls = Client(served.port).json("/api/agents")[1]["calls"]
    assert [call["outcome"] for call in calls].count("refused") == 1, "a flood is told once"


def ask(served: Served, agent: Agent, allow: bool) -> Any:
    """Let the agent move, and a person answer; return the call's result."""
    with EventStream(served.port) as events:
        moving = agent.begin("move", head={"yaw": 5})
        while not (questions := events.next("agents")["questions"]):
            pass
        (question,) = questions
        assert (question["tool"], question["arguments"]) == ("move", '{"head": {"yaw": 5}}')
        assert not [command for command in served.commands if isinstance(command, Head)]
        answer = {"id": question["id"], "allow": allow}
        assert Client(served.port).post("/api/agents/answers", answer)[0] == 200
        return moving.result(20)


def test_a_person_is_asked_where_that_is_wanted(serve: Serve) -> None:
    served = serve()
    with at(served, "--allow=motion", "--confirm=motion") as agent:
        assert "no person has the robot's page open" in agent.refused("move", head={})
        refused = ask(served, agent, False)
        assert refused.is_error
        assert "a person refused it" in refused.content[0].text
        assert not ask(served, agent, True).is_error
        assert served.commands == [Head(yaw=5)]


def test_a_pause_holds_until_a_person_releases(serve: Serve) -> None:
    served = serve()
    with at(served, "--allow=motion") as agent:
        assert agent.told("move", head={})
        Client(served.port).post("/api/agents/pause", {"paused": True})
        assert served.commands == [Head(), Stop()]
        assert "a person has to release them" in agent.refused("move", head={})
        assert agent.status()["agents_paused"] is True
        assert agent.told("stop") == "done"
        Client(served.port).post("/api/agents/pause", {"paused": False})
        assert agent.told("move", head={})


def test_without_a_dashboard_the_reason_is_told() -> None:
    with connected(program(f"--url=http://127.0.0.1:{free_port()}", "--allow=motion")) as agent:
        assert "no dashboard answers at http://127.0.0.1:" in agent.refused("status")
        assert "--url" in agent.refused("move", head={})


def test_over_http_who_has_the_token_is_let_in(serve: Serve, processes: Processes) -> None:
    served, port = serve(token=TOKEN), free_port()
    options = (f"--url=http://127.0.0.1:{served.port}", f"--http={port}", "--allow=motion")
    child = processes.start_module(MODULE, *options, env={"REACHY_MINI_TOKEN": TOKEN})
    child.wait_for_output(f"serving http://127.0.0.1:{port}/mcp", 30)
    url = f"http://127.0.0.1:{port}/mcp"
    with connected(over_http(url, TOKEN)) as agent:
        assert agent.status()["connection"] == "connected"
        assert agent.told("move", head={}) == "head: done"
    request = urllib.request.Request(url, data=b"{}", headers={"Authorization": "Bearer wrong"})
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=10)
    taken = processes.start_module(MODULE, *options)
    assert "cannot listen on port" in taken.wait_failed()
    child.stop_cleanly()


def test_an_agent_that_goes_has_the_robot_stopped(serve: Serve) -> None:
    served = serve()
    with at(served, "--allow=motion") as agent:
        served.takes_long = True
        agent.begin("move", head={"yaw": 5})
        wait_for(lambda: served.commands == [Head(yaw=5)], 10, "the command")
    wait_for(lambda: served.commands[-1] == Stop(), 10, "the stop")


@pytest.mark.parametrize("name", ["claude_desktop.json", "claude_code.json", "codex.toml"])
def test_the_configurations_start_this_server(name: str) -> None:
    text = (ROOT / "config" / "mcp" / name).read_text()
    if name.endswith(".json"):
        (server,) = json.loads(text)["mcpServers"].values()
    else:
        import tomllib

        (server,) = tomllib.loads(text)["mcp_servers"].values()
    assert server["command"] == "mcp_server"
    from reachy_mini_ros.agent.options import parser, settings_of

    options = parser("mcp_server", "").parse_args(server["args"])
    assert settings_of(options, {}).allowed
