# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JPEG pictures as what the stream's encoder takes: one size, 4:2:0, limited range."""

from typing import Any

import av
import cv2
import numpy as np
from av.video.frame import PictureType

from reachy_mini_ros.media.frames import ONE_THREAD

MPEG_RANGE, BT601 = 1, 6
"""FFmpeg's numbers; JPEG has the matrix of BT.601."""
_CARD_TEXT = "no picture at the moment"
_DARK, _LIGHT, _GREY = 24, 180, 128


class StreamPictures:
    """Decodes JPEG without a detour by BGR; the first picture sets the size for all.

    Pictures of another size are scaled to it, with bars where their shape differs.
    """

    def __init__(self) -> None:
        self._decoder = av.CodecContext.create("mjpeg", "r")
        self._decoder.thread_count = 1
        self.size: tuple[int, int] | None = None
        """Width and height of the stream, once they are known."""

    def decode(self, jpeg: bytes) -> av.VideoFrame | None:
        """Return the picture, None if it is none."""
        if not jpeg:  # FFmpeg would take it for the end, and decode nothing after it
            return None
        try:
            frames = self._decoder.decode(av.Packet(jpeg))
        except av.FFmpegError:
            return None
        if not frames or not isinstance(frames[0], av.VideoFrame):
            return None
        frame = frames[0]
        if self.size is None:
            self.size = max(2, frame.width // 2 * 2), max(2, frame.height // 2 * 2)
        if (frame.width, frame.height) == self.size:
            return _converted(frame, *self.size)
        return self._fitted(frame)

    def card(self) -> av.VideoFrame:
        """Return what is shown instead of an old picture, which would be taken for a live one."""
        assert self.size is not None
        width, height = self.size
        planes = np.full((height * 3 // 2, width), _GREY, np.uint8)
        planes[:height] = _DARK
        font, scale = cv2.FONT_HERSHEY_SIMPLEX, width / 640
        thick = max(1, round(2 * scale))
        (text_width, text_height), _ = cv2.getTextSize(_CARD_TEXT, font, scale, thick)
        at = (width - text_width) // 2, (height + text_height) // 2
        cv2.putText(planes[:height], _CARD_TEXT, at, font, scale, _LIGHT, thick, cv2.LINE_AA)
        return _frame(planes)

    def _fitted(self, frame: av.VideoFrame) -> av.VideoFrame:
        assert self.size is not None
        width, height = self.size
        scale = min(width / frame.width, height / frame.height)
        inner = [max(2, round(side * scale) // 2 * 2) for side in (frame.width, frame.height)]
        picture = _converted(frame, *inner)
        if (picture.width, picture.height) == self.size:
            return picture
        planes = np.full((height * 3 // 2, width), _GREY, np.uint8)
        planes[:height] = 16
        left, top = (width - inner[0]) // 4 * 2, (height - inner[1]) // 4 * 2
        luma, blue, red = _planes(planes, width, height)
        for whole, part, half in zip(
            (luma, blue, red), _planes(picture.to_ndarray(), *inner), (1, 2, 2), strict=True
        ):
            y, x = top // half, left // half
            whole[y : y + part.shape[0], x : x + part.shape[1]] = part
        return _frame(planes)


def _converted(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    converted = frame.reformat(width, height, "yuv420p", dst_color_range=MPEG_RANGE, **ONE_THREAD)
    converted.pict_type = PictureType.NONE  # each JPEG says that it is a key frame
    return converted


def _planes(planes: Any, width: int, height: int) -> tuple[Any, Any, Any]:
    """Return views of the three planes in yuv420p's array."""
    flat = planes.reshape(-1)
    luma, chroma = width * height, width * height // 4
    half = height // 2, width // 2
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + chroma].reshape(half),
        flat[luma + chroma : luma + 2 * chroma].reshape(half),
    )


def _frame(planes: Any) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pict_type = PictureType.NONE
    return frame
