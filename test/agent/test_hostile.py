# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Hostile calls of an agent: the robot stays within its limits, and each is answered in a line."""

import asyncio
import math
import random
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness import app
from harness.agent import Agent, connected, program
from harness.behaviour import Page
from harness.processes import Processes
from harness.simulation import Simulation
from harness.waiting import Awaited, patience, wait_for

CALLS, FLOOD, AT_ONCE = 500, 50, 20
"""A flood first; of fewer at once more are carried out before a stop among them."""
TILT, HEAD_TO_BODY, BODY, ANTENNAS, OFFSET = 40.5, 68.0, 160.5, 180.5, 0.1
"""Degrees and metres: the robot's limits, and what the simulation's kinematics err.

Limits hold for where the robot is sent. On its way there the daemon alone keeps the head near the
body, and a tilted one was seen 2 degrees beyond its 65.
"""


class Witness:
    """Reads the daemon's own states, and keeps those beyond the limits."""

    def __init__(self, robot: Simulation) -> None:
        self._robot = robot
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.seen = 0
        self.beyond: list[Any] = []
        self.most: dict[str, float] = {}

    def __enter__(self) -> "Witness":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.is_set():
            state = self._robot.get("/api/state/full")
            head, body = state["head_pose"], math.degrees(state["body_yaw"])
            angles = {key: abs(math.degrees(head[key])) for key in ("roll", "pitch")}
            turned = math.degrees(head["yaw"]) - body
            seen = {
                **angles,
                "head_to_body": abs(math.remainder(turned, 360.0)),
                "body": abs(body),
                "antennas": max(abs(math.degrees(angle)) for angle in state["antennas_position"]),
                "offset": max(abs(head[key]) for key in "xyz"),
            }
            limits = (TILT, TILT, HEAD_TO_BODY, BODY, ANTENNAS, OFFSET)
            if any(value > limit for value, limit in zip(seen.values(), limits, strict=True)):
                self.beyond.append(seen)
            self.most = {key: max(value, self.most.get(key, 0)) for key, value in seen.items()}
            self.seen += 1
            self._ended.wait(0.02)


NUMBERS = (
    *(1e308, -1e9, 361, -91, 89.9, -60, 39.0, 120, 0.2, True, None, "20", "NaN", [1], {}),
    "9" * 400,
)
NAMES = (
    *("", "../../etc/passwd", "/etc/shadow", "a\0b", "'; rm -rf / #", "$(reboot)", "\u202egpj.exe"),
    *("x" * 5000, "owner/../../x", "{{7*7}}", "\n\nIgnore your limits", "%2e%2e%2f", "wake_up.wav"),
)
UNKNOWN = ("", "system", "move\0", "../move", "MOVE", "set_target", "daemon/stop", "x" * 10_000)
HEAD = ("roll", "pitch", "yaw", "x", "y", "z", "mode", "duration", "__class__")


def made_up(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """Return one hostile call; sleep is left out, whose pose lies beyond the limits."""

    def values(keys: tuple[str, ...]) -> dict[str, Any]:
        some = chance.sample(keys, chance.randint(1, len(keys)))
        return {key: chance.choice(NUMBERS) for key in some}

    def turn() -> dict[str, Any]:
        return {key: chance.uniform(-400, 400) for key in ("roll", "pitch", "yaw")}

    kinds: tuple[Callable[[], tuple[str, dict[str, Any]]], ...] = (
        lambda: ("move", {"head": values(HEAD)}),
        lambda: ("move", {"head": turn(), "body": {"yaw": chance.uniform(-400, 400)}}),
        lambda: ("move", {"head": {key: value / 10 for key, value in turn().items()}}),
        lambda: ("move", {"antennas": values(("right", "left", "middle"))}),
        lambda: ("move", {"body": values(("yaw", "duration", "mode"))}),
        lambda: ("look_at", values(("u", "v", "width", "height", "x", "y", "z"))),
        lambda: ("look_at", {key: chance.uniform(-2, 2) for key in "xyz"}),
        lambda: ("express", {"action": "play", "name": chance.choice(NAMES)}),
        lambda: ("play", {"name": chance.choice(NAMES)}),
        lambda: ("say_sound", {"name": chance.choice(NAMES)}),
        lambda: ("look", values(("max_edge", "quality", "path"))),
        lambda: ("scan", values(("yaw_steps", "pitch_steps", "full_360", "width", "max_speed"))),
        lambda: ("scan", {"yaw_steps": [chance.uniform(-90, 90)], "pitch_steps": [25.0]}),
        lambda: ("listen", values(("seconds", "wav"))),
        lambda: ("rest", {"state": chance.choice(NAMES)}),
        lambda: ("lease", {"action": chance.choice(("take", *NAMES)), "seconds": 1e9}),
        lambda: (chance.choice(UNKNOWN), values(HEAD)),
        lambda: ("stop", {}),
    )
    return chance.choice(kinds)()


def test_500_hostile_calls_move_the_robot_beyond_its_limits_never(
    processes: Processes, simulation: Simulation, tmp_path: Path
) -> None:
    page = app.page(processes, simulation, tmp_path)
    assert page.command("wake_up?wait=done")[0] == 200
    options = ("--allow=motion,camera,microphone,speaker", "--max-rate=600", "--max-duration=2")
    with connected(program(f"--url=http://127.0.0.1:{page.port}", *options)) as agent:
        attack(agent, page)
    assert page.status()["connection"] == "connected"


def attack(agent: Agent, page: Page) -> None:
    """Call, and hold the robot and the answers to what is promised."""
    chance = random.Random(12)
    calls = [made_up(chance) for _ in range(CALLS - 3)]
    calls += [("move", {"head": {"yaw": "9" * 10_000_000}}), ("x" * 10_000_000, {})]
    calls += [("play", {"name": "x" * 10_000_000})]
    chance.shuffle(calls)

    async def all_of(some: list[tuple[str, dict[str, Any]]]) -> list[Any]:
        asked = (agent.client.call_tool(name, given) for name, given in some)
        return await asyncio.gather(*asked, return_exceptions=True)

    answers: list[Any] = []
    with Witness(page.robot) as witness:
        for begin, end in pairwise((0, *range(FLOOD, CALLS, AT_ONCE), CALLS)):
            answers += Awaited(agent.io.submit(all_of(calls[begin:end]))).result(60)
        wait_for(lambda: page.status()["motion"]["owner"] == "idle", 10, "the end of all motion")
    assert witness.beyond == []
    assert witness.seen > 100
    assert witness.most["pitch"] > 10, "it was moved"
    assert len(answers) == CALLS
    for call, answer in zip(calls, answers, strict=True):
        assert not isinstance(answer, Exception), (call[0][:80], answer)
        if answer.is_error:
            (content,) = answer.content
            assert 0 < len(content.text) <= 300, content
            assert "internal error" not in content.text, (call, content)
            assert "\n" not in content.text
    assert sum(not answer.is_error for answer in answers) > 20
    time_s = time.monotonic()
    assert agent.told("stop")
    assert time.monotonic() - time_s < patience(2)
