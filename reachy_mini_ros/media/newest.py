# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Work on frames away from the event loop, where the newest frame wins."""

import threading
from collections.abc import Callable

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.media.frames import Frame


class NewestFrame:
    """A thread that handles the newest frame offered; older ones that still wait are dropped.

    A frame whose handling fails is left out; the supervisor hears of it as ``name``.
    """

    def __init__(self, handle: Callable[[Frame], None], name: str, supervisor: Supervisor) -> None:
        self._name = name
        self._supervisor = supervisor
        self._handle = handle
        self._ready = threading.Condition()
        self._frame: Frame | None = None
        self._ended = False
        self.dropped = 0
        """Frames that never were handled, as a newer one came first."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, frame: Frame | None) -> None:
        """Have ``frame`` handled next; None takes back one that waits. Never blocks for long."""
        with self._ready:
            self.dropped += self._frame is not None
            self._frame = frame
            self._ready.notify()

    def close(self) -> None:
        """Let the frame being handled be finished, and end the thread."""
        with self._ready:
            self._ended = True
            self._ready.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._frame is not None or self._ended)
                frame, self._frame = self._frame, None
                if self._ended or frame is None:
                    return
            with self._supervisor.guard(self._name):
                self._handle(frame)
