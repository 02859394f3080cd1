# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands of the page, carried out by the driver."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import numpy as np

from reachy_mini_ros.app.media import Media
from reachy_mini_ros.app.pictures import PictureFeed, Shot
from reachy_mini_ros.errors import ReachyMiniRosError, RobotError
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.geometry import look
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.geometry.joint_targets import joint_target_of
from reachy_mini_ros.robot.history import History
from reachy_mini_ros.robot.motion import receipts
from reachy_mini_ros.robot.motion.lease import Ask
from reachy_mini_ros.robot.motion.receipts import Receipt
from reachy_mini_ros.robot.state import Matrix, Target
from reachy_mini_ros.web import commands
from reachy_mini_ros.web.commands import Command, Done, Moves
from reachy_mini_ros.web.orders import LOOK_AT, LOOK_AT_PIXEL, PLAY_MOVE, Order, order_of
from reachy_mini_ros.web.receipts import (
    ANSWER_S,
    FIRST_RECEIPT_S,
    LAST_RECEIPT_S,
    Fates,
    Told,
)

Work = Callable[[receipts.Order], Coroutine[Any, Any, str]]


class DriverCommands:
    """Carries out what moves the robot; on the event loop's thread."""

    def __init__(self, driver: Driver, media: Media, feed: PictureFeed, history: History) -> None:
        self._driver = driver
        self._media = media
        self._feed = feed
        self._history = history
        self._fates = Fates()
        self._ids = itertools.count(1)
        self._switches: set[asyncio.Task[str]] = set()

    def on_receipt(self, receipt: Receipt) -> None:
        """Take a receipt of the driver's."""
        told = Told(receipt.kind, receipt.reason)
        self._fates.settle(receipt.source, receipt.id, receipt.detail, told)

    async def obey(self, command: Command, to_its_end: bool, holder: str) -> Done:
        """Carry out a command; see :class:`reachy_mini_ros.web.robot.Robot`."""
        driver = self._driver
        if isinstance(command, commands.Lease):
            ask = Ask(command.action)
            return Done(driver.leasing.ask(ask, command.name, command.seconds))
        begin, switch = partial(self._begin, holder), partial(self._switch, holder)
        driver.commander.present()  # raises the reason if the robot is away
        match command:
            case commands.Stop():
                return await switch("stop", driver.commander.stop)
            case commands.WakeUp():
                return await switch("wake_up", driver.commander.wake_up)
            case commands.GotoSleep():
                return await switch("goto_sleep", driver.commander.goto_sleep)
            case commands.Motors(enabled=on):
                return await switch(
                    "enable_motors", lambda order: driver.commander.enable_motors(on, order)
                )
            case commands.AutomaticBodyYaw(enabled=on):
                return await switch(
                    "automatic_body_yaw",
                    lambda order: driver.switches.automatic_body_yaw(on, order),
                )
            case commands.MediaRelease():
                return await switch("media/release", driver.switches.release_media)
            case commands.MediaAcquire():
                return await switch("media/acquire", driver.switches.acquire_media)
            case commands.LookAt(x=x, y=y, z=z):
                return await begin(
                    LOOK_AT, lambda order: self._look_at(np.array([x, y, z]), order), to_its_end
                )
            case commands.LookAtPixel():
                return await begin(
                    LOOK_AT_PIXEL, lambda order: self._look(command, order), to_its_end
                )
            case commands.PlayMove(name=name):
                return await begin(
                    PLAY_MOVE, lambda order: driver.play_move(name, order), to_its_end, ANSWER_S
                )
            case commands.Head() | commands.Antennas() | commands.Body():
                return await self._target(holder, order_of(command), to_its_end)
        raise AssertionError(f"no command {command}")

    async def moves(self) -> Moves:
        """Return the moves that can be played."""
        found = await self._driver.list_moves()
        return Moves(tuple(found.names), found.recorded, found.unavailable or None)

    async def _target(self, holder: str, order: Order, to_its_end: bool) -> Done:
        if order.streamed:
            # As a topic would be: what is refused is told with the safety events.
            given = self._driver.order(order.source, self._id(), holder=holder)
            try:
                target = self._wanted(order)
                self._driver.commander.stream(target, time.monotonic_ns(), given)
            except ReachyMiniRosError as error:
                self._driver.fail(given, error)
            return Done(f"sent to {order.source}")

        async def goto(given: receipts.Order) -> str:
            return await self._driver.goto(self._wanted(order), order.duration_s, order=given)

        return await self._begin(holder, order.source, goto, to_its_end)

    def _wanted(self, order: Order) -> Target:
        if order.head_pose is not None:
            return Target(head_pose=order.head_pose)
        return joint_target_of(order.joints, self._driver.commander.reference())

    async def _look_at(self, point: Matrix, order: receipts.Order) -> str:
        there = look.point_in_world(point, robot_tree().root, self._driver.state)
        return await self._driver.goto(Target(head_pose=look.level_pose(there)), order=order)

    async def _look(self, command: commands.LookAtPixel, order: receipts.Order) -> str:
        shot = self._feed.shown()
        if shot is None:
            frame = await self._media.frame()
            shot = Shot(frame.captured_ns, frame.width, frame.height)
        model = self._media.model(shot.width, shot.height)
        if model is None:
            raise RobotError("which camera the robot has is not known yet: try again in a moment")
        state = self._history.at(shot.captured_ns, self._driver.state)
        # Of a picture of another size the pixel is scaled.
        u = command.u * shot.width / (command.width or shot.width)
        v = command.v * shot.height / (command.height or shot.height)
        seen = look.point_of_pixel(u, v, model, state.head_pose, look.USUAL_DISTANCE_M)
        return await self._driver.goto(Target(head_pose=look.level_pose(seen)), order=order)

    async def _begin(
        self,
        holder: str,
        source: str,
        work: Work,
        to_its_end: bool,
        within_s: float = FIRST_RECEIPT_S,
    ) -> Done:
        """Have it carried out whoever waits, and return what is told of it."""
        id = self._id()
        with self._fates.of(source, id) as fate:
            order = self._driver.order(source, id, holder=holder)
            self._driver.begin(order, work(order))
            told = await fate.begun(within_s)
            if to_its_end:
                told = await fate.ended(LAST_RECEIPT_S)
        return Done(f"{source} {told}")

    async def _switch(self, holder: str, source: str, work: Work) -> Done:
        """Return its answer at its end; it goes on if nobody waits for that any more."""
        order = self._driver.order(source, self._id(), holder=holder)
        task = asyncio.ensure_future(self._driver.obey(order, work(order)))
        self._switches.add(task)
        task.add_done_callback(self._over)
        return Done(await asyncio.shield(task))

    def _over(self, task: "asyncio.Task[str]") -> None:
        self._switches.discard(task)
        if not task.cancelled():
            task.exception()  # its listeners were told

    def _id(self) -> str:
        return str(next(self._ids))
