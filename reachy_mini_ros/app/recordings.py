# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clips of the app: the robot's own video on disk, with where the robot was meanwhile."""

import logging
import time
from pathlib import Path

from reachy_mini_ros.aio import Supervisor, Switch, Tasks
from reachy_mini_ros.app.media import Hold, Media
from reachy_mini_ros.app.motion import THRESHOLD
from reachy_mini_ros.app.presence import Presence
from reachy_mini_ros.errors import NotConnectedError, RobotError
from reachy_mini_ros.media.motion_recording import record_motion
from reachy_mini_ros.media.recording import Limits, Recorder, Recording
from reachy_mini_ros.robot.rows import COLUMNS, row_of
from reachy_mini_ros.robot.state import RobotState
from reachy_mini_ros.web.robot import RecordingState

_log = logging.getLogger("reachy_mini_ros")


class Recordings:
    """Records while it is asked to, with nobody looking too; on the event loop's thread."""

    def __init__(
        self,
        folder: Path,
        limits: Limits,
        media: Media,
        presence: Presence,
        supervisor: Supervisor,
    ) -> None:
        self._media = media
        self._holds = Hold(media.interest), Hold(presence.interest)
        self._tasks = Tasks(supervisor)
        self._unix_ns = 0
        """Of the monotonic clock's zero."""
        self._recorder = Recorder(
            *(media.session, folder, COLUMNS, self._tasks),
            limits=lambda: limits,
            time_ns=self._time_ns,
            on_change=self._on_change,
        )
        self._motion = Switch(lambda: supervisor.keep("recording of motion", self._record_motion))

    def watch(self) -> None:
        """Record unasked too, whenever the picture moves, with the seconds before."""
        self._motion.want(True)

    def state(self) -> RecordingState:
        """Return what is recorded."""
        state = self._recorder.state
        if state.path is None:
            return RecordingState(ended=state.ended, failed=state.is_error)
        return RecordingState(state.path.name, state.began_ns // 10**9)

    async def start(self) -> str:
        """Begin a clip, unless one is written, and return its path.

        Raises NotConnectedError, with the reason, if no picture comes, RobotError if none can be
        written.
        """
        with self._media.interest.held():
            try:
                return str(await self._recorder.start())
            except NotConnectedError as error:
                raise self._media.explained(error) from None

    async def stop(self) -> str:
        """End the clip and return what came of it; raises RobotError if it could not be written."""
        told = await self._recorder.stop()
        if self._recorder.state.is_error:
            raise RobotError(told)
        return told

    async def close(self) -> None:
        """End a clip, with all of it on the disk."""
        await self._motion.close()
        await self._recorder.stop()
        await self._tasks.end()

    def add(self, state: RobotState) -> None:
        """Take where the robot is."""
        if self._recorder.is_on:
            self._recorder.add_state(self._time_ns(state.received_ns), row_of(state))

    async def _record_motion(self) -> None:
        with self._media.interest.held():
            await record_motion(self._media.session, self._recorder, lambda: THRESHOLD)

    def _time_ns(self, monotonic_ns: int) -> int:
        """Return unix time; a clock that is set during a clip does not tear it."""
        if self._recorder.state.path is None:
            self._unix_ns = time.time_ns() - time.monotonic_ns()
        return self._unix_ns + monotonic_ns

    def _on_change(self, recording: Recording) -> None:
        for hold in self._holds:
            hold.want(recording.path is not None)
        if recording.path is not None:
            _log.info("recording %s", recording.path)
        elif recording.ended:
            _log.warning("the recording ended: %s", recording.ended)
