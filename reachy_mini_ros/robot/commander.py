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

from reachy_mini_ros.errors import NotConnectedError, PreemptedError, RobotError
from reachy_mini_ros.robot import limits, sdk
from reachy_mini_ros.robot.api import DaemonApi
from reachy_mini_ros.robot.link import RobotLink
from reachy_mini_ros.robot.motion import Activity, Motion
from reachy_mini_ros.robot.state import Connection, Interpolation, Matrix, RobotState, Target
from reachy_mini_ros.statistics import Window

SETTLE_S = 0.05
"""From stop_move to the next move. The daemon's move loops look at its stop flag every 10 ms, and
a move that begins before they have seen it would be ended by the same flag."""
END_MARGIN_S = 2.0
EARLY_S = 0.1
LONGEST_SCRIPT_S = 30.0
STOP_ATTEMPTS = 5
STOP_PERIOD_S = 0.1


@dataclass(eq=False)
class _Move:
    activity: Activity
    task: asyncio.Task[None] | None = None
    on_robot: bool = False
    ended_by: str = ""


class Commander:
    """The one writer to one robot."""

    def __init__(self, link: RobotLink, api: DaemonApi, *, command_timeout_s: float) -> None:
        self._link = link
        self._api = api
        self.motion = Motion(command_timeout_s)
        self.latencies_ms = Window()
        """From a command's arrival to the daemon's socket, in ms."""
        self._move: _Move | None = None
        self._waiting: Target | None = None
        self._waiting_since_ns = 0
        self._sender: asyncio.Task[None] | None = None
        self._held = Target()
        self._held_s = 0.0
        self._orphaned = False
        self._adoption: asyncio.Task[None] | None = None
        self._goal: Matrix | None = None

    def present(self) -> RobotState:
        """Return the newest state; raises NotConnectedError if the robot is away."""
        state = self._link.state
        if state is None:
            raise NotConnectedError(self._link.away_text())
        return state

    def reference(self) -> tuple[Matrix, Matrix]:
        """Return head joints and antennas that a command for a part of them leaves as they are.

        In a stream that is what was streamed last, and else the present state: measured positions
        sag a little, and sending them back again and again would let the robot creep.
        """
        state = self.present()
        held = self._holding()
        joints, antennas = held.head_joints, held.antennas
        return (
            state.head_joints if joints is None else joints,
            state.antennas if antennas is None else antennas,
        )

    def target_pose(self) -> Matrix | None:
        """Return the head pose that a goto or a stream commands now; None while none does."""
        held = self._holding()
        if self._goal is not None or held.head_joints is None:
            return held.head_pose if self._goal is None else self._goal
        return limits.pose_of_joints(held.head_joints, self._link.state)

    def stream(self, target: Target, arrived_ns: int) -> None:
        """Make ``target`` the robot's target as soon as the socket takes it; the newest wins."""
        state = self.present()
        self.motion.admit_target()
        checked = self._with_head(limits.check(target, state), state)
        self._held = _merge(self._holding(), checked)
        self._held_s = time.monotonic()
        if self._waiting is None:
            self._waiting, self._waiting_since_ns = checked, arrived_ns
        else:
            self._waiting = _merge(self._waiting, checked)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_waiting())

    async def goto(self, target: Target, duration_s: float, method: Interpolation) -> str:
        """Move to ``target`` in ``duration_s`` and return when the robot has arrived."""
        state = self.present()
        checked = limits.check(target, state)
        if checked.head_joints is not None:
            # The daemon's gotos take head poses.
            checked = replace(
                checked,
                head_pose=limits.pose_of_joints(checked.head_joints, state),
                body_yaw=float(checked.head_joints[0]),
                head_joints=None,
            )
        self.motion.admit_move(Activity.GOTO)

        async def work(move: _Move) -> None:
            uuid = uuid4()
            message = sdk.goto_message(uuid, checked, duration_s, method)
            move.on_robot = True
            began_s = time.monotonic()
            try:
                async with asyncio.timeout(duration_s + END_MARGIN_S):
                    await self._link.run_task(str(uuid), message)
            except TimeoutError:
                raise RobotError(
                    f"the daemon did not report the goto's end {END_MARGIN_S} s after it was due"
                ) from None
            # The daemon reports the same end for a goto that somebody has stopped.
            if time.monotonic() - began_s < duration_s - EARLY_S and not move.ended_by:
                raise PreemptedError("goto was ended by another client")

        goal = self._goal = checked.head_pose
        try:
            return await self._carry_out(Activity.GOTO, work)
        finally:
            if self._goal is goal:
                self._goal = None

    async def wake_up(self) -> str:
        """Enable the motors, wake the robot up, and return when it is awake."""
        self.present()
        self.motion.admit_move(Activity.WAKE_UP)

        async def work(move: _Move) -> None:
            # The daemon's own wake-up leaves the motors as they are.
            await self._api.set_motor_mode("enabled")
            await self._script(move)

        return await self._carry_out(Activity.WAKE_UP, work)

    async def goto_sleep(self) -> str:
        """Put the robot to sleep, and return when it lies and its motors are off."""
        self.present()
        self.motion.admit_move(Activity.GOTO_SLEEP)
        return await self._carry_out(Activity.GOTO_SLEEP, self._script)

    async def stop(self) -> str:
        """End whatever moves the robot; it holds where it is."""
        self.motion.stopped()
        self._waiting = None
        self._held = Target()
        self.present()
        move = self._move
        if move is not None:
            await self._end(move, "stop")
        await self._link.send(sdk.stop_message())
        await self._api.stop_moves()
        return "stopped" if move is None else f"stopped: {move.activity}"

    async def enable_motors(self, enable: bool) -> str:
        """Switch all motors on (they hold the present pose) or off, which ends a move first."""
        self.present()
        if not enable:
            await self.stop()
        self._held = Target()
        await self._api.set_motor_mode("enabled" if enable else "disabled")
        return "motors enabled" if enable else "motors disabled"

    def connection_changed(self, connection: Connection) -> None:
        """Take note that the robot went away, or came back."""
        if connection is not Connection.CONNECTED:
            self._waiting, self._held = None, Target()
        elif self._orphaned:
            self._orphaned = False
            self._adoption = asyncio.create_task(self._end_orphan())

    async def _end_orphan(self) -> None:
        # A move that failed for us with the link may still run on the robot.
        with contextlib.suppress(NotConnectedError, RobotError):
            await self._link.send(sdk.stop_message())
            await self._api.stop_moves()

    async def _carry_out(self, activity: Activity, work: Callable[[_Move], Awaitable[None]]) -> str:
        previous, move = self._move, _Move(activity)
        self._move = move
        self.motion.began(activity)
        self._waiting, self._held = None, Target()
        began_s = time.monotonic()
        move.task = asyncio.create_task(self._replace(previous, move, work))
        try:
            await move.task
        except asyncio.CancelledError:
            if not move.ended_by:
                raise  # the driver is shutting down
        except RobotError:
            if not move.ended_by:
                raise
        except NotConnectedError:
            self._orphaned = move.on_robot
            raise
        finally:
            if self._move is move:
                self._move = None
                self.motion.ended()
        if move.ended_by:
            raise PreemptedError(f"{activity} was ended by {move.ended_by}")
        return f"{activity} done in {time.monotonic() - began_s:.1f} s"

    async def _replace(
        self, previous: _Move | None, move: _Move, work: Callable[[_Move], Awaitable[None]]
    ) -> None:
        if previous is not None:
            await self._end(previous, f"a new {move.activity}")
        # Also ends what other clients have started.
        await self._link.send(sdk.stop_message())
        await asyncio.sleep(SETTLE_S)
        await work(move)

    async def _script(self, move: _Move) -> None:
        move.on_robot = True
        try:
            async with asyncio.timeout(LONGEST_SCRIPT_S):
                await self._link.while_connected(self._api.play(move.activity))
        except TimeoutError:
            raise RobotError(
                f"the daemon did not report the end of {move.activity} in {LONGEST_SCRIPT_S} s"
            ) from None

    async def _end(self, move: _Move, by: str) -> None:
        """End a move of ours and return when the daemon has."""
        move.ended_by = by
        assert move.task is not None
        for _ in range(STOP_ATTEMPTS if move.on_robot else 0):
            # Once is not always enough: the daemon forgets a stop that comes just before the move
            # has begun.
            await self._link.send(sdk.stop_message())
            if move.activity is not Activity.GOTO:
                await self._api.stop_moves()
            done, _ = await asyncio.wait((move.task,), timeout=STOP_PERIOD_S)
            if done:
                return
        move.task.cancel()
        await asyncio.wait((move.task,))

    async def _send_waiting(self) -> None:
        while (target := self._waiting) is not None:
            since_ns = self._waiting_since_ns
            self._waiting = None
            try:
                for message in sdk.target_messages(target):
                    await self._link.send(message)
            except NotConnectedError:
                return  # the node reports the lost link; a late target must not be sent
            self.latencies_ms.add((time.monotonic_ns() - since_ns) / 1e6)

    def _holding(self) -> Target:
        """Return what was streamed, as long as the stream lasts: later others may have moved."""
        lasts = time.monotonic() - self._held_s < self.motion.command_timeout_s
        return self._held if lasts else Target()

    def _with_head(self, target: Target, state: RobotState) -> Target:
        # A body yaw alone makes the daemon go to its last head target, and to neutral at once if
        # it never had one: name the head pose that is to be held.
        if target.body_yaw is None or target.head_pose is not None:
            return target
        held = self._holding().head_pose
        return replace(target, head_pose=state.head_pose if held is None else held)


def _merge(old: Target, new: Target) -> Target:
    """Return ``old`` with the parts that ``new`` names; head joints and head pose exclude."""
    antennas = old.antennas if new.antennas is None else new.antennas
    if new.head_joints is not None:
        return Target(antennas=antennas, head_joints=new.head_joints)
    if new.head_pose is None and new.body_yaw is None:
        return replace(old, antennas=antennas)
    return Target(
        head_pose=old.head_pose if new.head_pose is None else new.head_pose,
        antennas=antennas,
        body_yaw=old.body_yaw if new.body_yaw is None else new.body_yaw,
    )
