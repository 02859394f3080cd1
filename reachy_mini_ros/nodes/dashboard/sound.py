# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's microphone and its speaker, by the audio node's topics and parameters."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from rcl_interfaces.srv import GetParameters
from std_msgs.msg import Int16MultiArray

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import InvalidCommandError, NotConnectedError
from reachy_mini_ros.media.microphone import RATE_HZ
from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.on_demand import OnDemand, PublisherOnDemand, reached
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.dashboard.service import KEEP_S, Parameters, Service
from reachy_mini_ros.web.commands import Done
from reachy_mini_ros.web.hearing import Hearing, SoundFormat
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.robot import Volumes

DEPTH = 50
"""Pieces of 20 ms."""
VOLUMES = ("speaker", "microphone")


class SoundTopics:
    """What the robot hears comes in while somebody listens; what it is to say goes out."""

    def __init__(self, node: RobotNode, io: LoopThread) -> None:
        self._node = node
        self._io = io
        microphone = OnDemand(node, Int16MultiArray, "audio/pcm", self._on_sound, reliable(DEPTH))
        self.hub = Hearing(microphone.want)
        self._speaker = PublisherOnDemand(node, Int16MultiArray, "audio/play")
        self._speaking = Interest(self._speaker.want, KEEP_S)
        self._parameters = Parameters(node, io, "audio")
        self._get = Service(node, io, GetParameters, "audio/get_parameters")

    async def say(self, samples: bytes, rate_hz: int) -> None:
        """Send to the speaker; see :class:`reachy_mini_ros.web.robot.Robot`."""
        topic = self._speaker.topic
        if not self._node.count_subscribers(topic):
            raise NotConnectedError(f"nobody listens on {topic}: start the audio node")
        self._speaking.touch()
        sound = np.frombuffer(samples, "<i2").reshape(-1, 1)
        message = pcm.to_message(sound, rate_hz)
        if not await reached(partial(self._speaker.publish, message)):
            raise NotConnectedError(f"who listens on {topic} was not reached")

    async def volumes(self) -> Volumes:
        """Return the audio node's parameters."""
        names = [f"{device}_volume" for device in VOLUMES]
        answer = await self._get.ask(GetParameters.Request(names=names))
        percents = [value.integer_value for value in answer.values]
        return Volumes(*(percent if percent >= 0 else None for percent in percents))

    async def set_volumes(self, percents: Mapping[str, int]) -> Done:
        """Set the audio node's parameters; raises RobotError if it refuses."""
        await self._parameters.set(
            {f"{device}_volume": percent for device, percent in percents.items()}
        )
        return Done(", ".join(f"{device} {percent} %" for device, percent in percents.items()))

    def _on_sound(self, message: Int16MultiArray) -> None:
        try:
            samples, rate_hz = pcm.from_message(message, RATE_HZ)
        except InvalidCommandError:
            return  # not the audio node's
        form = SoundFormat(rate_hz, samples.shape[1])
        self._io.call(self.hub.publish, samples.astype("<i2").tobytes(), form)
