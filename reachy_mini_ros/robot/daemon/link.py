# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The websocket to the robot's daemon: state in, commands out, supervised by message age.

The socket alone says little: a daemon restarted over REST leaves its old sockets open and silent
for ever, a stopped process keeps them open too. State is due every 20 ms, so its age decides.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError, RobotError
from reachy_mini_ros.hosts import is_literal, is_loopback, network_address
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.state import ImuSample, Matrix, RobotInfo, RobotState
from reachy_mini_ros.statistics import Window

T = TypeVar("T")

STALLED_AFTER_S = 0.5
GIVE_UP_AFTER_S = 1.0
"""A socket without state for this long is closed and opened anew."""
CHECK_PERIOD_S = 0.1
OPEN_TIMEOUT_S = 1.0
OPEN_BY_NAME_TIMEOUT_S = 3.0
"""For a name that has to be looked up first, which mDNS may take its time for."""
LONGEST_PAUSE_S = 0.5
"""With what is above, state is back within 2 s of the robot."""


class RobotLink:
    """One connection to one robot, kept up until :meth:`run` is cancelled.

    All callbacks run on the loop's thread and must be quick. ``on_state`` comes 50 times a
    second, ``on_imu`` as often from a robot that has an IMU, ``on_info`` once, ``on_connection``
    with each change and its reason in words.

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
    ) -> None:
        sdk.require()
        self.address = network_address(host, port)
        self._local = is_loopback(host)
        by_name = not self._local and not is_literal(host)
        self._open_timeout_s = OPEN_BY_NAME_TIMEOUT_S if by_name else OPEN_TIMEOUT_S
        self._on_state = on_state
        self._on_imu = on_imu
        self._on_info = on_info
        self._on_connection = on_connection
        self._connection = Connection.CONNECTING
        self._reason = f"connecting to {self.address}"
        self._state: RobotState | None = None
        self._info: RobotInfo | None = None
        self._socket: ClientConnection | None = None
        self._joints: tuple[Matrix, Matrix] | None = None
        self._due_since_s = 0.0
        self._had_state = False
        self._patient_until_s = 0.0
        self._tasks: dict[str, asyncio.Future[str | None]] = {}
        self._uploads: dict[str, tuple[Callable[[], None], asyncio.Future[dict[str, Any]]]] = {}
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
    def awaits_end(self) -> bool:
        """Whether the daemon still has to report the end of a task or an upload."""
        return bool(self._tasks or self._uploads)

    async def run(self) -> None:
        """Connect, and connect again whenever it is necessary, until cancelled."""
        backoff = Backoff(cap_s=LONGEST_PAUSE_S)
        try:
            while True:
                if await self._session():
                    self.reconnects += 1
                    backoff.reset()
                await asyncio.sleep(backoff.pause_s())
        finally:
            self._connection, self._reason = Connection.LOST, "the driver is shutting down"

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
        end: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._tasks[uuid] = end
        try:
            await self.send(message)
            error = await self.while_connected(end)
        finally:
            del self._tasks[uuid]
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
        end: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._uploads[upload_id] = (on_started, end)
        try:
            await self.send(message)
            report = await self.while_connected(end)
        finally:
            del self._uploads[upload_id]
        if "error" in report:
            raise RobotError(f"the daemon reports: {report['error']}")
        return not report.get("cancelled", False)

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
            self._socket = await connect(
                f"ws://{self.address}/ws/sdk",
                compression=None if self._local else "deflate",
                open_timeout=self._open_timeout_s,
                ping_interval=None,
                proxy=None,
                max_size=2**22,
            )
        except TimeoutError:
            # Something accepts connections and does not answer: the same as an open, silent one.
            stays = self._connection is Connection.STALLED
            self._change(
                Connection.STALLED if stays else Connection.LOST,
                f"no answer from {self.address} within {self._open_timeout_s} s",
            )
            return False
        except (OSError, WebSocketException, ValueError) as error:  # ValueError: a bad host name
            self._change(Connection.LOST, _reason_text(self.address, error))
            return False
        self._joints = None
        self._had_state = False
        self._due_since_s = time.monotonic()
        watchdog = asyncio.create_task(self._watch(self._socket))
        try:
            async for message in self._socket:
                self._take(message)
        except ConnectionClosed:
            pass
        finally:
            watchdog.cancel()
            # Never the closing handshake: a silent peer would not take part in it.
            self._socket.transport.abort()
            self._socket = None
            self._state = None
        if self._connection is not Connection.STALLED:
            self._change(Connection.LOST, f"{self.address} closed the connection")
        return self._had_state

    async def _watch(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(CHECK_PERIOD_S)
            if time.monotonic() < self._patient_until_s:
                continue
            silent_s = time.monotonic() - self._due_since_s
            if silent_s > STALLED_AFTER_S:
                self._change(
                    Connection.STALLED,
                    f"no state from {self.address} for more than {STALLED_AFTER_S} s",
                )
            if silent_s > GIVE_UP_AFTER_S:
                socket.transport.abort()
                return

    def _take(self, raw: str | bytes) -> None:
        try:
            message = json.loads(raw)
            kind = message["type"]
            if kind == "joint_positions":
                self._joints = None
                self._joints = (
                    _numbers(message["head_joint_positions"], (7,)),
                    _numbers(message["antennas_joint_positions"], (2,)),
                )
            elif kind == "head_pose":
                self._take_pose(_numbers(message["head_pose"], (4, 4)))
            elif kind == "imu_data":
                self._take_imu(message)
            elif kind == "daemon_status":
                self._info = sdk.parse_status(message)
                if self._on_info is not None:
                    self._on_info(self._info)
            elif kind == "task_progress":
                self._take_progress(message)
            elif kind == "play_uploaded_move":
                self._take_upload(message)
        except (ValueError, KeyError, TypeError, RobotError) as error:
            # One bad message is the daemon's slip and costs one sample.
            self.last_error = f"message dropped: {error}"

    def _take_pose(self, pose: Matrix) -> None:
        joints, self._joints = self._joints, None
        if joints is None:
            return
        now_ns = time.monotonic_ns()
        self.intervals_ms.add((now_ns / 1e9 - self._due_since_s) * 1e3)
        self._due_since_s = now_ns / 1e9
        self._had_state = True
        self._state = RobotState(pose, *joints, now_ns)
        self._change(Connection.CONNECTED, f"state comes from {self.address}")
        if self._on_state is not None:
            self._on_state(self._state)

    def _take_imu(self, message: dict[str, Any]) -> None:
        sample = ImuSample(
            orientation=_unit(_numbers(message["quaternion"], (4,))),
            angular_velocity=_numbers(message["gyroscope"], (3,)),
            linear_acceleration=_numbers(message["accelerometer"], (3,)),
            temperature=float(_numbers(message["temperature"], ())),
            received_ns=time.monotonic_ns(),
        )
        # Not while the link counts as lost: what comes first after a stall is old.
        if self._on_imu is not None and self._connection is Connection.CONNECTED:
            self._on_imu(sample)

    def _take_progress(self, message: dict[str, Any]) -> None:
        end = self._tasks.get(message["uuid"])
        if end is not None and not end.done() and message["finished"]:
            end.set_result(message.get("error"))

    def _take_upload(self, message: dict[str, Any]) -> None:
        on_started, end = self._uploads.get(message["upload_id"], (None, None))
        if on_started is None or end is None or end.done():
            return
        if message.get("started"):
            on_started()
        else:
            end.set_result(message)

    def _change(self, connection: Connection, reason: str) -> None:
        if connection is not Connection.CONNECTED:
            self._state = None
        if connection is self._connection:
            if connection is not Connection.CONNECTED:
                self._reason = reason
            return
        self._connection, self._reason = connection, reason
        if connection is not Connection.CONNECTED:
            for loss in self._losses:
                if not loss.done():
                    loss.set_result(None)
        if self._on_connection is not None:
            self._on_connection(connection, reason)


def _numbers(values: object, shape: tuple[int, ...]) -> Matrix:
    array = np.array(values, dtype=np.float64)  # null becomes NaN
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"expected {shape} finite numbers")
    return array


def _unit(quaternion: Matrix) -> Matrix:
    length = float(np.linalg.norm(quaternion))
    if length < 0.5:
        raise ValueError("expected a quaternion of length 1")
    return quaternion / length


def _reason_text(address: str, error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return f"nothing listens on {address}"
    return f"cannot connect to {address}: {error}"
