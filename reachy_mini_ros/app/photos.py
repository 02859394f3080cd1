# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos of the app: the next picture in full size, with time and circumstances in the file."""

import asyncio
import time
from pathlib import Path

from reachy_mini_ros.app.media import Media
from reachy_mini_ros.errors import InvalidCommandError, NotConnectedError, RobotError
from reachy_mini_ros.media import photo
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.geometry.frames import robot_tree
from reachy_mini_ros.robot.history import History
from reachy_mini_ros.robot.rows import head_row
from reachy_mini_ros.web.commands import PhotoTaken


class Photographer:
    """Takes photos, on the event loop's thread."""

    def __init__(self, folder: Path, media: Media, driver: Driver, history: History) -> None:
        self._folder = folder
        self._media = media
        self._driver = driver
        self._history = history

    async def take(self) -> PhotoTaken:
        """Save the next picture; raises NotConnectedError or RobotError if that is impossible."""
        frame = await self._media.frame()
        taken_ns = time.time_ns() - (time.monotonic_ns() - frame.captured_ns)
        model = self._media.model(frame.width, frame.height)
        facts = {
            "robot": self._driver.link.address,
            "camera": "unknown" if model is None else model.name,
            **photo.facts(frame, "none", model),
            **self._pose(frame.captured_ns),
        }
        try:
            path = await asyncio.to_thread(
                photo.save, self._folder, frame.bgr, taken_ns, facts, photo.FORMATS[0]
            )
        except OSError as error:
            reason = error.strerror or error
            raise RobotError(f"the photo cannot be saved in {self._folder}: {reason}") from None
        return PhotoTaken(f"saved {path}", path.name)

    def _pose(self, captured_ns: int) -> dict[str, object]:
        """Return where the head was, if that is known."""
        try:
            state = self._history.at(captured_ns, self._driver.state)
        except (NotConnectedError, InvalidCommandError):
            return {}
        place = head_row(state.head_pose)
        pose = {
            "frame_id": robot_tree().root,
            "time": (time.time_ns() - (time.monotonic_ns() - state.received_ns)) / 1e9,
            "position": list(place[:3]),
            "orientation_xyzw": list(place[3:]),
        }
        return {"head_pose": pose}
