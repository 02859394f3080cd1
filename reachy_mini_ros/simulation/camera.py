# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated camera: the room in H264, drawn and encoded once for all sessions."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.feed import AnyPacket, Feed
from reachy_mini_ros.simulation.overlay import Overlay
from reachy_mini_ros.simulation.picture import Picture

QUANTIZER = 26
"""2 Mbit/s at 1280x720 while the head turns, and key frames of 45 kB, which delay nothing. Half the
work of a bit rate, for which the encoder looks at each picture twice."""
KEYFRAMES_S = 1.0
_BLURS = 0.3
"""Metres or parts of a radian a second, 17 degrees: from there on the head turns so fast that a
picture moves by nine of 1280 pixels while it is taken."""


class Camera(Feed):
    """Pictures from the head pose that ``head_pose`` returns, at exactly ``fps``."""

    kind = "video"

    def __init__(
        self, width: int, height: int, fps: int, seed: int, head_pose: Callable[[], Matrix]
    ) -> None:
        super().__init__()
        self._size = (width, height)
        self._fps = fps
        self._head_pose = head_pose
        self._last_pose = head_pose()
        self._picture = Picture(width, height, seed)
        self._worker = ThreadPoolExecutor(1, "camera")
        self._keyframe = True
        self._frame = 0

    def request_keyframe(self) -> None:
        """Make the next picture one that decoding can start with."""
        self._keyframe = True

    async def run(self) -> None:
        """Make one packet per frame period; a late picture is left out, never caught up with."""
        loop = asyncio.get_running_loop()
        encoder = self._encoder()
        start_s, slot = loop.time(), 0
        while True:
            for packet in await loop.run_in_executor(self._worker, self._encode, encoder, slot):
                packet.time_base = Fraction(1, self._fps)
                self.deliver(packet)
            elapsed_s = loop.time() - start_s
            slot = max(slot + 1, int(elapsed_s * self._fps))
            await asyncio.sleep(start_s + slot / self._fps - loop.time())

    def _encode(self, encoder: VideoCodecContext, slot: int) -> list[AnyPacket]:
        now = Overlay(self._frame, time.time_ns())
        self._frame += 1
        pose = self._head_pose()
        blurred = np.abs(pose - self._last_pose).max() * self._fps > _BLURS
        self._last_pose = pose
        picture = self._picture.draw(pose, blurred=blurred)
        overlay.draw(picture, now)
        frame = av.VideoFrame.from_ndarray(picture.buffer, format="yuv420p")
        frame.pts = slot
        frame.time_base = Fraction(1, self._fps)
        keyframe, self._keyframe = self._keyframe, False
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        return list(encoder.encode(frame))

    def _encoder(self) -> VideoCodecContext:
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, VideoCodecContext)
        encoder.width, encoder.height = self._size
        encoder.pix_fmt = "yuv420p"
        encoder.framerate = Fraction(self._fps, 1)
        encoder.time_base = Fraction(1, self._fps)
        encoder.gop_size = round(self._fps * KEYFRAMES_S)
        encoder.thread_count = 1
        encoder.profile = "Baseline"
        encoder.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "qp": str(QUANTIZER),
            "x264-params": "scenecut=0",
        }
        return encoder
