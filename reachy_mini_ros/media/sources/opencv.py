# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures that OpenCV can read: a camera of this machine, a file, a stream on the network."""

import os
import re
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import cv2
import numpy as np

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.errors import RobotError, SetupError
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.sources.base import OnConnection
from reachy_mini_ros.media.sources.polled import No, PolledSource

_TIMEOUT_MS = 3000
_OLDEST_NS = 1_000_000_000
_DEFAULT_RATE_HZ = 30.0
_SILENT = 0


class OpenCvSource(PolledSource):
    """Reads what ``what`` names: a device's number or path, a file (over and over), or a URL."""

    def __init__(
        self,
        what: str,
        on_connection: OnConnection | None = None,
        supervisor: Supervisor | None = None,
    ) -> None:
        """Take what is named; SetupError if that is nothing, or a file that does not exist."""
        super().__init__("opencv", on_connection, supervisor)
        if not what:
            raise SetupError("source opencv: opencv_source is empty; name a device, file or URL")
        self._what = what
        if not (_is_url(what) or _device(what) is not None or Path(what).expanduser().is_file()):
            raise SetupError(f"source opencv: there is no file {what}, and it is no device or URL")
        _silence()

    async def _reader(self) -> "_Capture":
        if _is_url(self._what) or _device(self._what) is not None:
            return _Capture(self._what)
        return _File(self._what)


class _Capture:
    """A device or a stream: what it gives is new when it comes."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._capture = cv2.VideoCapture()

    def open(self) -> None:
        """Connect.

        Raises RobotError if that fails.
        """
        device = _device(self._what)
        if device is not None:
            opened = self._capture.open(device)
            self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        else:
            timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
            path = self._what if _is_url(self._what) else str(Path(self._what).expanduser())
            opened = self._capture.open(
                path,
                cv2.CAP_FFMPEG,
                [value for timeout in timeouts for value in (timeout, _TIMEOUT_MS)],
            )
        if not opened:
            raise RobotError(f"OpenCV cannot open {shown(self._what)}")

    def read(self, wanted: bool) -> Frame | No:
        """Return the next picture.

        Raises RobotError if the stream has ended.
        """
        if not self._capture.grab():
            raise RobotError(f"{shown(self._what)} gives no more pictures")
        arrived_ns = time.monotonic_ns()
        return self._frame(self._captured_ns(arrived_ns), arrived_ns) if wanted else No.NEED

    def close(self) -> None:
        """Disconnect."""
        self._capture.release()

    def _frame(self, captured_ns: int, arrived_ns: int) -> Frame:
        retrieved, image = self._capture.retrieve()
        if not retrieved or image is None:
            raise RobotError(f"OpenCV cannot decode {shown(self._what)}")
        if image.ndim == 2:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        return Frame(np.asarray(image, np.uint8), captured_ns, arrived_ns)

    def _captured_ns(self, arrived_ns: int) -> int:
        """Return when the picture was taken: V4L2 tells it on the same clock, others do not."""
        told_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        known = _device(self._what) is not None and 0 <= arrived_ns - told_ns < _OLDEST_NS
        return told_ns if known else arrived_ns


class _File(_Capture):
    """A file, at its own rate, from the start again after its end."""

    def open(self) -> None:
        """Open the file.

        Raises RobotError if it is none with pictures.
        """
        super().open()
        rate_hz = self._capture.get(cv2.CAP_PROP_FPS)
        self._period_ns = round(1e9 / (rate_hz if 0 < rate_hz <= 240 else _DEFAULT_RATE_HZ))
        self._due_ns = time.monotonic_ns()

    def read(self, wanted: bool) -> Frame | No:
        """Return the next picture when it is due.

        Raises RobotError if the file cannot be read any more.
        """
        if not self._capture.grab():
            super().close()
            super().open()
            if not self._capture.grab():
                raise RobotError(f"{shown(self._what)} has no pictures")
        now_ns = time.monotonic_ns()
        self._due_ns = max(self._due_ns + self._period_ns, now_ns - self._period_ns)
        time.sleep(max(0, self._due_ns - now_ns) / 1e9)
        now_ns = time.monotonic_ns()
        return self._frame(now_ns, now_ns) if wanted else No.NEED


def _silence() -> None:
    """Keep OpenCV and FFmpeg from printing: it says less than the reason that is told."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # OpenCV 4.6, which Ubuntu 24.04 has, knows the first name only, and OpenCV 5 the second.
    set_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
    set_level(_SILENT)


def shown(what: str) -> str:
    """Return ``what`` for people to read, without a password."""
    if (device := _device(what)) is not None:
        return f"the camera /dev/video{device}"
    if not _is_url(what):
        return what
    parts = urlsplit(what)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _is_url(what: str) -> bool:
    return re.match(r"[a-z][a-z0-9+.-]*://", what) is not None


def _device(what: str) -> int | None:
    """Return the number of the device that is named, if one is."""
    number = re.fullmatch(r"(?:/dev/video)?(\d+)", what)
    return int(number[1]) if number else None
