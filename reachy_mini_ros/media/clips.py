# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clips on disk: the robot's H264 as fragmented MP4, and a CSV of its states beside it.

Everything here blocks on the disk: call it in a thread.
"""

import csv
import io
import itertools
import os
import struct
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.error import FFmpegError

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.media import jpeg
from reachy_mini_ros.media.frames import ONE_THREAD, EncodedFrame
from reachy_mini_ros.media.mp4 import TIMESCALE, Film
from reachy_mini_ros.media.state_rows import State

SUFFIX, STATES_SUFFIX = ".mp4", ".csv"
_STILL_QUALITY = 85
_TAIL_BYTES = 8_000_000
"""Longer than any picture."""


class Clip:
    """A clip that is being written; whole up to its last picture at every moment.

    Each fragment is written at once and left whole: what a full disk or a kill takes is at most
    the last ones.
    """

    def __init__(
        self, folder: Path, key: EncodedFrame, taken_ns: int, columns: Sequence[str]
    ) -> None:
        """Begin with a key frame, taken at the unix time ``taken_ns``, which names the files.

        Raises MalformedError for what is no key frame of H264, OSError if nothing can be written.
        """
        self._film = Film(key, keep_pauses=True)
        self._taken_ns = taken_ns
        self._columns = columns
        taken = datetime.fromtimestamp(taken_ns / 1e9, UTC)
        name = f"reachy_mini_{taken:%Y%m%dT%H%M%S}_{taken.microsecond:06d}Z"
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self._file = _new_file(folder.absolute(), name)
        self._states: _WholePieces | None = None
        try:
            self._pictures = _WholePieces(self._file)
            self._pictures.write(self._film.header.segment())
        except OSError:
            self._file.close()
            self.path.unlink(missing_ok=True)
            raise

    @property
    def length_s(self) -> float:
        """Return how long it is so far."""
        return self._film.length_s

    @property
    def bytes(self) -> int:
        """Return how large it is so far, without the states."""
        return self._pictures.size

    def goes_on_with(self, frame: EncodedFrame) -> bool:
        """Return whether a picture is of this clip; raises MalformedError for a bad key frame."""
        return self._film.goes_on_with(frame)

    def write(self, frame: EncodedFrame) -> None:
        """Append a picture; raises OSError, after which all before it is whole."""
        self._pictures.write(self._film.fragment(frame))

    def write_states(self, states: Iterable[State]) -> None:
        """Append states as rows; raises OSError like :meth:`write`."""
        rows = [
            [
                f"{state.time_ns / 1e9:.6f}",
                f"{(state.time_ns - self._taken_ns) / 1e9:.6f}",
                *(_cell(state.values.get(column)) for column in self._columns),
            ]
            for state in states
        ]
        if not rows:
            return
        if self._states is None:
            self._states = _WholePieces(self.path.with_suffix(STATES_SUFFIX).open("xb"))
            rows.insert(0, ["time", "clip_time", *self._columns])
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._states.write(text.getvalue().encode())

    def close(self) -> None:
        """Have all of it on the disk; raises OSError if that fails."""
        with ExitStack() as both:
            for pieces in (self._pictures, self._states):
                if pieces is not None:
                    both.callback(pieces.close)


class _WholePieces:
    """A file that ends with a whole piece, even if the disk is full."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0

    def write(self, piece: bytes) -> None:
        try:
            # A write that fits in part only returns how much of it.
            written = 0
            while written < len(piece):
                written += os.write(self._file.fileno(), piece[written:])
        except OSError:
            os.ftruncate(self._file.fileno(), self.size)
            raise
        self.size += len(piece)

    def close(self) -> None:
        with self._file:
            os.fsync(self._file.fileno())


def still(path: Path) -> bytes:
    """Return a clip's first picture as JPEG; raises MalformedError if there is none."""
    try:
        with av.open(path, "r", format="mp4") as container:
            for frame in container.decode(video=0):
                picture = np.asarray(frame.to_ndarray(format="bgr24", **ONE_THREAD), np.uint8)
                return jpeg.encode(picture, _STILL_QUALITY).tobytes()
    except (FFmpegError, IndexError, ValueError) as error:
        raise MalformedError(f"no clip that can be shown: {error}") from None
    raise MalformedError("no picture in it")


def length_s(file: BinaryIO) -> float:
    """Return the length of a clip of ours, finished or not, by its last whole fragment.

    Raises MalformedError if it has none.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    head = len(tail)
    while (head := tail.rfind(b"moof\0\0\0\x10mfhd", 0, head)) >= 0:
        decoded, sample = tail.find(b"tfdt", head), tail.find(b"trun", head)
        if min(decoded, sample) < 0 or len(tail) < sample + 24:
            continue  # cut off
        offset, duration, count = struct.unpack_from(">3I", tail, sample + 12)
        if head - 4 + offset + count <= len(tail):
            (time,) = struct.unpack_from(">Q", tail, decoded + 8)
            return float(time + duration - TIMESCALE // 30) / TIMESCALE
    raise MalformedError("no fragment of a clip in it")


def size(head: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, read from a clip's first bytes; None if not there."""
    at = head.find(b"avc1\0\0\0\0\0\0\0\x01")
    if at < 0 or len(head) < at + 32:
        return None
    width, height = (int.from_bytes(head[at + i : at + i + 2], "big") for i in (28, 30))
    return width, height


def _new_file(folder: Path, name: str) -> tuple[Path, BinaryIO]:
    ends = itertools.chain([""], (f"_{number}" for number in itertools.count(2)))
    for end in ends:
        path = folder / f"{name}{end}{SUFFIX}"
        try:
            return path, path.open("xb", buffering=0)
        except FileExistsError:
            continue
    raise AssertionError


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
