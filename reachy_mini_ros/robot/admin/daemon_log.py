# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's log as the wireless robot gives it out, line by line."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.robot.admin.answers import LONGEST_LINE
from reachy_mini_ros.texts import shown

PATH = "/logs/ws/daemon"
SILENCE_S = 10.0
"""The daemon sends an empty line each second in which it logs nothing."""
BACKLOG = 100
"""Lines with which it begins, each time."""
CLOSING_S = 0.5
LONGEST_MESSAGE = 2**16
NOISE = "uvicorn.access"
"""Lines of each request, ours too."""
_LEVEL = re.compile(r" - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - ")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the daemon's log."""

    level: str
    """``DEBUG``, ``INFO``, ``WARNING``, ``ERROR`` or ``CRITICAL``."""
    text: str
    """With its time, by the robot's clock."""


class DaemonLog:
    """Reads one daemon's log, and again when it was away: each line is told once."""

    def __init__(self, host: str, port: int) -> None:
        self._url = f"http://{network_address(host, port)}{PATH}"
        self._recent: deque[str] = deque(maxlen=2 * BACKLOG)

    async def lines(self) -> AsyncIterator[LogLine]:
        """Give each line as it comes, but for :data:`NOISE`, for ever."""
        backoff = Backoff(initial_s=1.0, cap_s=30.0)
        while True:
            with suppress(NotConnectedError):
                async for line in self._session():
                    backoff.reset()
                    if NOISE not in line:
                        found = _LEVEL.search(line)
                        yield LogLine(found[1] if found else "INFO", shown(line, LONGEST_LINE))
            await asyncio.sleep(backoff.pause_s())

    async def _session(self) -> AsyncIterator[str]:
        """Give the lines of one connection that none before had; raises NotConnectedError."""
        old, left = set(self._recent), BACKLOG
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE_S, sock_read=SILENCE_S)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                socket = await session.ws_connect(self._url, max_msg_size=LONGEST_MESSAGE)
                try:
                    while True:
                        message = await socket.receive(SILENCE_S)
                        if message.type is not aiohttp.WSMsgType.TEXT:
                            return
                        if not message.data or left == 0:
                            old = set()
                        left = max(0, left - 1)
                        if message.data and message.data not in old:
                            self._recent.append(message.data)
                            yield message.data
                finally:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(CLOSING_S):
                            await socket.close()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotConnectedError(f"the daemon's log does not come: {error}") from None
