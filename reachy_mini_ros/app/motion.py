# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Motion in the picture, looked for while somebody wishes it."""

import asyncio

from reachy_mini_ros.aio import Supervisor, Switch
from reachy_mini_ros.app.media import Media
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.media import jpeg
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.motion_detection import RATE_HZ, MotionDetector
from reachy_mini_ros.media.shape import Shape
from reachy_mini_ros.web.robot import PictureMotion
from reachy_mini_ros.web.timeline import PICTURE_WIDTH, Kind, Timeline

THRESHOLD = 0.02
"""The camera node's ``motion_threshold``."""
QUALITY = 80


class MotionWatch:
    """Off at first. While it is on, the robot's pictures are decoded; on the event loop's thread.

    What it sees is noted on the timeline, each with its picture.
    """

    def __init__(self, media: Media, timeline: Timeline, supervisor: Supervisor) -> None:
        self._media = media
        self._timeline = timeline
        self._switch = Switch(lambda: supervisor.keep("motion in the picture", self._run))
        self._on = False
        self._detector: MotionDetector | None = None

    def want(self, wanted: bool) -> None:
        """Have it look, or not."""
        self._on = wanted
        self._switch.want(wanted)

    def state(self) -> PictureMotion:
        """Return what is seen."""
        seen = self._detector
        if seen is None:
            return PictureMotion(self._on)
        return PictureMotion(self._on, seen.moving, round(seen.level, 3))

    async def close(self) -> None:
        """Look no more."""
        await self._switch.close()

    async def _run(self) -> None:
        detector = MotionDetector(THRESHOLD)
        try:
            with self._media.interest.held():
                while True:
                    await self._look(detector)
                    await asyncio.sleep(1 / RATE_HZ)
        finally:
            self._show(None)

    async def _look(self, detector: MotionDetector) -> None:
        try:
            frame = await self._media.frame()
        except NotConnectedError:  # the status tells why
            self._show(None)
            return
        moved = detector.moving
        await asyncio.to_thread(detector.look, frame)
        picture = None
        if detector.moving and not moved:
            picture = await asyncio.to_thread(_small, frame)
        self._show(detector, picture)

    def _show(self, detector: MotionDetector | None, picture: bytes | None = None) -> None:
        self._detector = detector
        moving = detector is not None and detector.moving
        self._timeline.follow(Kind.MOTION, moving, picture)


def _small(frame: Frame) -> bytes:
    return jpeg.encode(Shape(PICTURE_WIDTH).apply(frame.bgr), QUALITY).tobytes()
