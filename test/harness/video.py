# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Real H264 as a robot sends it, and a viewer of the dashboard's video."""

import io
import json
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray
from websockets.sync.client import connect

from harness.waiting import patience
from reachy_mini_ros.media.clips import Clip, State
from reachy_mini_ros.media.frames import EncodedFrame
from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.yuv import Yuv

TIMESCALE = 90_000


class Encoder:
    """Encodes pictures of a counter, which tests read with :func:`counter`."""

    def __init__(
        self, width: int = 640, height: int = 360, *, noise: bool = False, rate_hz: int = 30
    ) -> None:
        """With noise a picture takes about 100 kB."""
        self.size = width, height
        self.number = 0
        self._step = TIMESCALE // rate_hz
        self._ground = np.full((height * 3 // 2, width), 128, np.uint8)
        if noise:
            self._ground[:height] = np.random.default_rng(0).integers(0, 256, (height, width))
        self._noise = noise
        self.restart()

    def restart(self) -> None:
        """Begin anew, with a key frame, as a sender that was started again."""
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width, encoder.height = self.size
        encoder.pix_fmt = "yuv420p"
        encoder.time_base, encoder.framerate = (
            Fraction(1, TIMESCALE),
            Fraction(TIMESCALE, self._step),
        )
        encoder.gop_size = 1_000_000
        encoder.profile = "Baseline"
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "qp": "20"}
        self._encoder = encoder

    def frame(self, *, key: bool = False) -> EncodedFrame:
        """Return the next picture, of now."""
        picture = Yuv.of(np.roll(self._ground, 7 * self.number if self._noise else 0))
        overlay.draw(picture, overlay.Overlay(self.number, time.time_ns()))
        image = av.VideoFrame.from_ndarray(picture.buffer, format="yuv420p")
        image.pts, image.time_base = self.number * self._step, self._encoder.time_base
        if key:
            image.pict_type = av.video.frame.PictureType.I
        [packet] = self._encoder.encode(image)
        now_ns = time.monotonic_ns()
        self.number += 1
        return EncodedFrame(
            *("h264", bytes(packet), packet.is_keyframe, now_ns, now_ns),
            *(self.number * self._step, self.number, *self.size),
        )


def decoded(film: bytes) -> list[NDArray[np.uint8]]:
    """Return the pictures of an MP4, BGR, as FFmpeg decodes them."""
    with av.open(io.BytesIO(film)) as container:
        frames = container.decode(video=0)
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in frames]


def counter(image: NDArray[np.uint8]) -> int:
    """Return the number in a picture of :class:`Encoder`, or of the simulated camera; -1 for none.

    The simulated camera's begins with 1.
    """
    seen = overlay.read(image)
    return seen.frame if seen else -1


class VideoViewer:
    """One viewer of ``/api/video``."""

    def __init__(self, port: int, query: str = "", **options: Any) -> None:
        """Connect; raises websockets' InvalidStatus if that is answered with an error."""
        scheme = "wss" if "ssl" in options else "ws"
        url = f"{scheme}://127.0.0.1:{port}/api/video{query}"
        self._socket = connect(url, open_timeout=patience(10), proxy=None, **options)
        self.told: list[dict[str, Any]] = []
        """The texts that came."""
        self.film: list[bytes] = []
        """The messages of the last film that began."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def send(self, text: str) -> None:
        """Say something."""
        self._socket.send(text)

    def reset(self) -> None:
        """Leave as a browser that is killed does."""
        connection = self._socket.socket
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def read(self) -> bytes | None:
        """Return the next message, None for one of text, which is kept."""
        message = self._socket.recv(timeout=patience(10))
        if isinstance(message, str):
            self.told.append(json.loads(message))
            if "mime" in self.told[-1]:
                self.film.clear()
            return None
        self.film.append(message)
        return message

    def pictures(self, count: int) -> Iterator[int]:
        """Read until the film has so many pictures, and give their counters."""
        while len(self.film) <= count:
            self.read()
        for image in decoded(b"".join(self.film)):
            yield counter(image)

    def read_to_the_end(self) -> None:
        """Read until ConnectionClosed is raised."""
        while True:
            self.read()

    def wait_for_text(self, key: str) -> Any:
        """Read until a text has that key, and return its value."""
        while True:
            if self.read() is None and key in self.told[-1]:
                return self.told[-1][key]


def record(folder: Path, taken_ns: int = 1_700_000_000_000_000_000, count: int = 45) -> Clip:
    """Record pictures of 30 Hz as a clip of that time, with one row of states."""
    encoder, begin_ns = Encoder(), time.monotonic_ns()
    pictures = [
        replace(encoder.frame(), captured_ns=begin_ns + number * 33_333_333)
        for number in range(count)
    ]
    clip = Clip(folder, pictures[0], taken_ns, ("yaw_body",))
    for picture in pictures:
        clip.write(picture)
    clip.write_states([State(taken_ns, {"yaw_body": 0.5})])
    clip.close()
    return clip
