# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scans: the head looks around, and each picture is kept with where it was taken.

One at a time, for any robot that implements :mod:`reachy_mini_ros.web.robot`; everything here
belongs to the event loop's thread. A scan ends in the pose it began with, but after a stop, or
another command that took its place: then nothing of it moves any more.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from reachy_mini_ros.aio import Supervisor, Tasks, summary
from reachy_mini_ros.errors import (
    BusyError,
    NotConnectedError,
    PreemptedError,
    ReachyMiniRosError,
    RobotError,
    TimedOutError,
)
from reachy_mini_ros.robot.geometry.rotations import head_pose
from reachy_mini_ros.robot.geometry.scan_plan import Step, plan
from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.web import paced
from reachy_mini_ros.web.commands import Body, Head, Scan
from reachy_mini_ros.web.robot import HeadPose, Robot, Shot
from reachy_mini_ros.web.scan_files import ScanFiles, Taken

PERIOD_S = 0.05
"""Between two looks at the state."""
STILL_S = 0.3
"""The head has stood still for so long before a picture counts."""
STILL_DEG = 0.2
BODY_DEG = 1.0
"""A body that is farther from its yaw is sent there."""
SAME_DEG = 0.5
"""The head of a picture looks where it stood still."""
SETTLE_S = 8.0
"""For the head to stand still, and for a picture of that to come."""
KNOWN_S = 5.0
"""For where the robot is to be known: nobody may have asked before, or its state may pause."""
BACK_S = 30.0
"""For a robot that went away to come back, before its pose is given up."""
STOPPED = "stopped: the robot stays where it is"


@dataclass(frozen=True, slots=True)
class ScanState:
    """How a scan does."""

    state: str = "none"
    """``none``, ``running``, ``done``, ``cancelled``, ``stopped`` or ``failed``."""
    name: str = ""
    """Of its folder."""
    done: int = 0
    """Steps that are over, skipped ones too."""
    total: int = 0
    taken: int = 0
    reason: str = ""
    """What it does now, or why it ended so."""
    files: tuple[str, ...] = ()
    """What was made of the pictures: ``panorama.jpg``, ``panorama_grid.jpg``, strips, manifest."""


