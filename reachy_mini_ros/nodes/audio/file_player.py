# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A sound file to the robot's speaker, by way of the audio node."""

import time
from itertools import chain
from pathlib import Path

import rclpy
from std_msgs.msg import Int16MultiArray

from reachy_mini_ros import sound_files
from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode, initialise

AHEAD_S = 0.3
"""Sound is sent so long before it is due."""
_FIND_S = 10.0


class FilePlayer(RobotNode):
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


def play(program: str, path: Path) -> float:
    """Play a file and return its duration in seconds; see :meth:`FilePlayer.play`."""
    initialise(program)
    try:
        player = FilePlayer()
        try:
            return player.play(path)
        finally:
            player.destroy_node()
    finally:
        rclpy.try_shutdown()
