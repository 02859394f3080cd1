# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pictures that the stream node takes: the robot's H264 to copy, or JPEG to encode."""

import asyncio
from collections.abc import Callable

from sensor_msgs.msg import CompressedImage

from reachy_mini_ros.media.bitstream import H264
from reachy_mini_ros.nodes.common.on_demand import OnDemand, Polled, reached
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.stamps import stamp_s

_BOTH_S = 0.5
"""The topics of one camera are found within so long of one another."""
_DEPTH = 30


class Pictures:
    """Subscribes to one of the two topics; all but the constructor and callbacks on the loop."""

    def __init__(
        self,
        node: RobotNode,
        image_topic: str,
        video_topic: str,
        take: Callable[[bytes, float | None], None],
    ) -> None:
        self._node = node
        self._take = take
        self._image = OnDemand(node, CompressedImage, image_topic, self._on_image, reliable(2))
        self._video = Polled(node, CompressedImage, video_topic, self._on_video, reliable(_DEPTH))
        self._other_codec = ""
        self.reason = ""
        """Why pictures are copied or encoded."""

    def poll(self) -> None:
        """Take what has come to be copied; on the executor's thread."""
        self._video.poll()

    def end(self) -> None:
        """End the subscriptions."""
        self._image.want(False)
        self._video.want(False)

    def take(self, copy: bool) -> None:
        """Subscribe to what is copied, or to what is encoded, alone."""
        (self._image if copy else self._video).want(False)
        (self._video if copy else self._image).want(True)

    async def choose(self, wanted: bool | None) -> bool:
        """Subscribe to what is ``wanted`` copied or not, None for the best; return whether."""
        self._other_codec = ""
        if wanted is None:
            await reached(lambda: self._published(self._video) or self._published(self._image))
            if not self._published(self._video):
                await asyncio.sleep(_BOTH_S)
        copy = self.better(wanted, idle=True)
        self.take(copy)
        return copy

    def better(self, wanted: bool | None, *, idle: bool) -> bool:
        """Return whether to copy; where that is open only an ``idle`` stream changes for it."""
        if wanted is not None:
            lacks = wanted and self._other_codec
            self.reason = f"asked for, but the robot sends {lacks}" if lacks else "asked for"
            return wanted
        if self._other_codec:
            self.reason = f"the robot sends {self._other_codec}"
            return False
        copies = self.reason == _COPIED
        if idle and (self._published(self._video) or self._published(self._image)):
            copies = self._published(self._video)
        self.reason = _COPIED if copies else f"nobody publishes {self._video.topic}"
        return copies

    def _published(self, topic: OnDemand) -> bool:
        return self._node.count_publishers(topic.topic) > 0

    def _on_image(self, message: CompressedImage) -> None:
        self._take(message.data.tobytes(), stamp_s(message.header.stamp))

    def _on_video(self, message: CompressedImage) -> None:
        if message.format != H264:
            self._other_codec = message.format[:20]
            return
        self._other_codec = ""
        self._take(message.data.tobytes(), stamp_s(message.header.stamp))


_COPIED = "the robot's H264 is there"
