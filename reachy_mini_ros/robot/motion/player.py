# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Plays moves: those of this machine as uploads, those of the robot's data sets by name.

Everything here runs on the event loop. Errors are those of
:class:`~reachy_mini_ros.robot.motion.commander.Commander`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np

from reachy_mini_ros.errors import (
    InvalidCommandError,
    NotConnectedError,
    PreemptedError,
    TimedOutError,
)
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.api import LOADING_S, DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.geometry.limits import Reach
from reachy_mini_ros.robot.motion import moves, trajectory
from reachy_mini_ros.robot.motion.arbitration import Owner
from reachy_mini_ros.robot.motion.commander import Commander
from reachy_mini_ros.robot.motion.following import Following
from reachy_mini_ros.robot.motion.moves import Move, Source
from reachy_mini_ros.robot.motion.receipts import UNTOLD, Order
from reachy_mini_ros.robot.motion.trajectory import Trajectory
from reachy_mini_ros.robot.state import RobotState, Target
from reachy_mini_ros.texts import LONGEST_NAME, shown

END_MARGIN_S = 2.0
AFTER_LOADING_S = 0.5
EARLY_S = 0.1
STIRRED_RAD = 0.02
"""A trajectory is planned again if the robot has moved more than this since it was."""


class Player:
    """Plays one move at a time through the one writer to the robot."""

    def __init__(self, link: RobotLink, api: DaemonApi, commander: Commander) -> None:
        self._link = link
        self._api = api
        self._commander = commander
        self._known: dict[str, list[str]] = {}

    async def play(self, source: Source, approach_s: float, order: Order = UNTOLD) -> str:
        """Play a recorded move, wherever it is."""
        if source.file is not None:
            return await self.play_file(source.file, approach_s, order)
        return await self.play_dataset(source.dataset, source.name, approach_s, order)

    async def play_file(self, file: Path, approach_s: float, order: Order = UNTOLD) -> str:
        """Play a recorded move of this machine, after a goto to its first sample."""
        move = await asyncio.to_thread(_load, file, self._commander.reach)

        async def work() -> None:
            await self._upload_and_play(move, approach_s, _nothing)

        return await self._commander.run_move(Owner.MOVE, work, order)

    async def play_dataset(
        self, dataset: str, name: str, approach_s: float, order: Order = UNTOLD
    ) -> str:
        """Play a move of a data set on the robot, with its sound.

        Its first sample is not known here; the goto before it leads to neutral, where the SDK's
        libraries begin.
        """
        # Before anything that moves is ended for it.
        if name not in self._known.get(dataset, ()) and name not in await self.names(dataset):
            raise InvalidCommandError(
                f"there is no move '{shown(name, LONGEST_NAME)}' in "
                f"{shown(dataset, LONGEST_NAME)}: list_moves tells those that are"
            )

        async def work() -> None:
            if approach_s > 0.0:
                neutral = Target(head_pose=np.eye(4), body_yaw=0.0)
                await self._commander.approach(neutral, approach_s)
            path = f"recorded-move-dataset/{dataset}/{name}"
            self._link.be_patient(LOADING_S)
            try:
                await self._link.while_connected(self._api.play(path, self._loaded))
            finally:
                self._loaded()

        return await self._commander.run_move(Owner.MOVE, work, order)

    async def names(self, dataset: str) -> list[str]:
        """Return the moves of a data set on the robot, sorted."""
        moves.check_dataset(dataset)
        self._link.be_patient(LOADING_S)
        try:
            self._known[dataset] = sorted(await self._api.recorded_moves(dataset))
        finally:
            self._loaded()
        return self._known[dataset]

    def _loaded(self) -> None:
        # State comes a moment after the answer.
        self._link.be_patient(AFTER_LOADING_S)

    async def plan(self, names: Sequence[str], points: Sequence[trajectory.Point]) -> Trajectory:
        """Return the trajectory from where the robot is, or is told to be, through ``points``."""
        reach = self._commander.reach
        return await asyncio.to_thread(trajectory.plan, names, points, self._start(), reach)

    async def play_trajectory(
        self,
        planned: Trajectory,
        points: Sequence[trajectory.Point],
        following: Following | None = None,
        order: Order = UNTOLD,
    ) -> str:
        """Play a trajectory, planned anew if the robot has moved since; ``following`` watches it.

        Raises the errors of ``following`` too.
        """

        async def work() -> None:
            begins = planned
            apart = trajectory.joints_of(self._start()) - trajectory.joints_of(planned.start)
            if np.abs(apart).max() > STIRRED_RAD:
                begins = await self.plan(planned.names, points)
            if following is None:
                await self._upload_and_play(begins.move, 0.0, _nothing)
                return
            begin = partial(following.begin, begins)
            await following.watch(self._upload_and_play(begins.move, 0.0, begin))

        return await self._commander.run_move(Owner.TRAJECTORY, work, order)

    def _start(self) -> RobotState:
        state = self._commander.present()
        joints, antennas = self._commander.reference()
        return RobotState(state.head_pose, joints, antennas, state.received_ns)

    async def _upload_and_play(
        self, move: Move, approach_s: float, on_started: Callable[[], None]
    ) -> None:
        upload_id = str(uuid4())
        held = move.held()
        messages = await asyncio.to_thread(lambda: sdk.upload_messages(upload_id, held.to_json()))
        due_s = held.duration_s + approach_s
        began_s = time.monotonic()
        try:
            for message in messages:
                await self._link.send(message)
            began_s = time.monotonic()
            async with asyncio.timeout(due_s + END_MARGIN_S):
                played = await self._link.run_upload(
                    upload_id, sdk.play_upload_message(upload_id, approach_s), on_started
                )
        except TimeoutError:
            raise TimedOutError(
                f"the daemon did not report the move's end {END_MARGIN_S} s after it was due"
            ) from None
        except asyncio.CancelledError:
            # Whichever of the two it was at.
            with contextlib.suppress(NotConnectedError):
                await self._link.send(sdk.upload_finish_message(upload_id))
                await self._link.send(sdk.stop_message())
            raise
        # The daemon also reports a move as played that it did not begin.
        if not played or time.monotonic() - began_s < due_s - EARLY_S:
            raise PreemptedError("the move was ended by another client")
        for message in sdk.target_messages(move.target(-1)):
            await self._link.send(message)


def _load(file: Path, reach: Reach) -> Move:
    move = moves.load(file)
    move.check(reach)
    return move


def _nothing() -> None:
    pass
