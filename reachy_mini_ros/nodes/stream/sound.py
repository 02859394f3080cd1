# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sound that the stream node takes: the robot's Opus to copy, and PCM where AAC is needed."""

from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Int16MultiArray

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.media.microphone import RATE_HZ
from reachy_mini_ros.media.opus import OPUS
from reachy_mini_ros.media.streaming.streamer import LiveStream
from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.on_demand import OnDemand, Polled, reached
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.stamps import stamp_s

_FOUND_S = 0.5
"""The topics of a robot that is there are found within so long; of another one later."""
_DEPTH = 50


class Sound:
    """Subscribes to what is needed; all but the constructor and callbacks on the loop.

    Without topics there is silence.
    """

    def __init__(
        self, node: RobotNode, audio_topic: str, opus_topic: str, streamer: LiveStream
    ) -> None:
        self._node = node
        self._streamer = streamer
        self._pcm = self._opus = None
        if audio_topic:
            self._pcm = Polled(node, Int16MultiArray, audio_topic, self._on_pcm, reliable(_DEPTH))
        if audio_topic and opus_topic:
            self._opus = Polled(node, CompressedImage, opus_topic, self._on_opus, reliable(_DEPTH))
        self.copies = False
        """Whether Opus is taken."""
        self.last_error = ""

    async def choose(self, wanted: bool) -> None:
        """Subscribe to what is to be streamed; Opus is ``wanted`` if there is any."""
        if wanted and self._opus is not None:
            await reached(lambda: self._published(self._opus), _FOUND_S)
        self.copies = self.better(wanted)
        self.take()

    def better(self, wanted: bool) -> bool:
        """Return whether to copy Opus; what is copied goes on where the robot is away."""
        if not wanted or self._published(self._opus):
            return wanted
        return self.copies and not self._published(self._pcm)

    def take(self) -> None:
        """Subscribe to what the destinations need, and to nothing else."""
        if self._opus is not None:
            self._opus.want(self.copies)
        if self._pcm is not None:
            self._pcm.want(self._streamer.encodes_sound(opus=self.copies))

    def end(self) -> None:
        """End the subscriptions."""
        for topic in (self._opus, self._pcm):
            if topic is not None:
                topic.want(False)
        self.copies = False

    def poll(self) -> None:
        """Take what has come since; on the executor's thread."""
        for topic in (self._opus, self._pcm):
            if topic is not None:
                topic.poll()

    def _published(self, topic: OnDemand | None) -> bool:
        return topic is not None and self._node.count_publishers(topic.topic) > 0

    def _on_pcm(self, message: Int16MultiArray) -> None:
        try:
            self._streamer.add_sound(*pcm.from_message(message, RATE_HZ))
        except InvalidCommandError as error:
            self.last_error = f"sound: {error}"

    def _on_opus(self, message: CompressedImage) -> None:
        if message.format != OPUS:
            self.last_error = f"sound: {message.format[:20]!r} is not {OPUS}"
            return
        self._streamer.add_opus(message.data.tobytes(), stamp_s(message.header.stamp))
