# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The settings page's API over the nodes' parameter services: what only nodes can tell."""

import json
from typing import Any

import pytest
from harness.pictures import Client
from harness.processes import Child, Processes, free_port
from harness.waiting import patience, wait_for

SPACE = "/settings"
KEY = "rtmp://127.0.0.1/app/secret-key"


@pytest.fixture(scope="module")
def port(processes: Processes) -> int:
    port = free_port()
    node = processes.start_node("dashboard", namespace=SPACE, port=port)
    node.wait_for_output("in a browser")
    return port


@pytest.fixture(scope="module")
def stream(processes: Processes, port: int) -> Child:
    node = processes.start_node("stream", namespace=SPACE)
    wait_for(lambda: "stream/destinations" in told(port), 20, "the stream node")
    return node


def told(port: int) -> dict[str, dict[str, Any]]:
    answer = Client(port, patience(30)).json("/api/settings")[1]
    return {one["name"]: one for one in answer["settings"]}


def change(port: int, values: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return Client(port, patience(30)).post("/api/settings", {"values": values}, "PUT")


def test_the_nodes_that_are_there_are_told_and_that_nothing_is_saved(port: int) -> None:
    answer = Client(port).json("/api/settings")[1]
    assert "not saved" in answer["kept"]
    assert {one["section"] for one in answer["settings"]} == {"dashboard"}
    settings = told(port)
    assert settings["dashboard/port"]["value"] == port
    assert "node starts" in settings["dashboard/port"]["fixed"]
    assert settings["dashboard/read_only"]["choices"] == ["auto", "true", "false"]
    assert (settings["dashboard/token"]["secret"], settings["dashboard/token"]["value"]) == (
        True,
        None,
    )
    assert change(port, {"dashboard/port": 1234})[0] == 409
    assert change(port, {"control/goto.duration": 1.0})[1]["fields"] == {
        "control/goto.duration": "there is no such setting"
    }


@pytest.mark.usefixtures("stream")
def test_a_node_takes_one_and_refuses_another_in_its_own_words(port: int) -> None:
    values = {"stream/destinations": ["http://secret"], "stream/bitrate": 3000}
    assert Client(port).post("/api/settings/validate", {"values": values})[1] == {"fields": {}}
    status, answer = change(port, values)
    assert status == 409
    assert answer["error"].startswith("1 set, 1 refused: ")
    assert "a URL begins with none of" in answer["fields"]["stream/destinations"]
    assert "secret" not in json.dumps(answer)
    assert told(port)["stream/bitrate"]["value"] == 3000


@pytest.mark.usefixtures("stream")
def test_a_secret_is_set_and_not_told(port: int) -> None:
    assert told(port)["stream/destinations"]["is_set"] is False
    assert change(port, {"stream/destinations": [KEY]}) == (200, {"message": "1 set"})
    assert told(port)["stream/destinations"]["is_set"] is True
    assert b"secret-key" not in Client(port).get("/api/settings")[2]
    assert change(port, {"stream/destinations": []})[0] == 200
    assert told(port)["stream/destinations"]["is_set"] is False


def test_without_a_control_node_the_connection_says_so(port: int) -> None:
    status, answer = Client(port).post("/api/settings/test")
    assert (status, "no control node runs" in answer["error"]) == (503, True)
    assert Client(port).post("/api/settings/token", {"code": "", "token": KEY})[0] == 409


def test_a_node_that_ended_is_not_told_any_more(port: int, stream: Child) -> None:
    stream.stop_cleanly()
    wait_for(lambda: "stream/destinations" not in told(port), 20, "its end")
