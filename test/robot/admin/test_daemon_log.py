# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's log as its websocket gives it: the last lines anew with each connection."""

import asyncio
import time
from collections.abc import Sequence

from harness.loop import on_a_loop
from harness.processes import free_port
from harness.waiting import patience
from websockets.asyncio.server import ServerConnection, serve

from reachy_mini_ros.robot.admin.daemon_log import BACKLOG, PATH, DaemonLog, LogLine


async def read(count: int, *sessions: Sequence[str]) -> list[LogLine]:
    """Return so many lines of connections that each give these, and then end."""
    left = list(sessions)
    port = free_port()

    async def give(socket: ServerConnection) -> None:
        assert socket.request is not None
        assert socket.request.path == PATH
        for text in left.pop(0) if left else ():
            await socket.send(text)

    found: list[LogLine] = []
    async with serve(give, "127.0.0.1", port), asyncio.timeout(patience(20)):
        async for line in DaemonLog("127.0.0.1", port).lines():
            found.append(line)
            if len(found) == count:
                return found
    raise AssertionError


@on_a_loop
async def test_each_line_is_told_once_though_the_last_ones_come_again() -> None:
    first = [f"line {number}" for number in range(BACKLOG)]
    # As many as the daemon keeps, one new one among them, and then lines like others before.
    second = [*first[1:], "meanwhile", "", first[5]]
    third = ["meanwhile", first[5], "", "last"]
    begun_s = time.monotonic()
    found = await read(BACKLOG + 3, first, second, third)
    assert [one.text for one in found] == [*first, "meanwhile", first[5], "last"]
    assert time.monotonic() - begun_s > 0.5  # there are pauses between connections


@on_a_loop
async def test_after_its_last_lines_each_line_is_new_without_a_pause_too() -> None:
    first = [f"line {number}" for number in range(BACKLOG)]
    found = await read(BACKLOG + 2, [*first, "line 7", "line 7"])
    assert [one.text for one in found[BACKLOG:]] == ["line 7", "line 7"]
    found = await read(BACKLOG + 1, first, [*first, "line 9"])
    assert found[-1].text == "line 9"


@on_a_loop
async def test_a_line_has_its_level_and_requests_are_left_out() -> None:
    found = await read(
        4,
        [
            "12:00 reachy_mini.daemon - WARNING - hot",
            "uvicorn.access - INFO - GET /api/daemon/status",
            "a - ERROR - torn",
            "no level",
            "a - SOMETHING - else",
        ],
    )
    levels = [(one.level, one.text.split()[-1]) for one in found]
    assert levels == [("WARNING", "hot"), ("ERROR", "torn"), ("INFO", "level"), ("INFO", "else")]
