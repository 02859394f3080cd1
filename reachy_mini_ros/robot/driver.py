# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One robot, for any Python program with an event loop; no ROS is needed.

::

    async with Driver("reachy-mini.local") as robot:
        await robot.wake_up()
        await robot.goto(Target(head_pose=head_pose(yaw=0.5)))
        await robot.play_move("pollen-robotics/reachy-mini-emotions-library/cheerful1")

The robot may go and come back meanwhile: what is commanded while it is away is refused. Leaving
the block ends what moves the robot for this program. The control node is topics and services over
this class, the page on the robot is HTTP over it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from reachy_mini_ros.aio import Supervisor, Tasks
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import BusyError, NotConnectedError, ReachyMiniRosError
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.geometry import look
from reachy_mini_ros.robot.geometry.passive_joints import platform
from reachy_mini_ros.robot.health import HealthWatch
from reachy_mini_ros.robot.motion import moves, recorder
from reachy_mini_ros.robot.motion.arbitration import MotionStatus
from reachy_mini_ros.robot.motion.commander import Commander, Limits
from reachy_mini_ros.robot.motion.events import SafetyEvent, event_of
from reachy_mini_ros.robot.motion.lease import LeaseState
from reachy_mini_ros.robot.motion.leasing import Leasing
from reachy_mini_ros.robot.motion.monitor import Monitor
from reachy_mini_ros.robot.motion.player import Player
from reachy_mini_ros.robot.motion.receipts import Order, Receipt
from reachy_mini_ros.robot.motion.recorder import Recorder
from reachy_mini_ros.robot.motion.switches import DaemonSwitches
from reachy_mini_ros.robot.motion.trajectory import Point
from reachy_mini_ros.robot.state import ImuSample, Interpolation, RobotInfo, RobotState, Target

CONNECT_S = 5.0

_log = logging.getLogger("reachy_mini_ros")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a robot is driven."""

    limits: Limits = field(default_factory=Limits)
    goto_duration_s: float = 1.0
    goto_method: Interpolation = Interpolation.MINJERK
    move_directory: Path = Path("~/.ros/reachy_mini_moves")
    """Where recordings are saved, and where a move is looked for first."""
    move_dataset: str = "pollen-robotics/reachy-mini-emotions-library"
    """On the robot: where a move is looked for that is named without a data set."""
    move_approach_s: float = 1.0
    """Duration of the goto to a move's beginning; 0: begin at once, with a jump."""


@dataclass(frozen=True, slots=True)
class MoveList:
    """The names that :meth:`Driver.play_move` takes."""

    recorded: tuple[str, ...]
    """Those of :attr:`Settings.move_directory`."""
    dataset: str
    names: tuple[str, ...] = ()
    """Those of the data set."""
    unavailable: str = ""
    """Why these are not known; empty if they are."""


