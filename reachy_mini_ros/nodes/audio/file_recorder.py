# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's microphone into a WAV file, by way of the audio node."""

import time
import wave
from pathlib import Path

import numpy as np
import rclpy
from numpy.typing import NDArray
from std_msgs.msg import Int16MultiArray

from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.media.microphone import RATE_HZ
from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode, initialise
from reachy_mini_ros.signals import interruptible

SILENT_S = 10.0
"""Without any sound for so long there is nothing to wait for."""


class FileRecorder(RobotNode):
    """Writes what comes on ``audio/pcm`` until there is enough."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("audio_record")
        self._path = path
        self._left = round(seconds * RATE_HZ)
        self._wave: wave.Wave_write | None = None
        self._failure: OSError | None = None
        self.written = 0
        self._heard_s = time.monotonic()
        topic = "audio/pcm"
        self.create_subscription(Int16MultiArray, topic, self._on_sound, reliable(250))
        self._topic = self.resolve_topic_name(topic)

    def run(self) -> None:
        """Return when all of it is written; see :func:`record`."""
        while self.written < self._left:
            rclpy.spin_once(self, timeout_sec=0.5)
            if self._failure is not None:
                raise self._failure
            if time.monotonic() - self._heard_s > SILENT_S:
                raise NotConnectedError(
                    f"no sound on {self._topic} for {SILENT_S:g} s: is the audio node there, "
                    "active and connected?"
                )

    def close(self) -> None:
        """Complete the file."""
        if self._wave is not None:
            self._wave.close()

    def _on_sound(self, message: Int16MultiArray) -> None:
        samples, _ = pcm.from_message(message, RATE_HZ)
        self._heard_s = time.monotonic()
        try:
            self._write(samples[: self._left - self.written])
        except OSError as error:  # for whoever runs it, not for the executor
            self._failure = error

    def _write(self, samples: NDArray[np.int16]) -> None:
        if self._wave is None:
            self._wave = wave.open(str(self._path), "wb")  # noqa: SIM115  (until close)
            self._wave.setparams((samples.shape[1], 2, RATE_HZ, 0, "NONE", ""))
        self._wave.writeframes(np.asarray(samples, "<i2").tobytes())
        self.written += len(samples)


def record(program: str, path: Path, seconds: float) -> int:
    """Record and return how many samples were written; Ctrl-C ends it early.

    Raises NotConnectedError if there is no sound, OSError if the file cannot be written.
    """
    written = 0
    with interruptible():
        initialise(program)
        try:
            recorder = FileRecorder(path, seconds)
            try:
                recorder.run()
            finally:
                recorder.close()
                recorder.destroy_node()
                written = recorder.written
        finally:
            rclpy.try_shutdown()
    return written
