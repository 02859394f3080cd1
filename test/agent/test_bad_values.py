# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every address of the API and every tool against every bad value of harness.bad_requests.

After each: one refusal with a short reason, a robot that did not move and whose daemon runs, and
programs that live and wrote no trace.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from harness import app
from harness.agent import Agent, connected, program
from harness.bad_requests import ADDRESSES, BODIES, SOUNDS, TOOLS, bodies
from harness.behaviour import Page
from harness.pictures import Client
from harness.processes import Child, Processes
from harness.simulation import Simulation
from harness.waiting import patience, wait_for

from reachy_mini_ros.agent.tools import TOOLS as OFFERED
from reachy_mini_ros.web.commands import COMMANDS, LASTING

LONGEST = 300


class Robot:
    """The page of a robot that is awake and still, and what must be true of it after a request."""

    def __init__(self, page: Page, child: Child) -> None:
        self.page, self._child = page, child
        self.client = Client(page.port, patience(30))
        self._still = self._where()

    def unharmed(self, what: str) -> None:
        """Check that nothing came of it."""
        assert self._child.process.poll() is None, self._child.output()
        assert self.page.robot.get("/api/daemon/status")["state"] == "running", what
        assert np.abs(self._where() - self._still).max() < 0.003, what
        output = self._child.output()
        for sign in ("Traceback", "Warning", "internal error"):
            assert sign not in output, (what, output[-5000:])
        assert max(map(len, output.splitlines())) < LONGEST + 150, what

    def refused(self, address: str, body: bytes | None = None, kind: str = "") -> None:
        """Send a request, and check that it is answered with a reason."""
        method, _, path = address.partition(" ")
        headers = {"Content-Type": kind or "application/json"}
        self.client.connection.request(method, path, body, headers)
        answer = self.client.connection.getresponse()
        content = answer.read()
        self.client.close()
        what = f"{address[:200]} {(body or b'')[:200]!r}: {answer.status} {content[:500]!r}"
        assert 400 <= answer.status < 500, what
        checked(json.loads(content)["error"], what)

    def _where(self) -> Any:
        state = self.page.robot.get("/api/state/full")
        return np.array(
            [state["body_yaw"], *state["antennas_position"], *state["head_pose"].values()]
        )


def checked(reason: str, what: str) -> None:
    assert 10 < len(reason) <= LONGEST, what
    assert reason.isprintable(), what
    assert "internal error" not in reason, what


@pytest.fixture(scope="module")
def robot(
    processes: Processes, simulation: Simulation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Robot]:
    child, page = app.started(processes, simulation, tmp_path_factory.mktemp("page"))
    assert page.command("wake_up?wait=done")[0] in (200, 422)
    wait_for(lambda: page.status()["motion"]["owner"] == "idle", 10, "rest")
    assert page.command("stop")[0] == 200
    wait_for(lambda: not page.status()["motion"]["moving"], 10, "rest")
    yield Robot(page, child)
    child.stop_cleanly()


@pytest.fixture(scope="module")
def agent(robot: Robot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    sounds = tmp_path_factory.mktemp("sounds")
    for number in range(100):
        (sounds / f"one of many sounds, {number}.wav").write_bytes(b"RIFF")
    grants = ("--allow=motion,camera,microphone,speaker", "--max-rate=600", f"--sounds={sounds}")
    with connected(program(f"--url=http://127.0.0.1:{robot.page.port}", *grants)) as one:
        yield one


def test_every_input_of_the_api_has_its_bad_values(robot: Robot) -> None:
    paths = robot.client.json("/api/openapi.json")[1]["paths"]
    takes = {
        f"{method.upper()} {path}": operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    with_body = {name for name, one in takes.items() if "requestBody" in one}
    assert with_body - {"POST /api/say"} == set(BODIES)
    assert {
        name
        for name, one in takes.items()
        if "parameters" in one and [p["name"] for p in one["parameters"]] != ["wait"]
    } - set(BODIES) == set(ADDRESSES)
    schemas = robot.client.json("/api/openapi.json")[1]["components"]["schemas"]
    for name, (_, fields) in BODIES.items():
        content = takes[name]["requestBody"]["content"]["application/json"]["schema"]
        known = set(schemas[content["$ref"].rpartition("/")[2]].get("properties", ()))
        assert fields.keys() <= known, name
        left_out = known - fields.keys()
        assert left_out <= {"arguments"}, f"{name} takes {left_out} too"


@pytest.mark.parametrize("address", BODIES)
def test_a_bad_body_is_refused(robot: Robot, address: str) -> None:
    for body in bodies(BODIES[address]):
        robot.refused(address, body)
    robot.refused(address, b"{}", "text/plain")
    if COMMANDS.get(address.rpartition("/")[2]) in LASTING:
        robot.refused(f"{address}?wait=soon", json.dumps(BODIES[address][0]).encode())
    robot.unharmed(address)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_bad_address_is_refused(robot: Robot, address: str) -> None:
    common = re.match(r"[A-Z]+ [^{]*", address)
    assert common is not None
    for rest in ADDRESSES[address]:
        robot.refused(common[0] + rest)
    robot.unharmed(address)


def test_what_is_no_sound_is_not_said(robot: Robot) -> None:
    for sound in SOUNDS:
        robot.refused("POST /api/say", sound, "audio/wav")
    robot.unharmed("say")


def test_every_tool_has_its_bad_values() -> None:
    assert OFFERED.keys() - TOOLS.keys() == {"stop"}
    for name, tool in OFFERED.items():
        if name != "stop":
            given = {key for arguments in TOOLS[name] for key in arguments}
            assert tool.arguments.model_fields.keys() <= given, name


@pytest.mark.parametrize("tool", TOOLS, ids=lambda name: name[:20].strip() or "empty")
def test_a_bad_call_is_refused(robot: Robot, agent: Agent, tool: str) -> None:
    for arguments in TOOLS[tool]:
        result = agent.call(tool, **_sendable(arguments))
        what = f"{tool[:50]} {str(arguments)[:200]}: {str(result)[:500]}"
        assert result.is_error, what
        (content,) = result.content
        checked(content.text, what)
    robot.unharmed(tool)


def _sendable(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments without what the client itself cannot send."""

    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: kept(one) for key, one in value.items()}
        if isinstance(value, list):
            return [kept(one) for one in value]
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        return str(value) if isinstance(value, int) and value > 2**64 else value

    return {key: kept(value) for key, value in arguments.items()}
