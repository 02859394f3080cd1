# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A clip whenever the picture moves, with the seconds before."""

import asyncio
import time
from collections.abc import Callable

from reachy_mini_ros.errors import NotConnectedError, RobotError
from reachy_mini_ros.media.motion_detection import RATE_HZ, MotionDetector
from reachy_mini_ros.media.recording import Recorder
from reachy_mini_ros.media.sources.base import VideoSource

AFTER_S = 5.0
"""How long a clip goes on when nothing moves any more."""
_AFTER_FAILURE_S = 10.0


async def record_motion(
    source: VideoSource, recorder: Recorder, threshold: Callable[[], float]
) -> None:
    """Record what moves until cancelled; ``threshold`` is that of :class:`MotionDetector`.

    A clip that somebody else began is left to them.
    """
    detector = MotionDetector(threshold())
    moved_s, is_ours = 0.0, False
    recorder.keep_before(True)
    try:
        while True:
            await asyncio.sleep(1 / RATE_HZ)
            try:
                frame = await source.frame()
                detector.threshold = threshold()
                await asyncio.to_thread(detector.look, frame)
                if detector.moving:
                    moved_s = time.monotonic()
                    if not recorder.is_on:
                        is_ours = True
                        await recorder.start()
            except NotConnectedError:  # the clip, if there is one, goes on when the robot is back
                continue
            except RobotError:  # the recorder has told it
                await asyncio.sleep(_AFTER_FAILURE_S)
                continue
            is_ours = is_ours and recorder.is_on
            if is_ours and time.monotonic() - moved_s > AFTER_S:
                is_ours = False
                await recorder.stop()
    finally:
        recorder.keep_before(False)
        if is_ours:
            await recorder.stop()
