# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Notices whether the robot moves, and who else moves it.

The daemon does not tell its clients of each other. What can be known: moves that were started over
HTTP are listed; joints that move while nobody here moves them; streamed targets that the robot
does not get to, because somebody else streams too or something is in its way.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError, ReachyMiniRosError, RobotError
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.geometry.rotations import roll_pitch_yaw
from reachy_mini_ros.robot.motion.arbitration import Situation
from reachy_mini_ros.robot.motion.commander import Commander
from reachy_mini_ros.robot.motion.events import EventKind, SafetyEvent
from reachy_mini_ros.robot.state import RobotState, Target

POLL_PERIOD_S = 1.0
LOCK_EVERY = 5
"""Polls of the moves for one of the app's lock."""
SPAN = 6
"""States (20 ms each) over which motion is looked for."""
OLDEST_S = 0.25
MOVING_RAD = 0.01
REST_S = 0.3
"""The joints count as moving until they have been still for so long."""
OWN_S = 1.0
"""Motion for so long after our own is ours."""
STILL_S = 0.3
"""A target that has not changed for so long should have been reached."""
STILL = 0.05
NOT_FOLLOWED = 25
"""States that are off the target, less those that are on it."""
NOT_FOLLOWED_RAD = 0.15
NOT_FOLLOWED_M = 0.015
REPORT_PERIOD_S = 5.0
"""The same is reported again at the earliest after this."""


class Monitor:
    """Watches one robot, on the event loop.

    ``on_moving`` comes with each change, ``on_event`` with what somebody else does.
    """

    def __init__(
        self,
        link: RobotLink,
        api: DaemonApi,
        commander: Commander,
        on_moving: Callable[[bool], None],
        on_event: Callable[[SafetyEvent], None],
    ) -> None:
        self._link = link
        self._api = api
        self._commander = commander
        self._on_moving = on_moving
        self._on_event = on_event
        self.moving = False
        self.app_lock = ""
        """Which app holds the robot, `free` if none; empty if not known."""
        self.problem = ""
        """Why moves of other clients cannot be seen, empty if they can."""
        self._recent: deque[RobotState] = deque(maxlen=SPAN)
        self._moved_s = self._own_s = self._still_since_s = -math.inf
        self._still = Target()
        self._off_target = 0
        self._reported_s: dict[str, float] = {}
        self._foreign: set[str] = set()

    async def run(self) -> None:
        """Ask the daemon what it only tells when asked, until cancelled."""
        count = 0
        while True:
            await asyncio.sleep(POLL_PERIOD_S)
            if self._link.connection is not Connection.CONNECTED:
                self.app_lock = self.problem = ""
                continue
            if count % LOCK_EVERY == 0:
                self.app_lock = await self._asked_app_lock()
            count += 1
            try:
                foreign = await self._api.foreign_moves()
            except (NotConnectedError, RobotError) as error:
                self._cannot_see(error)
                continue
            self.problem = ""
            if foreign - self._foreign:
                self._report("a move that another client started over HTTP is running")
            self._foreign = foreign

    def take(self, state: RobotState) -> None:
        """Look at one state."""
        now_s = time.monotonic()
        while self._recent and state.received_ns - self._recent[0].received_ns > OLDEST_S * 1e9:
            self._recent.popleft()  # a gap: what has moved since then says nothing of the speed
        self._recent.append(state)
        old = self._recent[0]
        away = max(
            np.abs(state.head_joints - old.head_joints).max(),
            np.abs(state.antennas - old.antennas).max(),
        )
        motion = self._commander.motion
        observed = len(self._recent) > 1 and away > MOVING_RAD
        if observed:
            self._moved_s = now_s
        if motion.running is not None:
            self._own_s = now_s
        elif observed and motion.situation is Situation.IDLE and now_s - self._own_s > OWN_S:
            self._report("the robot moves, and nothing here moves it")
        self._look_at_target(state, now_s)
        self._change(motion.moves or now_s - self._moved_s < REST_S)

    def lost(self) -> None:
        """Forget what was seen: the robot went away."""
        self._recent.clear()
        self._moved_s = -math.inf
        self._own_s = time.monotonic()
        self._foreign = set()
        self._change(False)

    async def _asked_app_lock(self) -> str:
        try:
            return await self._api.app_lock()
        except (NotConnectedError, RobotError):
            return ""  # not known; what is wrong with an answer stands in the API's last error

    def _cannot_see(self, error: ReachyMiniRosError) -> None:
        text = f"moves that other clients start over HTTP cannot be seen: {error}"
        if not self.problem and isinstance(error, RobotError):
            self._on_event(SafetyEvent(EventKind.WRONG_STATE, "daemon", text))
        self.problem = text

    def _look_at_target(self, state: RobotState, now_s: float) -> None:
        streamer = self._commander.streamer
        target = streamer.held
        if _changed(self._still, target):
            self._still, self._still_since_s, self._off_target = target, now_s, 0
        if not streamer.ramp.arrived or now_s - self._still_since_s < STILL_S:
            return
        # Two that stream against each other win in turn: the majority counts.
        self._off_target = max(0, self._off_target + (1 if _is_off(target, state) else -1))
        if self._off_target > NOT_FOLLOWED:
            self._off_target = 0
            self._report(
                "the streamed target is not followed: another client moves the robot, or "
                "something is in its way"
            )

    def _report(self, text: str) -> None:
        now_s = time.monotonic()
        if now_s - self._reported_s.get(text, -math.inf) > REPORT_PERIOD_S:
            self._reported_s[text] = now_s
            self._on_event(SafetyEvent(EventKind.OTHER_CLIENT, "robot", text))

    def _change(self, moving: bool) -> None:
        if moving is not self.moving:
            self.moving = moving
            self._on_moving(moving)


def _changed(old: Target, new: Target) -> bool:
    for name in Target.__slots__:
        before, after = getattr(old, name), getattr(new, name)
        if (before is None) is not (after is None):
            return True
        if before is not None and np.abs(np.subtract(after, before)).max() > STILL:
            return True
    return False


def _is_off(target: Target, state: RobotState) -> bool:
    # Not the body's yaw: the daemon itself turns it further to keep the head within reach.
    off_rad = 0.0
    if target.antennas is not None:
        off_rad = float(np.abs(target.antennas - state.antennas).max())
    if target.head_joints is not None:
        off_rad = max(off_rad, float(np.abs(target.head_joints - state.head_joints).max()))
    if target.head_pose is not None:
        angles = np.subtract(roll_pitch_yaw(target.head_pose), roll_pitch_yaw(state.head_pose))
        off_rad = max(off_rad, max(abs(math.remainder(angle, math.tau)) for angle in angles))
        if np.linalg.norm((target.head_pose - state.head_pose)[:3, 3]) > NOT_FOLLOWED_M:
            return True
    return off_rad > NOT_FOLLOWED_RAD