class Scanner:
    """Carries out one scan at a time; ``on_change`` hears of each change of :attr:`state`."""

    def __init__(
        self,
        robot: Robot,
        folder: Path,
        on_change: Callable[[ScanState], object],
        supervisor: Supervisor,
    ) -> None:
        self._robot = robot
        self.folder = folder
        """Of all scans."""
        self._on_change = on_change
        self._tasks = Tasks(supervisor)
        self._one = asyncio.Lock()
        self._work: asyncio.Task[None] | None = None
        self._over: asyncio.Task[None] | None = None
        self.state = ScanState()

    async def begin(self, scan: Scan, holder: str = "") -> str:
        """Begin a scan and return the name of its folder.

        Raises BusyError while one runs, NotConnectedError without a robot, InvalidCommandError for
        steps that are none.
        """
        steps = plan(scan.yaw_steps, scan.pitch_steps, scan.body_yaw_steps, scan.full_360)
        async with self._one:
            if self._over is not None and not self._over.done():
                raise BusyError("a scan is running: wait for its end, or cancel it")
            begun = await self._pose()
            files = ScanFiles(self.folder, scan)
            goto_s = (await self._robot.limits()).goto_duration if scan.max_speed else 0.0
            pace = _Pace(goto_s, scan.max_speed or math.inf)
            run = _Run(steps, holder, begun, files, self._robot.stops(), pace)
            self._work = asyncio.ensure_future(self._take_all(run))
            self._over = self._tasks.start("scan", self._run(run, self._work))
        self._tell(ScanState("running", files.name, total=len(steps), reason="begins"))
        return files.name

    def cancel(self) -> None:
        """End the scan that runs; what was taken is kept. Raises BusyError if none runs."""
        if self._work is None or self._work.done():
            raise BusyError("no scan is running")
        self._work.cancel()

    async def ended(self) -> ScanState:
        """Return the state of the scan that runs when it is over."""
        if self._over is not None:
            await asyncio.wait([self._over])
        return self.state

    async def close(self) -> None:
        """Cancel what runs."""
        await self._tasks.end()

    def _tell(self, state: ScanState) -> None:
        self.state = state
        self._on_change(state)

    async def _run(self, run: "_Run", work: "asyncio.Task[None]") -> None:
        try:
            await asyncio.wait([work])
        finally:
            work.cancel()  # where all ends
        state, reason, bug = _end_of(work)
        if state == "done" and not run.files.count:
            state, reason = "failed", run.files.first_reason
        if state != "stopped":
            reason = "; ".join(filter(None, (reason, await self._return(run))))
        self._tell(replace(self.state, reason="puts the pictures together"))
        try:
            made = await asyncio.to_thread(run.files.finish, state, reason)
        except OSError as error:
            state, made = "failed", ()
            reason = f"it cannot be saved in {run.files.folder}: {error.strerror or error}"
        self._tell(replace(self.state, state=state, reason=reason, files=made))
        if bug is not None:
            raise bug

    async def _take_all(self, run: "_Run") -> None:
        for number, step in enumerate(run.steps):
            words = f"yaw {step.yaw:.0f}, pitch {step.pitch:.0f}, body {step.body_yaw:.0f}"
            self._tell(replace(self.state, done=number, reason=f"looks at {words}"))
            try:
                await self._take(run, step)
            except (PreemptedError, NotConnectedError, TimedOutError):
                raise
            except ReachyMiniRosError as error:
                run.files.skipped(step, str(error))
            self._tell(replace(self.state, done=number + 1, taken=run.files.count))

    async def _take(self, run: "_Run", step: Step) -> None:
        if abs((await self._pose()).body_yaw - step.body_yaw) > BODY_DEG:
            await self._go(run, Body(yaw=step.body_yaw))
        await self._go(run, Head(pitch=step.pitch, yaw=step.yaw))
        shot = await self._shot_of_still_head()
        taken = Taken(step, shot, (await self._pose()).body_yaw)
        try:
            await asyncio.to_thread(run.files.add, taken)
        except OSError as error:
            reason = error.strerror or error
            raise RobotError(f"it cannot be saved in {run.files.folder}: {reason}") from None

    async def _go(self, run: "_Run", command: Head | Body) -> None:
        for part in run.pace.steps(await self._pose(), command):
            if self._robot.stops() != run.stops:  # of one while nothing moved, nothing else tells
                raise PreemptedError(STOPPED)
            await self._robot.obey(part, to_its_end=True, holder=run.holder)

    async def _shot_of_still_head(self) -> Shot:
        """Return a picture that was taken while the head stood still, as its state tells."""
        deadline_s = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline_s:
            still = await self._still(deadline_s)
            shot = await self._robot.shot()
            if _apart_deg(shot.head_pose, still) < SAME_DEG:
                return shot
        raise RobotError(f"the head did not stand still within {SETTLE_S:g} s, or no picture came")

    async def _still(self, deadline_s: float) -> Matrix:
        """Return the head's rotation when it has not changed for :data:`STILL_S`."""
        since_s, at = time.monotonic(), (await self._pose()).head_pose()
        while time.monotonic() - since_s < STILL_S:
            if time.monotonic() > deadline_s:
                raise RobotError(f"the head did not stand still within {SETTLE_S:g} s")
            await asyncio.sleep(PERIOD_S)
            now = (await self._pose()).head_pose()
            if _apart_deg(now, at) > STILL_DEG:
                since_s, at = time.monotonic(), now
        return at

    async def _return(self, run: "_Run") -> str:
        """Go back to where it began; return why not, empty if it is there."""
        begun = run.begun
        self._tell(replace(self.state, reason="goes back to where it was"))
        try:
            await self._pose(BACK_S)
            for command in (Body(yaw=begun.body_yaw), begun.head()):
                await self._go(run, command)
        except ReachyMiniRosError as error:
            return f"the robot did not go back to where it was: {error}"
        return ""

    async def _pose(self, within_s: float = KNOWN_S) -> "_Pose":
        """Return where the robot is; raises NotConnectedError if that stays unknown so long."""
        deadline_s = time.monotonic() + within_s
        while True:
            known = self._robot.status()
            if known.head is not None and known.joints is not None:
                return _Pose(known.head, known.joints["yaw_body"])
            if time.monotonic() > deadline_s:
                raise NotConnectedError("where the head is, is not known: is the robot connected?")
            await asyncio.sleep(PERIOD_S)


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where the robot is, degrees and metres."""

    at: HeadPose
    body_yaw: float

    def head(self) -> Head:
        at = self.at
        return Head(roll=at.roll, pitch=at.pitch, yaw=at.yaw, x=at.x, y=at.y, z=at.z)

    def head_pose(self) -> Matrix:
        return head_pose(*map(math.radians, (self.at.roll, self.at.pitch, self.at.yaw)))

    def of(self, command: Head | Body) -> dict[str, float]:
        return {"yaw": self.body_yaw} if isinstance(command, Body) else asdict(self.at)


@dataclass(frozen=True, slots=True)
class _Pace:
    """How fast a scan may turn."""

    goto_s: float
    most_deg_s: float

    def steps(self, at: _Pose, command: Head | Body) -> Iterator[Head | Body]:
        """Return the gotos that a command is made of."""
        if math.isinf(self.most_deg_s):
            yield command
            return
        end = command.model_dump(exclude={"mode", "duration"})
        for step in paced.steps(at.of(command), end, self.goto_s, self.most_deg_s):
            yield command.model_copy(update=step)


@dataclass(frozen=True, slots=True)
class _Run:
    """One scan."""

    steps: tuple[Step, ...]
    holder: str
    begun: _Pose
    files: ScanFiles
    stops: int
    """How many stops there had been when it began."""
    pace: _Pace


def _end_of(work: "asyncio.Task[None]") -> tuple[str, str, BaseException | None]:
    """Return the state that a scan ended in, why, and the error if that was nobody's purpose."""
    if work.cancelled() or not work.done():
        return "cancelled", "", None
    error = work.exception()
    if error is None:
        return "done", "", None
    if isinstance(error, PreemptedError):
        return "stopped", str(error), None
    if isinstance(error, ReachyMiniRosError):
        return "failed", str(error), None
    return "failed", f"internal error, please report it: {summary(error)}", error


def _apart_deg(one: Matrix, other: Matrix) -> float:
    """Return the angle between two rotations, degrees."""
    trace = float(np.trace(one[:3, :3].T @ other[:3, :3]))
    return math.degrees(math.acos(min(max((trace - 1.0) / 2.0, -1.0), 1.0)))
