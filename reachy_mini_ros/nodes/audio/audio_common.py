# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sound in the messages of audio_common_msgs, where that package is installed."""

import importlib
from array import array
from typing import Any

from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node
from std_msgs.msg import Header

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.media.microphone import RATE_HZ, Chunk
from reachy_mini_ros.nodes.common.qos import latched, reliable


class AudioCommon:
    """Publishes ``~/data_stamped`` and, once and latched, ``~/info``."""

    def __init__(
        self, node: Node, messages: Any, channels: int, events: PublisherEventCallbacks
    ) -> None:
        self._messages = messages
        self._data = node.create_publisher(
            messages.AudioDataStamped, "~/data_stamped", reliable(50), event_callbacks=events
        )
        self._info = node.create_publisher(messages.AudioInfo, "~/info", latched())
        self._info.publish(
            messages.AudioInfo(
                channels=channels,
                sample_rate=RATE_HZ,
                sample_format="S16LE",
                bitrate=RATE_HZ * channels * 16,
                coding_format="WAVE",
            )
        )

    @property
    def wanted(self) -> bool:
        """Return whether somebody subscribes to the sound."""
        return bool(self._data.get_subscription_count())

    def publish(self, chunk: Chunk, header: Header) -> None:
        """Publish a chunk of sound."""
        message = self._messages.AudioDataStamped(header=header)
        message.audio.data = array("B", chunk.samples.tobytes())
        self._data.publish(message)


def messages() -> Any:
    """Return the module of messages.

    Raises SetupError with the reason if there is none: another package has the same name and
    other messages.
    """
    try:
        module = importlib.import_module("audio_common_msgs.msg")
    except ImportError:
        raise SetupError("audio_common_msgs is not installed") from None
    if not (hasattr(module, "AudioDataStamped") and hasattr(module, "AudioInfo")):
        raise SetupError("audio_common_msgs is not the one of ros-drivers/audio_common")
    return module
