# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The websocket to the robot's daemon: state in, commands out, supervised by message age.

The socket alone says little: a daemon restarted over REST leaves its old sockets open and silent
for ever, a stopped process keeps them open too. State is due every 20 ms, so its age decides.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import MalformedError, NotConnectedError, RobotError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon import connecting, messages
from reachy_mini_ros.robot.daemon.ends import Ends
from reachy_mini_ros.robot.daemon.pace import Pace
from reachy_mini_ros.robot.state import ImuSample, LinkCounts, RobotInfo, RobotState
from reachy_mini_ros.statistics import Window

T = TypeVar("T")

STALLED_AFTER_S = 0.5
GIVE_UP_AFTER_S = 1.0
"""A socket without state for this long is closed and opened anew."""
CHECK_PERIOD_S = 0.1
LONGEST_PAUSE_S = 0.5
"""With what is above, state is back within 2 s of the robot."""


class RobotLink:
    """One connection to one robot, kept up until :meth:`run` is cancelled.

    All callbacks run on the loop's thread and must be quick. ``on_state`` comes 50 times a
    second, ``on_imu`` as often from a robot that has an IMU, ``on_info`` once, ``on_connection``
    with each change and its reason in words, ``on_reason`` with a new reason while nothing changes.
    ``supervisor`` hears of those that fail, which costs the connection nothing. ``ask_info`` asks
    the daemon in another way what is wrong when it sends no state: :meth:`.DaemonApi.info`.

    Raises SetupError if the SDK is not installed.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        on_state: Callable[[RobotState], None] | None = None,
        on_imu: Callable[[ImuSample], None] | None = None,
        on_info: Callable[[RobotInfo], None] | None = None,
        on_connection: Callable[[Connection, str], None] | None = None,
        on_reason: Callable[[str], None] | None = None,
        ask_info: Callable[[], Awaitable[RobotInfo]] | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        sdk.require()
        self.address = network_address(host, port)
        self._host, self._port = host, port
        self._on_state = on_state
        self._on_imu = on_imu
        self._on_info = on_info
        self._on_connection = on_connection
        self._on_reason = on_reason
        self._ask_info = ask_info
        self._supervisor = supervisor or Supervisor()
        self._connection = Connection.CONNECTING
        self._reason = f"connecting to {self.address}"
        self._state: RobotState | None = None
        self._info: RobotInfo | None = None
        self._socket: ClientConnection | None = None
        self._joints: messages.Joints | None = None
        self._states = Pace(self._publish)
        self._samples = Pace(self._publish_imu)
        self._malformed = 0
        self._refused = ""
        self._due_since_s = 0.0
        self._had_state = False
        self._patient_until_s = 0.0
        self._ends = Ends(self._supervisor)
        self._losses: set[asyncio.Future[None]] = set()
        self.reconnects = 0
        """Connections with state that had to be opened anew."""
        self.last_error = ""
        self.intervals_ms = Window()
        """Time between states, in ms."""

    @property
    def connection(self) -> Connection:
        """How the link is right now."""
        return self._connection

    @property
    def reason(self) -> str:
        """Why the link is as it is, in words."""
        return self._reason

    @property
    def state(self) -> RobotState | None:
        """The newest state; None unless connected."""
        return self._state

    @property
    def info(self) -> RobotInfo | None:
        """What the daemon last told of itself, also while it is away; None before."""
        return self._info

    @property
    def counts(self) -> LinkCounts:
        """What went wrong so far with what the daemon sent."""
        return LinkCounts(
            malformed=self._malformed,
            gaps=self._states.gaps,
            longest_gap_s=self._states.longest_gap_s,
            bursts=self._states.bursts,
            dropped_states=self._states.dropped,
            dropped_samples=self._samples.dropped,
        )

    @property
    def awaits_end(self) -> bool:
        """Whether the daemon still has to report the end of a task or an upload."""
        return self._ends.awaited

    async def run(self) -> None:
        """Connect, and connect again whenever it is necessary, until cancelled."""
        backoff = Backoff(cap_s=LONGEST_PAUSE_S)
        try:
            while True:
                if await self._session():
                    self.reconnects += 1
                    backoff.reset()
                await asyncio.sleep(backoff.pause_s())
        except asyncio.CancelledError:
            self._connection, self._reason = Connection.LOST, "the driver is shutting down"
            raise
        finally:
            if self._connection is not Connection.LOST:
                self._change(Connection.LOST, f"the link to {self.address} failed: see the log")

    def rest(self) -> None:
        """Be as before the first :meth:`run`, after the last one."""
        self._connection, self._reason = Connection.CONNECTING, f"connecting to {self.address}"

    async def send(self, message: str) -> None:
        """Send one message; it is out of this process when this returns.

        Raises NotConnectedError if the robot is away or goes away meanwhile.
        """
        if self._socket is None or self._connection is not Connection.CONNECTED:
            raise NotConnectedError(self.away_text())
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            raise NotConnectedError(self.away_text()) from None

    def be_patient(self, for_s: float) -> None:
        """Take silence for no sign of trouble for so long, while the daemon is kept busy."""
        self._patient_until_s = time.monotonic() + for_s

    async def run_task(self, uuid: str, message: str) -> None:
        """Send a task and wait for the end that the daemon reports for it.

        Raises NotConnectedError if the link is lost meanwhile, RobotError if the daemon reports
        an error.
        """
        with self._ends.of_task(uuid) as end:
            await self.send(message)
            error = await self.while_connected(end)
        if error:
            raise RobotError(f"the daemon reports: {error}")

    async def run_upload(
        self, upload_id: str, message: str, on_started: Callable[[], None]
    ) -> bool:
        """Send the order to play an upload and wait for its end; return whether it was played.

        ``on_started`` is called when the daemon begins, False is returned if somebody stopped it.

        Raises NotConnectedError if the link is lost meanwhile, RobotError if the daemon reports
        an error.
        """
        with self._ends.of_upload(upload_id, on_started) as end:
            await self.send(message)
            report = await self.while_connected(end)
        if report.error:
            raise RobotError(f"the daemon reports: {report.error}")
        return not report.cancelled

    async def while_connected(self, work: Awaitable[T]) -> T:
        """Return what ``work`` returns.

        Raises NotConnectedError as soon as the link is lost, and cancels ``work``.
        """
        if self._connection is not Connection.CONNECTED:
            raise NotConnectedError(self.away_text())
        task = asyncio.ensure_future(work)
        loss: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._losses.add(loss)
        try:
            await asyncio.wait((task, loss), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise NotConnectedError(self.away_text())
            return task.result()
        finally:
            self._losses.discard(loss)
            loss.cancel()
            task.cancel()

    def away_text(self) -> str:
        """Return the sentence for a command that cannot be carried out now."""
        return f"the robot at {self.address} is not connected ({self._reason})"

    async def _session(self) -> bool:
        """Hold one socket for as long as it is good; return whether state came over it."""
        try:
            self._socket = await connecting.opened(self._host, self._port)
        except NotConnectedError as error:
            silent = isinstance(error, connecting.SilentError)
            stays = silent and self._connection is Connection.STALLED
            self._change(Connection.STALLED if stays else Connection.LOST, str(error))
            return False
        self._joints = None
        self._refused = ""
        self._had_state = False
        self._due_since_s = time.monotonic()
        self._states.reset(self._due_since_s)
        self._samples.reset(self._due_since_s)
        try:
            async with asyncio.TaskGroup() as group:
                watchdog = group.create_task(self._watch(self._socket))
                why = await self._read(self._socket)
                watchdog.cancel()
        finally:
            # Never the closing handshake: a silent peer would not take part in it.
            self._socket.transport.abort()
            self._socket = None
            self._state = None
            self._states.reset()
            self._samples.reset()
        if self._connection is not Connection.STALLED:
            self._change(Connection.LOST, why)
        return self._had_state

    async def _read(self, socket: ClientConnection) -> str:
        """Take all that comes over a socket, and return why no more does."""
        try:
            while True:
                # Not decoded: a text that is none would cost the connection.
                self._take(await socket.recv(decode=False))
        except ConnectionClosed as closed:
            if closed.sent is not None and closed.sent.code == CloseCode.MESSAGE_TOO_BIG:
                self._refuse(MalformedError(closed.sent.reason))
            return connecting.closed_text(self.address, closed)

    async def _watch(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(CHECK_PERIOD_S)
            if time.monotonic() < self._patient_until_s:
                continue
            if self._silent_s() > STALLED_AFTER_S:
                text = f"no state from {self.address} for more than {STALLED_AFTER_S} s"
                if self._connection is not Connection.STALLED:
                    self._change(Connection.STALLED, text)
                await self._ask_why(text)
            if self._silent_s() > GIVE_UP_AFTER_S:
                socket.transport.abort()
                return

    def _silent_s(self) -> float:
        return time.monotonic() - self._due_since_s

    async def _ask_why(self, text: str) -> None:
        """Ask the daemon over HTTP, which it answers also when it has stopped, for the reason."""
        if self._refused:
            self._change(Connection.STALLED, f"{text}: what comes is refused ({self._refused})")
        elif self._ask_info is not None:
            info, why = await connecting.why_silent(
                self._ask_info, GIVE_UP_AFTER_S - STALLED_AFTER_S
            )
            if info is not None:
                self._take_info(info)
            if self._silent_s() > STALLED_AFTER_S:
                self._change(Connection.STALLED, f"{text}: {why}")

    def _take(self, raw: bytes) -> None:
        now_ns = time.monotonic_ns()
        try:
            message = messages.parse(raw, now_ns)
        except MalformedError as error:
            self._refuse(error)
            return
        if isinstance(message, messages.Joints):
            self._joints = message
        elif isinstance(message, messages.HeadPose):
            self._take_pose(message, now_ns)
        elif isinstance(message, ImuSample):
            self._samples.take(message, now_ns / 1e9)
        elif isinstance(message, RobotInfo):
            self._take_info(message)
        elif message is not None:
            self._ends.take(message)

    def _refuse(self, error: MalformedError) -> None:
        # One bad message is the daemon's slip and costs one sample.
        self._joints = None
        self._malformed += 1
        self._refused = str(error)
        self.last_error = f"message dropped: {error}"

    def _take_pose(self, pose: messages.HeadPose, now_ns: int) -> None:
        joints, self._joints = self._joints, None
        if joints is None:
            return
        self._due_since_s = now_ns / 1e9
        self._had_state = True
        self._refused = ""
        state = RobotState(pose.matrix, joints.head_joints, joints.antennas, now_ns)
        self._states.take(state, self._due_since_s)

    def _take_info(self, info: RobotInfo) -> None:
        self._info = info
        self._tell("what takes the robot's info", self._on_info, info)

    def _publish(self, state: RobotState) -> None:
        if self._state is not None:
            self.intervals_ms.add((state.received_ns - self._state.received_ns) / 1e6)
        self._state = state
        self._change(Connection.CONNECTED, f"state comes from {self.address}")
        self._tell("what takes states", self._on_state, state)

    def _publish_imu(self, sample: ImuSample) -> None:
        # Not while the link counts as lost.
        if self._connection is Connection.CONNECTED:
            self._tell("what takes the IMU's samples", self._on_imu, sample)

    def _change(self, connection: Connection, reason: str) -> None:
        if connection is not Connection.CONNECTED:
            self._state = None
        if connection is self._connection:
            if connection is not Connection.CONNECTED and reason != self._reason:
                self._reason = reason
                self._tell("what hears of the link's reasons", self._on_reason, reason)
            return
        self._connection, self._reason = connection, reason
        if connection is not Connection.CONNECTED:
            for loss in self._losses:
                if not loss.done():
                    loss.set_result(None)
        self._tell("what hears of the connection", self._on_connection, connection, reason)

    def _tell(self, part: str, callback: Callable[..., None] | None, *arguments: Any) -> None:
        """Call a callback, whose failure is its own and costs neither message nor connection."""
        if callback is not None:
            with self._supervisor.guard(part):
                callback(*arguments)
