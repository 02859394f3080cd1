# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated robot: its real daemon without hardware, and its camera and sound."""

import argparse
import asyncio
import logging
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import FrameType

import cv2
import numpy as np

from reachy_mini_ros.aio import Switch
from reachy_mini_ros.errors import ReachyMiniRosError, RobotError
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.state import Matrix, RobotInfo
from reachy_mini_ros.signals import SIGNALS, ignore_signals
from reachy_mini_ros.simulation.camera import Camera
from reachy_mini_ros.simulation.commands import Commands
from reachy_mini_ros.simulation.daemon import Backend, Daemon
from reachy_mini_ros.simulation.media_server import MediaServer
from reachy_mini_ros.simulation.signalling import SignallingServer
from reachy_mini_ros.simulation.sound import Heard, SimulatedMicrophone, SimulatedSpeaker

HOST = "127.0.0.1"
READY_TIMEOUT_S = 60.0
"""Some 3 s on an idle laptop; a daemon that ends meanwhile is told at once."""


def run_until_signal(options: argparse.Namespace) -> None:
    """Simulate one robot until SIGINT or SIGTERM.

    Raises RobotError with the first reason if something is in the way or the daemon ends.
    """
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    if options.verbose:
        logging.getLogger(MediaServer.__module__).setLevel(logging.INFO)
    cv2.setNumThreads(1)  # at these sizes a second thread costs more than it gives
    failure: ReachyMiniRosError | None = None
    try:
        asyncio.run(_run_until_signal(options))
    except* ReachyMiniRosError as errors:
        failure = next(
            error for error in errors.exceptions if isinstance(error, ReachyMiniRosError)
        )
    if failure is not None:
        raise failure


async def _run_until_signal(options: argparse.Namespace) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def on_signal(signum: int, frame: FrameType | None) -> None:
        ignore_signals()  # once: the end must not be interrupted
        loop.call_soon_threadsafe(task.cancel)

    # Not the loop's own handlers: it takes them away when it closes, before the process ends.
    for number in SIGNALS:
        signal.signal(number, on_signal)
    with suppress(asyncio.CancelledError), _home(options.home) as home:
        await run(options, home)


async def run(options: argparse.Namespace, home: Path) -> None:
    """Simulate one robot until cancelled.

    Raises SetupError if something is in the way, and a group with RobotError if the daemon ends
    by itself.
    """
    link = RobotLink(HOST, options.port)
    pose: Matrix = np.eye(4)

    def head_pose() -> Matrix:
        # While the daemon is away the head stays where it was, and so does the picture.
        nonlocal pose
        pose = pose if link.state is None else link.state.head_pose
        return pose

    async with (
        SignallingServer(options.signalling_port) as signalling,
        Daemon(options.port, home, Backend(options.backend), options.name) as daemon,
        _api(options.port) as api,
        asyncio.TaskGroup() as tasks,
    ):
        # Which take about as long as the daemon's own start.
        camera = await asyncio.to_thread(
            Camera, options.width, options.height, options.fps, options.seed, head_pose
        )
        microphone = await asyncio.to_thread(SimulatedMicrophone)
        media = MediaServer(
            options.signalling_port,
            camera,
            microphone,
            SimulatedSpeaker(_report),
            Commands(link, api),
        )
        for part in (link.run(), _serve(media), _watch(daemon)):
            tasks.create_task(part)
        await _wait_until_ready(link, signalling)
        if options.awake:
            await api.set_motor_mode("enabled")
            await api.play("wake_up")
        print(
            f"ready robot={HOST}:{options.port} signalling={HOST}:{options.signalling_port} "
            f"daemon_pid={daemon.pid}",
            flush=True,
        )


async def _serve(media: MediaServer) -> None:
    """Serve until cancelled; SIGUSR1 takes the media away from all, SIGUSR2 gives them back.

    On the wire that is what another client's release and acquire do: sessions end and the
    producer is gone. (The daemon's own switch is for its own media, which it does not have here.)
    """
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    switch = Switch(media.run, failed.set_exception)
    switch.want(True)
    loop.add_signal_handler(signal.SIGUSR1, switch.want, False)
    loop.add_signal_handler(signal.SIGUSR2, switch.want, True)
    try:
        await failed
    finally:
        await switch.close()


async def _wait_until_ready(link: RobotLink, signalling: SignallingServer) -> None:
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            # Polled, because none of the three has an event for it.
            while not (  # noqa: ASYNC110
                signalling.producers and link.state is not None and _runs(link.info)
            ):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise RobotError(
            f"the daemon is not ready after {READY_TIMEOUT_S:.0f} s: {link.reason}"
        ) from None


def _runs(info: RobotInfo | None) -> bool:
    return info is not None and info.daemon_state == "running"


async def _watch(daemon: Daemon) -> None:
    raise RobotError(await daemon.wait())


@asynccontextmanager
async def _api(port: int) -> AsyncIterator[DaemonApi]:
    api = DaemonApi(HOST, port)
    try:
        yield api
    finally:
        await api.close()


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(
        prefix="reachy_mini_sim_", ignore_cleanup_errors=True
    ) as temporary:
        yield Path(temporary)


def _report(heard: Heard) -> None:
    print(f"speaker {heard.frequency_hz:.0f} Hz {heard.level_dbfs:.1f} dBFS", flush=True)
