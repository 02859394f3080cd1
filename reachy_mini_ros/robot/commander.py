# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Carries out commands: checks them, asks the rules of motion, talks to the daemon.

Everything here runs on the event loop. Errors are those of :mod:`reachy_mini_ros.errors`:
InvalidCommandError (the command is wrong), BusyError (not now), PreemptedError (ended by another
command), NotConnectedError, RobotError.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import uuid4

import numpy as np

from reachy_mini_ros.errors import (
    NotConnectedError,
    PreemptedError,
    ReachyMiniRosError,
    RobotError,
    TimedOutError,
    UnreachableError,
)
from reachy_mini_ros.robot import clamping, limits, sdk
from reachy_mini_ros.robot.api import DaemonApi
from reachy_mini_ros.robot.events import EventKind, SafetyEvent
from reachy_mini_ros.robot.link import RobotLink
from reachy_mini_ros.robot.motion import Command, Motion, Owner
from reachy_mini_ros.robot.passive_joints import platform
from reachy_mini_ros.robot.state import (
    Connection,
    Interpolation,
    Matrix,
    RobotInfo,
    RobotState,
    Target,
)
from reachy_mini_ros.robot.stream import Streamer

SETTLE_S = 0.05
"""From stop_move to the next move. The daemon's move loops look at its stop flag every 10 ms, and
a move that begins before they have seen it would be ended by the same flag."""
END_MARGIN_S = 2.0
EARLY_S = 0.1
LONGEST_SCRIPT_S = 30.0
STOP_ATTEMPTS = 5
STOP_PERIOD_S = 0.1
MODE_SETTLE_S = 0.5
"""For so long after the motors were switched here, a status may still tell of the time before."""


@dataclass(eq=False)
class _Move:
    command: Command
    task: asyncio.Task[None] | None = None
    on_robot: bool = False
    ended_by: str = ""


