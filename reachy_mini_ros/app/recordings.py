# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clips of the app: the robot's own video on disk, with where the robot was meanwhile."""

import logging
import time
from pathlib import Path

from reachy_mini_ros.aio import Supervisor, Tasks
from reachy_mini_ros.app.media import Hold, Media
from reachy_mini_ros.app.presence import Presence
from reachy_mini_ros.errors import NotConnectedError, RobotError
from reachy_mini_ros.media.recording import Limits, Recorder, Recording
from reachy_mini_ros.robot.rows import COLUMNS, row_of
from reachy_mini_ros.robot.state import RobotState
from reachy_mini_ros.web.robot import RecordingState

LIMITS = Limits(length_s=600.0, size_mb=500.0)

_log = logging.getLogger("reachy_mini_ros")


class Recordings:
    """Records while it is asked to, with nobody looking too; on the event loop's thread."""

    def __init__(
        self, folder: Path, media: Media, presence: Presence, supervisor: Supervisor
    ) -> None:
        self._media = media
        self._holds = Hold(media.interest), Hold(presence.interest)
        self._tasks = Tasks(supervisor)
        self._unix_ns = 0
        """Of the monotonic clock's zero."""
        self._recorder = Recorder(
            *(media.session, folder, COLUMNS, self._tasks),
            limits=lambda: LIMITS,
            time_ns=self._time_ns,
            on_change=self._on_change,
        )

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
            if not self._recorder.is_on:
                self._unix_ns = time.time_ns() - time.monotonic_ns()
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
        await self._recorder.stop()
        await self._tasks.end()

    def add(self, state: RobotState) -> None:
        """Take where the robot is."""
        if self._recorder.is_on:
            self._recorder.add_state(self._time_ns(state.received_ns), row_of(state))

    def _time_ns(self, monotonic_ns: int) -> int:
        return self._unix_ns + monotonic_ns

    def _on_change(self, recording: Recording) -> None:
        for hold in self._holds:
            hold.want(recording.path is not None)
        if recording.path is not None:
            _log.info("recording %s", recording.path)
        elif recording.ended:
            _log.warning("the recording ended: %s", recording.ended)
