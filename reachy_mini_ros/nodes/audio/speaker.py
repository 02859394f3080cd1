# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The audio node's ways to the robot's speaker: play, play_sound, clear, volumes."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from std_msgs.msg import Int16MultiArray, String

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.backoff import Backoff
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError, ReachyMiniRosError
from reachy_mini_ros.media.sessions import SharedSession
from reachy_mini_ros.media.speaker import CAPACITY_S, RATE_HZ
from reachy_mini_ros.nodes.audio.parameters import AS_IT_IS
from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.managed import ManagedNode
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.common.work import Work
from reachy_mini_ros.robot.daemon.sound import SoundApi

VOLUMES = {"speaker_volume": "speaker", "microphone_volume": "microphone"}
_WARNING_PERIOD_S = 2.0


class SpeakerTopics:
    """Takes sound and orders, checks them, and hands them on."""

    def __init__(
        self, node: ManagedNode, io: LoopThread, work: Work, session: SharedSession, api: SoundApi
    ) -> None:
        self.play_sample_rate = 0
        self.refused = 0
        self.last_error = ""
        self._node = node
        self._io = io
        self._work = work
        self._session = session
        self._api = api
        node.create_subscription(Int16MultiArray, "~/play", self._on_play, reliable(50))
        node.create_subscription(String, "~/play_sound", self._on_play_sound, reliable(10))
        work.serve("~/clear", self._clear)
        work.serve("~/stop_sound", self._stop_sound)
        work.serve("~/test_sound", self._test_sound)

    def set_volumes(self, values: Mapping[str, Any]) -> None:
        """Set the robot's volumes to those parameters of ``values`` that name one."""
        for name, device in VOLUMES.items():
            if (percent := values.get(name, AS_IT_IS)) != AS_IT_IS:
                self._work.begin(name, partial(self._set_volume, device, percent))

    # On the executor's thread

    def _on_play(self, message: Int16MultiArray) -> None:
        try:
            samples, rate_hz = pcm.from_message(message, self.play_sample_rate)
            if self._session.connection is not Connection.CONNECTED:
                raise NotConnectedError(
                    f"the robot's speaker is away ({self._session.connection.value}: "
                    f"{self._session.reason})"
                )
        except ReachyMiniRosError as error:
            self._refuse("play", error)
            return
        dropped = self._session.speaker.play(samples, rate_hz)
        if dropped:
            self._node.get_logger().warning(
                f"~/play: {dropped / RATE_HZ:.2f} s dropped, as {CAPACITY_S:g} s wait already: "
                "send no faster than it is played, or call ~/clear",
                throttle_duration_sec=_WARNING_PERIOD_S,
            )

    def _on_play_sound(self, message: String) -> None:
        self._work.begin("play_sound", partial(self._play_sound, message.data))

    # On the event loop

    async def _play_sound(self, what: str) -> None:
        try:
            name = await self._api.play_sound(what)
            self._node.get_logger().info(f"the robot plays {name}")
        except ReachyMiniRosError as error:
            self._refuse("play_sound", error)

    async def _clear(self) -> str:
        return f"{self._session.speaker.clear():.2f} s dropped"

    async def _stop_sound(self) -> str:
        await self._api.stop_sound()
        return ""

    async def _test_sound(self) -> str:
        await self._api.test_sound()
        return ""

    async def _set_volume(self, device: str, percent: int) -> None:
        """Set a volume as soon as the robot is there."""
        backoff = Backoff(initial_s=0.2, cap_s=5.0)
        while True:
            try:
                await self._api.set_volume(device, percent)
                return
            except NotConnectedError as error:
                self.last_error = str(error)
            except ReachyMiniRosError as error:
                self._refuse(f"{device}_volume", error)
                return
            await asyncio.sleep(backoff.pause_s())

    def _refuse(self, what: str, error: ReachyMiniRosError) -> None:
        self.refused += 1
        self.last_error = f"{what}: {error}"
        self._node.get_logger().warning(
            f"refused: {what}: {error}", throttle_duration_sec=_WARNING_PERIOD_S
        )
