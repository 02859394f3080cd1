# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The link to the robot: there while somebody asks for anything, or a move of ours runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from reachy_mini_ros.aio import Supervisor, Switch
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.web.interest import Interest

LINGER_S = 10.0
"""The link stays for so long after the last question."""
ANSWER_S = 5.0
"""A command waits for so long for a link that is just being opened."""


class Presence:
    """Opens and closes the driver's link, on the event loop's thread.

    The daemon sends a hundred messages a second, which a robot that nobody looks at need not read.
    """

    def __init__(self, driver: Driver, supervisor: Supervisor) -> None:
        self._driver = driver
        self._switch = Switch(lambda: supervisor.keep("link to the robot", self._run))
        self.interest = Interest(self._want, LINGER_S)
        """Keeps the link open while it is held."""
        self._changed = asyncio.Event()
        self._closing = False

    def touch(self) -> None:
        """Have the link for a while."""
        self.interest.touch()

    def changed(self) -> None:
        """Take note that the connection is another."""
        self._changed.set()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Have the link in this context, which begins when it is known whether the robot is there.

        And for a while afterwards.
        """
        with self.interest.held():
            await self._wait()
            yield

    async def _wait(self) -> None:
        opened = self._driver.link.connection is not Connection.CONNECTED
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                while self._driver.link.connection is Connection.CONNECTING:
                    self._changed.clear()
                    await self._changed.wait()
        if opened and self._driver.link.connection is Connection.CONNECTED:
            # What its motors do is told once a second only, and commands are judged by it.
            with suppress(ReachyMiniRosError):
                await self._driver.ask()

    async def close(self) -> None:
        """End what moves the robot for us, and let go of it."""
        self._closing = True
        await self._driver.close()
        self.interest.drop()
        await self._switch.close()

    def _want(self, wanted: bool) -> None:
        if not wanted and not self._closing and self._driver.commander.motion.running is not None:
            self.interest.touch()
        else:
            self._switch.want(wanted)

    async def _run(self) -> None:
        self._driver.start()
        try:
            await asyncio.Event().wait()
        finally:
            await self._driver.rest()
