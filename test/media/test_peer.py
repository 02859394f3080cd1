# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The end of the robot's peer connection."""

import asyncio

from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack

from reachy_mini_ros.media.aiortc_patches import Loopback, gathering
from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.peer import Peer
from reachy_mini_ros.media.signalling import Offer


def test_a_close_that_is_cancelled_breaks_none_that_runs() -> None:
    async def run() -> None:
        robot = RTCPeerConnection()
        robot.addTrack(AudioStreamTrack())
        with gathering(Loopback.ONLY):
            await robot.setLocalDescription(await robot.createOffer())
        backlogs = {"video": Backlog(), "audio": Backlog()}
        peer = Peer(Loopback.ONLY, lambda frame: None, lambda frame: None, backlogs)
        await peer.answer(Offer("session", robot.localDescription.sdp))
        # aiortc closes by itself when the robot leaves; ours waits for that one's end.
        begun = asyncio.create_task(peer._connection.close())
        await asyncio.sleep(0)
        waiting = asyncio.create_task(peer.close())
        await asyncio.sleep(0)
        assert not begun.done()
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        await begun
        await peer.close()
        await robot.close()

    asyncio.run(run())
