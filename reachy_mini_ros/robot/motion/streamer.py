# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sends streamed targets: ramped, the newest first, until the stream is over."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable

import numpy as np

from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.motion.ramp import TICK_S, Ramp
from reachy_mini_ros.robot.state import RobotState, Target
from reachy_mini_ros.statistics import Window

MOVING_PER_S = 0.2
"""A target that changes faster (rad/s, or dm/s) counts as moving."""
BREAK_OFF_AFTER = 5
"""So many moving targets in a row, and then none, are a stream that broke off."""


class TargetStreamer:
    """One stream at a time, on the event loop.

    ``is_over`` tells that no target has come for long enough. ``on_end`` is called when the stream
    is over and its last target is sent; its argument tells whether it broke off in motion.
    """

    def __init__(
        self, link: RobotLink, is_over: Callable[[], bool], on_end: Callable[[bool], None]
    ) -> None:
        self.ramp = Ramp()
        self.latencies_ms = Window()
        """From a target's arrival to the daemon's socket, in ms."""
        self._link = link
        self._is_over = is_over
        self._on_end = on_end
        self._task: asyncio.Task[None] | None = None
        self._fresh = asyncio.Event()
        self._arrived_ns: int | None = None
        self._aimed_s = -math.inf
        self._moving_aims = 0

    @property
    def active(self) -> bool:
        """Whether a stream has the robot."""
        return self._task is not None and not self._task.done()

    @property
    def held(self) -> Target:
        """What was streamed last, part by part; empty once the stream is over."""
        return Target() if self.ramp.arrived and self._is_over() else self.ramp.goal

    def aim(self, target: Target, present: RobotState, arrived_ns: int) -> None:
        """Send a checked target, as soon as the socket takes it and as fast as the ramp allows."""
        before, now_s = self.ramp.goal, time.monotonic()
        self.ramp.aim(target, present)
        moves = _moves(before, self.ramp.goal, now_s - self._aimed_s)
        self._moving_aims = self._moving_aims + 1 if moves else 0
        self._aimed_s = now_s
        if self._arrived_ns is None:
            self._arrived_ns = arrived_ns
        self._fresh.set()
        if not self.active:
            self._task = asyncio.create_task(self._run())

    def drop(self) -> None:
        """End the stream at once; what waits is not sent."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.ramp.reset()
        self._arrived_ns = None
        self._moving_aims = 0

    async def _run(self) -> None:
        while True:
            self._fresh.clear()
            target = self.ramp.step(time.monotonic())
            if target is not None:
                arrived_ns, self._arrived_ns = self._arrived_ns, None
                try:
                    for message in sdk.target_messages(target):
                        await self._link.send(message)
                except NotConnectedError:
                    return  # the link's loss ends the stream; a late target must not be sent
                if arrived_ns is not None:
                    self.latencies_ms.add((time.monotonic_ns() - arrived_ns) / 1e6)
            elif self._is_over():
                broke_off = self._moving_aims >= BREAK_OFF_AFTER
                self._task = None
                self.drop()
                self._on_end(broke_off)
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._fresh.wait()


def _moves(before: Target, after: Target, dt_s: float) -> bool:
    way = 0.0
    for name in ("antennas", "head_joints", "body_yaw"):
        old, new = getattr(before, name), getattr(after, name)
        if old is not None and new is not None:
            way = max(way, float(np.abs(new - old).max()))
    if before.head_pose is not None and after.head_pose is not None:
        change = np.abs(after.head_pose - before.head_pose)
        change[:3, 3] *= 10.0
        way = max(way, float(change.max()))
    return way > MOVING_PER_S * min(dt_s, 1.0)
