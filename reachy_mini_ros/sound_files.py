# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sound files of this machine: is it one, and what is in it."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from reachy_mini_ros.errors import InvalidCommandError

EXTENSIONS = frozenset({".wav", ".mp3", ".ogg", ".oga", ".opus", ".flac", ".m4a", ".aac"})
"""What the robot's daemon takes."""
LARGEST = 24 * 2**20
"""In bytes; the daemon takes 25 MiB with what HTTP adds."""


def checked(name: str) -> Path:
    """Return the path of a sound file that the robot would take.

    Raises InvalidCommandError with the reason if it is none.
    """
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:  # ~ of nobody
        raise InvalidCommandError(f"{name}: {error}") from None
    if not path.is_file():
        raise InvalidCommandError(f"{path} is no file")
    if path.suffix.lower() not in EXTENSIONS:
        raise InvalidCommandError(
            f"{path}: the robot plays {', '.join(sorted(EXTENSIONS))}, not '{path.suffix}'"
        )
    size = path.stat().st_size
    if size > LARGEST:
        raise InvalidCommandError(
            f"{path} has {size / 2**20:.0f} MiB, more than {LARGEST // 2**20}"
        )
    next(read(path))
    return path


def read(path: Path) -> Iterator[tuple[NDArray[np.int16], int]]:
    """Yield the sound of a file piece by piece: (n, 1 or 2) samples, and their rate in Hz.

    Raises InvalidCommandError if it cannot be read, or there is no sound in it.
    """
    found = False
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise InvalidCommandError(f"{path} has no sound in it")
            stream = container.streams.audio[0]
            layout = "mono" if stream.codec_context.channels == 1 else "stereo"
            packed = av.AudioResampler("s16", layout)
            for frame in container.decode(stream):
                for piece in packed.resample(frame):
                    found = True
                    samples = np.asarray(piece.to_ndarray(), np.int16)
                    yield samples.reshape(-1, 1 if layout == "mono" else 2), piece.sample_rate
    except (av.FFmpegError, OSError) as error:
        raise InvalidCommandError(f"{path} cannot be read as sound: {error}") from None
    if not found:
        raise InvalidCommandError(f"{path} has no sound in it")
