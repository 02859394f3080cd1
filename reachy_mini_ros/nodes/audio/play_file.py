# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``audio_play_file``: a sound file to the robot's speaker, by way of the audio node."""

import argparse
import sys
import time
from contextlib import suppress
from itertools import chain
from pathlib import Path

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.utilities import remove_ros_args
from std_msgs.msg import Int16MultiArray

from reachy_mini_ros import sound_files
from reachy_mini_ros.errors import NotConnectedError, ReachyMiniRosError
from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.distribution import initialized
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode, use_shared_memory_profile

AHEAD_S = 0.3
"""Sound is sent so long before it is due."""
_FIND_S = 10.0


class Player(RobotNode):
    """Publishes a file on ``audio/play`` at the speed at which it is played."""

    def __init__(self) -> None:
        super().__init__("audio_play_file")
        self._publisher = self.create_publisher(Int16MultiArray, "audio/play", reliable(50))

    def play(self, path: Path) -> float:
        """Play the file and return its duration in seconds.

        Raises InvalidCommandError if it is no sound, NotConnectedError if no audio node listens.
        """
        pieces = sound_files.read(path)
        first = next(pieces)
        self._find_listener()
        started_s, sent_s = time.monotonic(), 0.0
        for samples, rate_hz in chain([first], pieces):
            if not self.context.ok():
                raise ExternalShutdownException
            self._publisher.publish(pcm.to_message(samples, rate_hz))
            sent_s += len(samples) / rate_hz
            self._wait(started_s + sent_s - AHEAD_S)
        self._wait(started_s + sent_s)
        return sent_s

    def _find_listener(self) -> None:
        deadline_s = time.monotonic() + _FIND_S
        while not self._publisher.get_subscription_count():
            if time.monotonic() > deadline_s:
                topic = self._publisher.topic_name
                raise NotConnectedError(f"nobody listens on {topic}: is the audio node there?")
            rclpy.spin_once(self, timeout_sec=0.1)

    def _wait(self, until_s: float) -> None:
        time.sleep(max(0.0, until_s - time.monotonic()))


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="audio_play_file", description=__doc__)
    parser.add_argument("file", type=Path, help="WAV, FLAC, MP3, Ogg or another that FFmpeg reads")
    options = parser.parse_args(remove_ros_args(sys.argv)[1:])
    use_shared_memory_profile()
    try:
        with initialized(), suppress(KeyboardInterrupt, ExternalShutdownException):
            player = Player()
            try:
                print(f"{options.file}: {player.play(options.file):.2f} s")
            finally:
                player.destroy_node()
    except ReachyMiniRosError as error:
        sys.exit(f"audio_play_file: {error}")


if __name__ == "__main__":
    main()
