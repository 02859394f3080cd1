# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``audio_record``: the robot's microphone into a WAV file, by way of the audio node."""

import argparse
import sys
import time
import wave
from contextlib import suppress
from pathlib import Path

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.utilities import remove_ros_args
from std_msgs.msg import Int16MultiArray

from reachy_mini_ros.errors import NotConnectedError, ReachyMiniRosError
from reachy_mini_ros.media.microphone import RATE_HZ
from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.distribution import initialized
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode, use_shared_memory_profile

SILENT_S = 10.0
"""Without any sound for so long there is nothing to wait for."""


class Recorder(RobotNode):
    """Writes what comes on ``audio/pcm`` until there is enough."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("audio_record")
        self._path = path
        self._left = round(seconds * RATE_HZ)
        self._wave: wave.Wave_write | None = None
        self.written = 0
        self.heard_s = time.monotonic()
        topic = "audio/pcm"
        self.create_subscription(Int16MultiArray, topic, self._on_sound, reliable(250))
        self.topic = self.resolve_topic_name(topic)

    @property
    def done(self) -> bool:
        """Return whether all of it is written."""
        return self.written == self._left

    def close(self) -> None:
        """Complete the file."""
        if self._wave is not None:
            self._wave.close()

    def _on_sound(self, message: Int16MultiArray) -> None:
        samples, _ = pcm.from_message(message, RATE_HZ)
        self.heard_s = time.monotonic()
        if self._wave is None:
            self._wave = wave.open(str(self._path), "wb")  # noqa: SIM115  (until close)
            self._wave.setparams((samples.shape[1], 2, RATE_HZ, 0, "NONE", ""))
        samples = samples[: self._left - self.written]
        self._wave.writeframes(np.asarray(samples, "<i2").tobytes())
        self.written += len(samples)


def record(path: Path, seconds: float) -> int:
    """Record and return how many samples were written; Ctrl-C ends it early.

    Raises NotConnectedError if there is no sound, OSError if the file cannot be written.
    """
    recorder = Recorder(path, seconds)
    try:
        with suppress(KeyboardInterrupt, ExternalShutdownException):
            while not recorder.done:
                rclpy.spin_once(recorder, timeout_sec=0.5)
                if time.monotonic() - recorder.heard_s > SILENT_S:
                    raise NotConnectedError(
                        f"no sound on {recorder.topic} for {SILENT_S:g} s: is the audio node "
                        "there, active and connected?"
                    )
    finally:
        recorder.close()
        recorder.destroy_node()
    return recorder.written


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="audio_record", description=__doc__)
    parser.add_argument("file", type=Path, help="WAV file to write, 16 kHz")
    parser.add_argument("--seconds", type=float, default=5.0, help="default: 5; Ctrl-C ends early")
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    if not 0 < options.seconds <= 86400:
        parser.error(f"--seconds: {options.seconds:g} is outside 0 to 86400")
    use_shared_memory_profile()
    try:
        with initialized():
            written = record(options.file, options.seconds)
    except (ReachyMiniRosError, OSError) as error:
        sys.exit(f"audio_record: {error}")
    print(f"{options.file}: {written} samples, {written / RATE_HZ:.2f} s")


if __name__ == "__main__":
    main()