def _nobody(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who hears what; all are called on the event loop's thread and must be quick."""

    on_state: Callable[[RobotState], None] = _nobody
    """50 times a second."""
    on_imu: Callable[[ImuSample], None] = _nobody
    """As often, from a robot that has an IMU."""
    on_info: Callable[[RobotInfo], None] = _nobody
    """When it has changed."""
    on_connection: Callable[[Connection, str], None] = _nobody
    """With each change, and its reason in words."""
    on_motion: Callable[[MotionStatus], None] = _nobody
    """When it may have changed."""
    on_moving: Callable[[bool], None] = _nobody
    """With each change: whether the robot moves, whoever moves it."""
    on_event: Callable[[SafetyEvent], None] = _nobody
    """For each command that went otherwise than asked, and when somebody else moves the robot."""
    on_receipt: Callable[[Receipt], None] = _nobody
    """For each command, at first and at its end."""
    on_lease: Callable[[LeaseState], None] = _nobody
    """With each change: who commands alone."""


class Driver:
    """One robot: link, API, commander, player, monitor, recorder and switches, assembled.

    Everything but the constructor belongs to one event loop. Commands return a sentence at their
    end, and raise an error of :mod:`reachy_mini_ros.errors` if they are refused or end otherwise.

    Raises SetupError if the SDK is not installed.
    """

    def __init__(
        self,
        host: str = "reachy-mini.local",
        port: int = 8000,
        settings: Settings = Settings(),
        listeners: Listeners = Listeners(),
        supervisor: Supervisor | None = None,
    ) -> None:
        """``supervisor``: one that others use too; by default failures are logged."""
        self.settings = settings
        self.supervisor = supervisor or Supervisor()
        self.info: RobotInfo | None = None
        """What the daemon last told of itself, also while it is away."""
        self._listeners = listeners
        self._tasks = Tasks(self.supervisor)
        self._state_came = asyncio.Event()
        self.api = DaemonApi(host, port)
        self.health = HealthWatch()
        self.link = RobotLink(
            host,
            port,
            on_state=self._on_state,
            on_imu=self._on_imu,
            on_info=self._on_info,
            on_connection=self._on_connection,
            on_reason=self._on_reason,
            ask_info=self.ask,
            supervisor=self.supervisor,
        )
        self.commander = Commander(
            self.link,
            self.api,
            limits=settings.limits,
            on_motion=listeners.on_motion,
            on_event=listeners.on_event,
        )
        self.monitor = Monitor(
            self.link, self.api, self.commander, listeners.on_moving, listeners.on_event
        )
        self.player = Player(self.link, self.api, self.commander)
        self.switches = DaemonSwitches(self.link, self.api, self.commander)
        self.recorder = Recorder()
        self.leasing = Leasing(self.commander.motion.lease, listeners.on_lease)

    async def __aenter__(self) -> Self:
        self.start()
        try:
            await self.connected()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Connect, and connect again whenever it is necessary, until :meth:`close`."""
        self._tasks.keep("link", self.link.run)
        self._tasks.keep("monitor", self.monitor.run)

    async def rest(self) -> None:
        """Let go of the robot until the next :meth:`start`; while nothing of ours moves it."""
        await self._tasks.end()
        self.link.rest()
        self._on_connection(self.link.connection, self.link.reason)

    async def connected(self, within_s: float = CONNECT_S) -> None:
        """Return when the robot's state has come; raises NotConnectedError if it does not."""
        try:
            async with asyncio.timeout(within_s):
                await self._state_came.wait()
        except TimeoutError:
            raise NotConnectedError(self.link.away_text()) from None

    async def close(self) -> None:
        """End what moves the robot for this program, and leave it alone; nothing is told then."""
        self.leasing.close()
        await self.commander.close()
        await self._tasks.end()
        await self.api.close()

    def configure(self, settings: Settings) -> None:
        """Drive by other settings from the next command on."""
        self.settings = settings
        self.commander.apply(settings.limits)

    @property
    def state(self) -> RobotState:
        """The newest state; raises NotConnectedError if the robot is away."""
        return self.commander.present()

    async def goto(
        self,
        target: Target,
        duration_s: float | None = None,
        method: Interpolation | None = None,
        order: Order | None = None,
    ) -> str:
        """Move there and return when the robot has arrived; by default as the settings say."""
        order = order or self.order("goto")
        duration_s = self.settings.goto_duration_s if duration_s is None else duration_s
        method = method or self.settings.goto_method
        return await self.obey(order, self.commander.goto(target, duration_s, method, order))

    async def look_at(self, x: float, y: float, z: float) -> str:
        """Point the camera at a point, metres from where the neutral head is."""
        target = Target(head_pose=look.level_pose(np.array([x, y, z])))
        return await self.goto(target, order=self.order("look_at"))

    def stream(self, target: Target) -> None:
        """Make this the robot's target at once; for targets that come again and again."""
        order = self.order("set_target")
        try:
            self.commander.stream(target, time.monotonic_ns(), order)
        except ReachyMiniRosError as error:
            self.fail(order, error)
            raise

    async def follow(self, names: Sequence[str], points: Sequence[Point]) -> str:
        """Follow a trajectory of joints (URDF names and signs) and return at its end."""
        order = self.order("follow")

        async def follow() -> str:
            planned = await self.player.plan(names, points)
            return await self.player.play_trajectory(planned, points, None, order)

        return await self.obey(order, follow())

    async def play_move(self, name: str, order: Order | None = None) -> str:
        """Play a recorded move, ``move`` or ``owner/dataset/move``, and return at its end."""
        order = order or self.order("play_move", detail=name)

        async def play() -> str:
            source = moves.find(name, self._directory(), self.settings.move_dataset)
            return await self.player.play(source, self.settings.move_approach_s, order)

        return await self.obey(order, play())

    async def list_moves(self) -> MoveList:
        """Return the moves that can be played.

        Raises the reason if nothing is recorded here and the robot's are not known.
        """
        dataset = self.settings.move_dataset
        recorded = tuple(await asyncio.to_thread(moves.recorded, self._directory()))
        try:
            return MoveList(recorded, dataset, tuple(await self.player.names(dataset)))
        except ReachyMiniRosError as error:
            if not recorded:
                raise
            return MoveList(recorded, dataset, unavailable=str(error))

    async def save_recording(self) -> Path:
        """End the recording and return its file; :attr:`recorder` begins one.

        Raises InvalidCommandError if none runs, nothing was recorded or it cannot be saved.
        """
        return await asyncio.to_thread(recorder.save, self.recorder.stop(), self._directory())

    async def wake_up(self) -> str:
        """Switch the motors on, wake the robot up, and return when it is awake."""
        return await self._obey("wake_up", self.commander.wake_up)

    async def goto_sleep(self) -> str:
        """Put the robot to sleep, and return when it lies and its motors are off."""
        return await self._obey("goto_sleep", self.commander.goto_sleep)

    async def stop(self) -> str:
        """End whatever moves the robot; it holds where it is."""
        return await self._obey("stop", self.commander.stop)

    async def enable_motors(self, enable: bool) -> str:
        """Switch the motors on (they hold the present pose) or off."""
        order = self.order("enable_motors")
        return await self.obey(order, self.commander.enable_motors(enable, order))

    def order(self, source: str, id: str = "", detail: str = "", holder: str = "") -> Order:
        """Return the order for a command that came by ``source``, to be given to :meth:`obey`.

        ``holder``: in the name of which lease it comes.
        """
        tell, motion = self._listeners.on_receipt, self.commander.motion
        return Order(source, id, detail, owner=lambda: motion.owner, tell=tell, holder=holder)

    async def obey(self, order: Order, command: Awaitable[str]) -> str:
        """Return what ``command`` returns or raise what it raises; tell what becomes of it.

        What is still being got ready when the robot is stopped does not begin any more.
        """
        if order.stops is None:
            order.stops = self.commander.motion.stops
        try:
            answer = await self._admitted(order, command)
        except ReachyMiniRosError as error:
            self.fail(order, error)
            raise
        except BaseException as error:
            order.fail(error)
            raise
        order.finish(answer)
        return answer

    def begin(self, order: Order, command: Coroutine[Any, Any, str]) -> None:
        """:meth:`obey` for whom nobody waits."""
        order.stops = self.commander.motion.stops

        async def obey() -> None:
            with contextlib.suppress(ReachyMiniRosError):  # the listeners were told
                _log.debug(await self.obey(order, command))

        self._tasks.start(f"command {order.source}", obey())

    def fail(self, order: Order, error: ReachyMiniRosError) -> None:
        """Tell that a command failed, unless its end was told already."""
        if not order.over:
            order.fail(error)
            self._listeners.on_event(event_of(error, order.source))

    async def _admitted(self, order: Order, command: Awaitable[str]) -> str:
        try:
            self.commander.motion.lease.admit(order.source, order.holder)
        except BusyError:
            if asyncio.iscoroutine(command):
                command.close()  # it never begins
            raise
        return await command

    async def _obey(self, source: str, command: Callable[[Order], Awaitable[str]]) -> str:
        order = self.order(source)
        return await self.obey(order, command(order))

    def _directory(self) -> Path:
        return self.settings.move_directory.expanduser()

    # From the robot.

    def _on_state(self, state: RobotState) -> None:
        self._state_came.set()
        self._listeners.on_state(state)
        self.monitor.take(state)
        if self.recorder.recording and not platform().mirrored(state.head_pose, state.head_joints):
            self.recorder.take(state, self.commander.streamer.ramp.at)

    def _on_imu(self, sample: ImuSample) -> None:
        self.health.imu_celsius = sample.temperature
        self._listeners.on_imu(sample)

    def _on_info(self, info: RobotInfo) -> None:
        self.commander.info_changed(info)
        self.health.note(info)
        known, self.info = self.info, info
        if info != known:
            self._listeners.on_info(info)

    def _on_connection(self, connection: Connection, reason: str) -> None:
        self.commander.connection_changed(connection)
        if connection is not Connection.CONNECTED:
            self._state_came.clear()
            self.monitor.lost()
            self.health.lost()
        self._listeners.on_connection(connection, reason)

    def _on_reason(self, reason: str) -> None:
        self._listeners.on_connection(self.link.connection, reason)

    async def ask(self) -> RobotInfo:
        """Ask the daemon what it tells of itself once a second.

        Raises NotConnectedError or RobotError if it does not tell.
        """
        # A daemon that has stopped, or that misses its motors, answers over HTTP only.
        info = await self.api.info()
        self._on_info(info)
        return info
