# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Carries out moves on the daemon, one at a time: begins them, waits for their ends, ends them.

Everything here runs on the event loop.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from reachy_mini_ros.errors import (
    NotConnectedError,
    PreemptedError,
    ReachyMiniRosError,
    RobotError,
    TimedOutError,
)
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.motion.arbitration import Command
from reachy_mini_ros.robot.state import Interpolation, Target

SETTLE_S = 0.05
"""From stop_move to the next move. The daemon's move loops look at its stop flag every 10 ms, and
a move that begins before they have seen it would be ended by the same flag."""
END_MARGIN_S = 2.0
EARLY_S = 0.1
PAST_THE_END = "time value is out of range"
LONGEST_SCRIPT_S = 30.0
SCRIPT_TRIES = 3
STOP_ATTEMPTS = 5
STOP_PERIOD_S = 0.1
CLOSE_S = 1.0
_SCRIPTS = (Command.WAKE_UP, Command.GOTO_SLEEP)


@dataclass(eq=False)
class _Move:
    command: Command
    task: asyncio.Task[None] | None = None
    on_robot: bool = False
    ended_by: str = ""


class Runner:
    """The one who has moves played by one robot's daemon.

    ``on_end`` is called when the robot is free again, with the command and whether it was carried
    out; not for a move whose place another one took.
    """

    def __init__(
        self, link: RobotLink, api: DaemonApi, on_end: Callable[[Command, bool], None]
    ) -> None:
        self._link = link
        self._api = api
        self._on_end = on_end
        self._move: _Move | None = None
        self._orphaned = False
        self._adoption: asyncio.Task[None] | None = None

    @property
    def command(self) -> Command | None:
        """What is being carried out."""
        return None if self._move is None else self._move.command

    async def carry_out(self, command: Command, work: Callable[[], Awaitable[None]]) -> str:
        """Let ``work`` have the robot and return when it is done; what ran before is ended first.

        ``work`` is ended by the daemon's own stop of all moves, and cancelled if that does not
        end it.

        Raises PreemptedError if it was ended, TimedOutError if what ran before does not end, and
        what ``work`` raises.
        """
        previous, move = self._move, _Move(command)
        self._move = move
        began_s = time.monotonic()
        move.task = asyncio.create_task(self._replace(previous, move, work))
        done = False
        try:
            await move.task
            done = not move.ended_by
        except asyncio.CancelledError:
            if not move.ended_by:
                raise  # whoever asked for it does not want it any more
        except NotConnectedError:
            self._orphaned = move.on_robot
            raise
        except ReachyMiniRosError:
            if not move.ended_by:
                raise
        finally:
            if self._move is move:
                self._move = None
                self._on_end(command, done)
        if move.ended_by:
            raise PreemptedError(f"{command} was ended by {move.ended_by}")
        return f"{command} done in {time.monotonic() - began_s:.1f} s"

    async def run_goto(self, target: Target, duration_s: float, method: Interpolation) -> None:
        """Have the daemon go to a checked target, as the work that is carried out or a part of it.

        If it is cancelled, the robot stops on its way.
        """
        uuid = uuid4()
        message = sdk.goto_message(uuid, target, duration_s, method)
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(duration_s + END_MARGIN_S):
                await self._link.run_task(str(uuid), message)
        except TimeoutError:
            raise TimedOutError(
                f"the daemon did not report the goto's end {END_MARGIN_S} s after it was due"
            ) from None
        except asyncio.CancelledError:
            with contextlib.suppress(NotConnectedError):
                await self._link.send(sdk.stop_message())
            raise
        except RobotError as error:
            # A busy daemon looks at the clock too late in the last tick, and takes that for a bug.
            if PAST_THE_END not in str(error) or time.monotonic() - began_s < duration_s - EARLY_S:
                raise
        # The daemon reports the same end for a goto that somebody has stopped.
        if time.monotonic() - began_s < duration_s - EARLY_S:
            raise PreemptedError("goto was ended by another client")
        # The daemon ends up to a tick too early, which shows unless the motion slows down. A body
        # yaw without the head would bring the head to the daemon's own last target.
        if target.head_pose is not None or target.body_yaw is None:
            for text in sdk.target_messages(target):
                await self._link.send(text)

    async def run_script(self, command: Command) -> None:
        """Play the daemon's own `wake_up` or `goto_sleep`, as the work that is carried out."""
        try:
            async with asyncio.timeout(LONGEST_SCRIPT_S):
                for tries_left in reversed(range(SCRIPT_TRIES)):
                    try:
                        await self._link.while_connected(self._api.play(command))
                        return
                    except RobotError as error:
                        # One of its gotos, as in run_goto; the rest of the script was left out.
                        if PAST_THE_END not in str(error) or not tries_left:
                            raise
        except TimeoutError:
            raise TimedOutError(
                f"the daemon did not report the end of {command} in {LONGEST_SCRIPT_S} s"
            ) from None

    async def stop(self) -> Command | None:
        """End whatever moves the robot, and return what of ours did.

        Raises TimedOutError if the daemon does not report the end of ours.
        """
        move = self._move
        if move is not None:
            await self._end(move, "stop")
        await self._stop_all()
        return None if move is None else move.command

    async def close(self) -> None:
        """End a goto, trajectory or move of ours, and nobody else's.

        `wake_up` and `goto_sleep` go on: the daemon ends them soon, in a state that is safe.
        """
        move = self._move
        if move is None or move.command in _SCRIPTS:
            return
        with contextlib.suppress(ReachyMiniRosError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._end(move, "the end of the driver")

    def reconnected(self) -> None:
        """End what may still run on the robot of a move that failed for us with the link."""
        if self._orphaned:
            self._orphaned = False
            self._adoption = asyncio.create_task(self._end_orphan())

    async def _end_orphan(self) -> None:
        with contextlib.suppress(NotConnectedError, RobotError):
            await self._stop_all()

    async def _stop_all(self) -> None:
        await self._link.send(sdk.stop_message())
        await self._api.stop_moves()

    async def _replace(
        self, previous: _Move | None, move: _Move, work: Callable[[], Awaitable[None]]
    ) -> None:
        if previous is not None:
            await self._end(previous, f"a new {move.command}")
        if move.ended_by:
            return
        # Also ends what other clients have started.
        await self._link.send(sdk.stop_message())
        await asyncio.sleep(SETTLE_S)
        if move.ended_by:
            return
        move.on_robot = True
        await work()

    async def _end(self, move: _Move, by: str) -> None:
        """End a move of ours and return when the daemon has; raises TimedOutError if not."""
        move.ended_by = by
        assert move.task is not None
        if not move.on_robot:
            # It does not begin, but has first to end what ran before it.
            await asyncio.wait((move.task,))
            if not move.task.cancelled() and isinstance(move.task.exception(), TimedOutError):
                raise TimedOutError(str(move.task.exception()))
            return
        for _ in range(STOP_ATTEMPTS):
            # Once is not always enough: the daemon forgets a stop that comes just before the move
            # has begun.
            await self._link.send(sdk.stop_message())
            if move.command is not Command.GOTO:
                await self._api.stop_moves()
            done, _ = await asyncio.wait((move.task,), timeout=STOP_PERIOD_S)
            if done:
                return
        on_robot = self._link.awaits_end
        move.task.cancel()
        await asyncio.wait((move.task,))
        if on_robot:
            raise TimedOutError(
                f"the daemon did not end {move.command} in {STOP_ATTEMPTS * STOP_PERIOD_S} s: it "
                "may go on, switch the motors off if it must not"
            )
