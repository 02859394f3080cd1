# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a real daemon says of its camera, asked when pictures come and when they stay away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from harness.daemon import Daemon
from harness.loop import on_a_loop
from harness.processes import Processes, free_port
from harness.waiting import wait_for

from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.camera_watch import CameraWatch
from reachy_mini_ros.robot.geometry.camera_models import SIMULATION

T = TypeVar("T")


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> Daemon:
    return Daemon.start(processes, free_port())


async def becomes(condition: Callable[[], T]) -> T:
    return await asyncio.to_thread(wait_for, condition, 15)


class Pictures:
    """Whether pictures arrive, and a watch that runs."""

    def __init__(self, port: int) -> None:
        self.arrive = False
        self.problems: list[str] = []
        self.api = DaemonApi("127.0.0.1", port)
        self.watch = CameraWatch(self.api, lambda: self.arrive, self.problems.append)

    def change(self, arrive: bool) -> None:
        self.arrive = arrive
        self.watch.wake()


@asynccontextmanager
async def watched(port: int) -> AsyncIterator[Pictures]:
    pictures = Pictures(port)
    running = asyncio.ensure_future(pictures.watch.run())
    try:
        yield pictures
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await pictures.api.close()


@on_a_loop
async def test_it_is_told_once_why_no_pictures_come(daemon: Daemon) -> None:
    loop = asyncio.get_running_loop()
    async with watched(daemon.port) as pictures:
        begun_s = loop.time()
        await becomes(lambda: pictures.problems)
        assert loop.time() - begun_s > 1.9  # a reconnect takes less
        assert "--no-media" in pictures.watch.problem
        pictures.change(arrive=True)
        assert await becomes(lambda: pictures.watch.camera_name) == SIMULATION
        assert pictures.watch.problem == ""
        # It asks no more until it is told of a change.
        pictures.change(arrive=False)
        await becomes(lambda: len(pictures.problems) == 2)
        assert pictures.problems[0] == pictures.problems[1] == pictures.watch.problem


@on_a_loop
async def test_without_the_daemon_the_camera_is_not_known_and_that_is_told() -> None:
    async with watched(free_port()) as pictures:
        pictures.change(arrive=True)
        await becomes(lambda: pictures.problems)
        assert pictures.problems[0].startswith("no camera_info yet: ")
        assert pictures.watch.camera_name is None
        pictures.change(arrive=False)
        await becomes(lambda: not pictures.watch.problem)
        assert len(pictures.problems) == 1
