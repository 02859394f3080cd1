# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frame counter and time in the picture, for machines (a block code) and for people (text).

The code stands at the bottom left: 4 rows of 26 black or white blocks, each 1/80 of the picture's
width, most significant bit first: 32 bits of frame counter, 56 bits of unix time in microseconds,
16 bits of CRC-CCITT over both.
"""

import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.simulation.yuv import Image, Yuv

ROWS, COLUMNS = 4, 26
BLOCKS_PER_WIDTH = 80
_COUNTER_BYTES, _TIME_BYTES = 4, 7
_BLACK, _WHITE, _GREY = 16, 235, 128
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a picture says of itself."""

    frame: int
    time_ns: int
    """Unix time at which it was taken, in whole microseconds."""


def draw(picture: Yuv, overlay: Overlay) -> None:
    """Write ``overlay`` into ``picture``."""
    height, width = picture.y.shape
    block = width / BLOCKS_PER_WIDTH
    luma = np.where(_bits(overlay), _WHITE, _BLACK).astype(np.uint8)
    luma = luma.repeat(_sizes(ROWS, block), axis=0).repeat(_sizes(COLUMNS, block), axis=1)
    top, right = height - luma.shape[0], luma.shape[1]
    picture.y[top:, :right] = luma
    _grey(picture, top, height, 0, right)
    seconds, nanoseconds = divmod(overlay.time_ns, 10**9)
    moment = datetime.fromtimestamp(seconds, UTC)
    text = f"frame {overlay.frame}   {moment:%H:%M:%S}.{nanoseconds // 10**6:03d} UTC"
    (text_width, _), _ = cv2.getTextSize(text, _FONT, block / 26, 1)
    label_top, label_end = height - round(2 * block), right + text_width + round(1.5 * block)
    picture.y[label_top:, right:label_end] = _BLACK
    _grey(picture, label_top, height, right, label_end)
    origin = (right + round(0.75 * block), height - round(0.6 * block))
    cv2.putText(picture.y, text, origin, _FONT, block / 26, (_WHITE,), 1, cv2.LINE_AA)


def _grey(picture: Yuv, top: int, bottom: int, left: int, right: int) -> None:
    for chroma in (picture.u, picture.v):
        chroma[top // 2 : (bottom + 1) // 2, left // 2 : (right + 1) // 2] = _GREY


def read(image_bgr: Image) -> Overlay | None:
    """Return what a picture of any size, its aspect kept, says; None if that is not readable."""
    height, width = image_bgr.shape[:2]
    block = width / BLOCKS_PER_WIDTH
    top = height - ROWS * block
    grey = cv2.cvtColor(image_bgr[int(top) :, : int(COLUMNS * block) + 1], cv2.COLOR_BGR2GRAY)
    # The mean around each block's middle: its edges are blurred by the codecs and by scaling.
    around = max(1, int(block / 2))
    x = (np.arange(COLUMNS, dtype=np.float32) + 0.5) * block - 0.5
    y = (np.arange(ROWS, dtype=np.float32) + 0.5) * block - 0.5 + top - int(top)
    columns, rows = np.meshgrid(x, y)
    blurred = cv2.blur(grey, (around, around))
    middles = np.asarray(cv2.remap(blurred, columns, rows, cv2.INTER_LINEAR))
    data = np.packbits(middles > _GREY).tobytes()
    payload, check = data[:-2], int.from_bytes(data[-2:], "big")
    if binascii.crc_hqx(payload, 0xFFFF) != check:
        return None
    frame = int.from_bytes(payload[:_COUNTER_BYTES], "big")
    return Overlay(frame, int.from_bytes(payload[_COUNTER_BYTES:], "big") * 1000)


def _bits(overlay: Overlay) -> NDArray[np.uint8]:
    payload = (overlay.frame % 2 ** (8 * _COUNTER_BYTES)).to_bytes(_COUNTER_BYTES, "big")
    payload += (overlay.time_ns // 1000).to_bytes(_TIME_BYTES, "big")
    data = payload + binascii.crc_hqx(payload, 0xFFFF).to_bytes(2, "big")
    return np.unpackbits(np.frombuffer(data, np.uint8)).reshape(ROWS, COLUMNS)


def _sizes(blocks: int, block: float) -> NDArray[np.int64]:
    """Return whole pixels for blocks that are not."""
    edges = np.round(np.arange(blocks + 1) * block).astype(np.int64)
    return edges[1:] - edges[:-1]