class Commander:
    """The one writer to one robot.

    Callbacks come on the event loop: ``on_motion`` when :attr:`motion` may have changed,
    ``on_event`` with what no error can tell the sender of a command: a clamped target, a stream
    that was ended.
    """

    def __init__(
        self,
        link: RobotLink,
        api: DaemonApi,
        *,
        command_timeout_s: float,
        on_motion: Callable[[Motion], None] | None = None,
        on_event: Callable[[SafetyEvent], None] | None = None,
    ) -> None:
        self._link = link
        self._api = api
        self._on_motion = on_motion
        self._on_event = on_event
        self.motion = Motion(command_timeout_s)
        self.streamer = Streamer(link, self._stream_is_over, self._stream_ended)
        self.reach = limits.DOCUMENTED
        """How far the robot may be told to go; the daemon's own scripts know no such limits."""
        self.clamp = False
        """Whether a target out of reach is clamped to the nearest reachable one."""
        self._stream_source = ""
        self._move: _Move | None = None
        self._orphaned = False
        self._adoption: asyncio.Task[None] | None = None
        self._goal: Matrix | None = None
        self._mode_set_s = -MODE_SETTLE_S

    def present(self) -> RobotState:
        """Return the newest state; raises NotConnectedError if the robot is away.

        Where the daemon's head pose is mirrored, the one that belongs to the joints is in it.
        """
        state = self._link.state
        if state is None:
            raise NotConnectedError(self._link.away_text())
        if platform().mirrored(state.head_pose, state.head_joints):
            return replace(state, head_pose=limits.pose_of_joints(state.head_joints))
        return state

    def reference(self) -> tuple[Matrix, Matrix]:
        """Return head joints and antennas that a command for a part of them leaves as they are.

        In a stream that is what was streamed last, and else the present state: measured positions
        sag a little, and sending them back again and again would let the robot creep.
        """
        state = self.present()
        held = self.streamer.held
        joints, antennas = held.head_joints, held.antennas
        return (
            state.head_joints if joints is None else joints,
            state.antennas if antennas is None else antennas,
        )

    def target_pose(self) -> Matrix | None:
        """Return the head pose that a goto or a stream commands now; None while none does."""
        held = self.streamer.held
        if self._goal is not None or held.head_joints is None:
            return held.head_pose if self._goal is None else self._goal
        return limits.pose_of_joints(held.head_joints, self._link.state)

    def stream(self, target: Target, arrived_ns: int, source: str = "") -> None:
        """Make ``target`` the robot's target as soon as the ramp allows; the newest wins."""
        state = self.present()
        self.motion.admit(Command.TARGET)
        checked = self._with_head(self._checked(target, state, source), state)
        self._stream_source = source
        self._begin(Command.TARGET)
        self.streamer.aim(checked, state, arrived_ns)

    async def goto(
        self, target: Target, duration_s: float, method: Interpolation, source: str = ""
    ) -> str:
        """Move to ``target`` in ``duration_s`` and return when the robot has arrived."""
        state = self.present()
        self.motion.admit(Command.GOTO)
        checked = self._as_pose(self._checked(target, state, source), state)
        # The state is the link's own unless its head pose had to be put right.
        if state is not self._link.state and checked.head_pose is not None:
            raise RobotError(
                "the daemon's head pose is wrong, and its gotos would begin there: restart the "
                "daemon (service daemon/restart); streamed targets can be used meanwhile"
            )
        goal = self._goal = checked.head_pose
        try:
            return await self._carry_out(
                Command.GOTO, lambda move: self._goto(move, checked, duration_s, method)
            )
        finally:
            if self._goal is goal:
                self._goal = None

    async def run_move(self, owner: Owner, work: Callable[[], Awaitable[None]]) -> str:
        """Let ``work`` have the robot, as its `trajectory` or `move`, and return when it is done.

        ``work`` is ended by the daemon's own stop of all moves, and cancelled if that does not
        end it. It may call :meth:`approach`.
        """
        self.present()
        command = Command(owner.value)
        self.motion.admit(command)

        async def carried(move: _Move) -> None:
            move.on_robot = True
            await work()

        return await self._carry_out(command, carried)

    async def approach(self, target: Target, duration_s: float) -> None:
        """Go to ``target`` as a part of the running move's work."""
        assert self._move is not None, "a part of a move without the move"
        state = self.present()
        checked = self._as_pose(limits.check(target, state, self.reach), state)
        await self._goto(self._move, checked, duration_s, Interpolation.MINJERK)

    async def wake_up(self) -> str:
        """Enable the motors, wake the robot up, and return when it is awake."""
        self.present()
        self.motion.admit(Command.WAKE_UP)

        async def work(move: _Move) -> None:
            # The daemon's own wake-up leaves the motors as they are.
            await self.set_motor_mode("enabled")
            await self._script(move)

        return await self._carry_out(Command.WAKE_UP, work)

    async def goto_sleep(self) -> str:
        """Put the robot to sleep, and return when it lies and its motors are off."""
        self.present()
        self.motion.admit(Command.GOTO_SLEEP)
        return await self._carry_out(Command.GOTO_SLEEP, self._script)

    async def stop(self) -> str:
        """End whatever moves the robot; it holds where it is."""
        owner = self.motion.owner
        self.motion.stopped()
        self._drop_stream("stop")
        self._tell_motion()
        self.present()
        move = self._move
        if move is not None:
            await self._end(move, "stop")
        await self._link.send(sdk.stop_message())
        await self._api.stop_moves()
        if move is not None:
            return f"stopped: {move.command}"
        return "stopped: streaming" if owner is Owner.STREAMING else "stopped"

    async def enable_motors(self, enable: bool) -> str:
        """Switch all motors on (they hold the present pose) or off, which ends a move first."""
        self.present()
        if not enable:
            await self.stop()
        self.streamer.ramp.reset()
        await self.set_motor_mode("enabled" if enable else "disabled")
        return "motors enabled" if enable else "motors disabled"

    async def set_motor_mode(self, mode: str) -> None:
        """Set `enabled`, `disabled` or `gravity_compensation`, whatever moves."""
        await self._api.set_motor_mode(mode)
        self._note_motor_mode(mode)

    def info_changed(self, info: RobotInfo) -> None:
        """Take note of what the daemon tells of itself."""
        if self._link.connection is not Connection.CONNECTED:
            return
        if time.monotonic() - self._mode_set_s > MODE_SETTLE_S:
            self.motion.motor_mode = info.motor_mode
            self._tell_motion()

    def connection_changed(self, connection: Connection) -> None:
        """Take note that the robot went away, or came back."""
        if connection is not Connection.CONNECTED:
            self.motion.motor_mode = ""
            if self.motion.running is Command.TARGET:
                self._drop_stream("the lost connection")
                self.motion.ended()
            self._tell_motion()
        elif self._orphaned:
            self._orphaned = False
            self._adoption = asyncio.create_task(self._end_orphan())

    async def _end_orphan(self) -> None:
        # A move that failed for us with the link may still run on the robot.
        with contextlib.suppress(NotConnectedError, RobotError):
            await self._link.send(sdk.stop_message())
            await self._api.stop_moves()

    async def _carry_out(self, command: Command, work: Callable[[_Move], Awaitable[None]]) -> str:
        previous, move = self._move, _Move(command)
        self._drop_stream(str(command))
        self._move = move
        self._begin(command)
        began_s = time.monotonic()
        move.task = asyncio.create_task(self._replace(previous, move, work))
        asleep = False
        try:
            await move.task
            asleep = command is Command.GOTO_SLEEP and not move.ended_by
        except asyncio.CancelledError:
            if not move.ended_by:
                raise  # the driver is shutting down
        except NotConnectedError:
            self._orphaned = move.on_robot
            raise
        except ReachyMiniRosError:
            if not move.ended_by:
                raise
        finally:
            if self._move is move:
                self._move = None
                if asleep:
                    self._note_motor_mode("disabled")
                self.motion.ended(asleep=asleep)
                self._tell_motion()
        if move.ended_by:
            raise PreemptedError(f"{command} was ended by {move.ended_by}")
        return f"{command} done in {time.monotonic() - began_s:.1f} s"

    async def _replace(
        self, previous: _Move | None, move: _Move, work: Callable[[_Move], Awaitable[None]]
    ) -> None:
        if previous is not None:
            await self._end(previous, f"a new {move.command}")
        # Also ends what other clients have started.
        await self._link.send(sdk.stop_message())
        await asyncio.sleep(SETTLE_S)
        await work(move)

    async def _goto(
        self, move: _Move, target: Target, duration_s: float, method: Interpolation
    ) -> None:
        uuid = uuid4()
        message = sdk.goto_message(uuid, target, duration_s, method)
        move.on_robot = True
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(duration_s + END_MARGIN_S):
                await self._link.run_task(str(uuid), message)
        except TimeoutError:
            raise TimedOutError(
                f"the daemon did not report the goto's end {END_MARGIN_S} s after it was due"
            ) from None
        # The daemon reports the same end for a goto that somebody has stopped.
        if time.monotonic() - began_s < duration_s - EARLY_S:
            raise PreemptedError("goto was ended by another client")

    async def _script(self, move: _Move) -> None:
        move.on_robot = True
        try:
            async with asyncio.timeout(LONGEST_SCRIPT_S):
                await self._link.while_connected(self._api.play(move.command))
        except TimeoutError:
            raise TimedOutError(
                f"the daemon did not report the end of {move.command} in {LONGEST_SCRIPT_S} s"
            ) from None

    async def _end(self, move: _Move, by: str) -> None:
        """End a move of ours and return when the daemon has."""
        move.ended_by = by
        assert move.task is not None
        for _ in range(STOP_ATTEMPTS if move.on_robot else 0):
            # Once is not always enough: the daemon forgets a stop that comes just before the move
            # has begun.
            await self._link.send(sdk.stop_message())
            if move.command is not Command.GOTO:
                await self._api.stop_moves()
            done, _ = await asyncio.wait((move.task,), timeout=STOP_PERIOD_S)
            if done:
                return
        move.task.cancel()
        await asyncio.wait((move.task,))

    def _note_motor_mode(self, mode: str) -> None:
        self._mode_set_s = time.monotonic()
        self.motion.motor_mode = mode
        self._tell_motion()

    def _begin(self, command: Command) -> None:
        self.motion.began(command)
        self._tell_motion()

    def _tell_motion(self) -> None:
        if self._on_motion is not None:
            self._on_motion(self.motion)

    def _tell(self, kind: EventKind, source: str, reason: str) -> None:
        if self._on_event is not None:
            self._on_event(SafetyEvent(kind, source, reason))

    def _stream_is_over(self) -> bool:
        return self.motion.stream_is_over() or self.motion.running is not Command.TARGET

    def _stream_ended(self, broke_off: bool) -> None:
        if self.motion.running is Command.TARGET:
            self.motion.ended()
            self._tell_motion()
        if broke_off:
            text = f"no target for {self.motion.command_timeout_s} s while they were moving"
            self._tell(EventKind.TIMED_OUT, self._stream_source, f"the stream broke off: {text}")

    def _drop_stream(self, by: str) -> None:
        streamed = self.streamer.active
        self.streamer.drop()
        if streamed:
            text = f"the stream was ended by {by}"
            self._tell(EventKind.PREEMPTED, self._stream_source, text)

    def _checked(self, target: Target, state: RobotState, source: str) -> Target:
        body = self.streamer.held.body_yaw
        if body is not None:  # a stream turns the body on from where it has been told to be
            state = replace(state, head_joints=np.array([body, *state.head_joints[1:]]))
        try:
            return limits.check(target, state, self.reach)
        except UnreachableError as error:
            if not self.clamp:
                raise
            clamped = clamping.clamp(target, state, self.reach)
            self._tell(EventKind.CLAMPED, source, str(error))
            return clamped

    def _as_pose(self, target: Target, state: RobotState) -> Target:
        """Return the target with head joints turned into a pose: the daemon's gotos take these."""
        if target.head_joints is None:
            return target
        return replace(
            target,
            head_pose=limits.pose_of_joints(target.head_joints, state),
            body_yaw=float(target.head_joints[0]),
            head_joints=None,
        )

    def _with_head(self, target: Target, state: RobotState) -> Target:
        # A body yaw alone makes the daemon go to its last head target, and to neutral at once if
        # it never had one: name the head pose that is to be held.
        if target.body_yaw is None or target.head_pose is not None:
            return target
        held = self.streamer.held.head_pose
        return replace(target, head_pose=state.head_pose if held is None else held)
