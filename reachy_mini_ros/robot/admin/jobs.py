# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Jobs that the daemon does in the background: installing, removing, updating."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import Enum

from reachy_mini_ros.errors import (
    BusyError,
    NotConnectedError,
    ReachyMiniRosError,
    RobotError,
    TimedOutError,
)
from reachy_mini_ros.robot.admin.answers import Job
from reachy_mini_ros.robot.admin.api import AdminApi
from reachy_mini_ros.robot.daemon.api import AnswerError
from reachy_mini_ros.robot.motion.receipts import Order

PERIOD_S = 0.5
LONGEST_S = 3600.0
AWAY_S = 30.0
"""For the daemon to answer again meanwhile."""
RESTART_S = 300.0
"""The same after an update of the robot, which ends with a restart of its daemon."""
_PERCENT = re.compile(r"\b(\d{1,3})\s?%")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is."""

    id: str
    command: str
    """``install_app``, ``remove_app``, ``update_app`` or ``update_robot``."""
    what: str
    """The app, or what the command was given."""
    status: str
    """``pending``, ``in_progress``, ``done`` or ``failed``."""
    percent: int | None = None
    """As the newest line that has one says; None while none does."""
    line: str = ""
    """The newest line of its log."""

    @property
    def over(self) -> bool:
        """Whether the job has ended."""
        return self.status in ("done", "failed")


class Gone(Enum):
    """Why the daemon tells nothing of a job."""

    AWAY = "away"
    FORGOTTEN = "forgotten"


class Jobs:
    """Follows one job at a time, and tells each line of its log; all on the event loop."""

    def __init__(self, api: AdminApi, on_progress: Callable[[Progress], None]) -> None:
        self._api = api
        self._on_progress = on_progress
        self.newest: Progress | None = None
        """The job that runs, or ran last."""
        self._running = ""

    async def run(
        self, command: str, what: str, begin: Callable[[], Awaitable[str]], order: Order
    ) -> str:
        """Have the daemon begin a job, and return its last line when it is done.

        Raises BusyError while another one runs, RobotError with its last line if it failed.
        """
        if self._running:
            raise BusyError(f"{self._running} is running: wait for its end")
        self._running = f"{command} {what}".strip()
        try:
            version = (await self._api.info()).daemon_version
            progress = Progress(await begin(), command, what, "pending")
            order.accept(reason=f"job {progress.id}")
            self._tell(progress)
            try:
                return await self._follow(progress, version)
            except ReachyMiniRosError as error:
                if self.newest is not None and not self.newest.over:
                    self._ended(self.newest, "failed", str(error))
                raise
        finally:
            self._running = ""

    async def _follow(self, progress: Progress, version: str) -> str:
        told, answered_s, end_s = 0, time.monotonic(), time.monotonic() + LONGEST_S
        restarts = progress.command == "update_robot"
        while True:
            job = await self._asked(progress.id)
            now_s = time.monotonic()
            if isinstance(job, Job):
                answered_s = now_s
                *lines, newest = job.lines[told:] or ("",)
                for line in lines:
                    progress = _advanced(progress, "in_progress", line)
                    self._tell(progress)
                if newest or job.status != progress.status:
                    progress = _advanced(progress, job.status, newest)
                    self._tell(progress)
                told = len(job.lines)
            elif restarts and job is Gone.FORGOTTEN:
                return await self._restarted(progress, version)
            elif job is Gone.FORGOTTEN or now_s - answered_s > (RESTART_S if restarts else AWAY_S):
                progress = self._ended(
                    progress, "failed", "the daemon knows nothing of it any more"
                )
            if progress.status == "failed":
                raise RobotError(progress.line or "the daemon does not say why it failed")
            if progress.status == "done":
                return progress.line or "done"
            if now_s > end_s:
                raise TimedOutError(f"job {progress.id} has not ended within {LONGEST_S:g} s")
            await asyncio.sleep(PERIOD_S)

    async def _asked(self, id: str) -> Job | Gone:
        try:
            return await self._api.job(id)
        except NotConnectedError:
            return Gone.AWAY
        except AnswerError as error:
            if error.status != 404:
                raise
            return Gone.FORGOTTEN

    async def _restarted(self, progress: Progress, version: str) -> str:
        """Tell how the robot's update ended, of which a daemon that restarted knows nothing."""
        now = (await self._api.info()).daemon_version
        if now == version:
            text = f"the daemon restarted and has still version {version}"
            raise RobotError(self._ended(progress, "failed", text).line)
        return self._ended(progress, "done", f"the daemon has version {now} now").line

    def _ended(self, progress: Progress, status: str, line: str) -> Progress:
        progress = replace(progress, status=status, line=line)
        self._tell(progress)
        return progress

    def _tell(self, progress: Progress) -> None:
        self.newest = progress
        self._on_progress(progress)


def _advanced(progress: Progress, status: str, line: str) -> Progress:
    percents = [int(found) for found in _PERCENT.findall(line) if int(found) <= 100]
    percent = percents[-1] if percents else progress.percent
    percent = 100 if status == "done" else percent
    return replace(progress, status=status, percent=percent, line=line or progress.line)
