# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where sound comes from: the daemon's own endpoint, and a microphone array under control."""

import math
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from geometry_msgs.msg import PoseStamped
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.waiting import wait_for
from reachy_mini.daemon.app.dependencies import get_backend
from reachy_mini.daemon.app.routers import state
from reachy_mini.io.protocol import DoaSnapshot
from std_msgs.msg import Bool

from reachy_mini_ros.nodes.common.qos import latched


class Array:
    """What the daemon's backend tells of its microphone array."""

    def __init__(self) -> None:
        self.reading: DoaSnapshot | None = None
        self.reads = 0

    def read_doa(self) -> DoaSnapshot | None:
        self.reads += 1
        return self.reading

    def hears(self, angle: float, speech: bool) -> None:
        self.reading = DoaSnapshot(angle=angle, speech_detected=speech)


@pytest.fixture
def array() -> Iterator[tuple[Array, int]]:
    """Serve /api/state as the daemon does."""
    heard, port = Array(), free_port()
    app = FastAPI()
    app.include_router(state.router, prefix="/api")
    app.dependency_overrides[get_backend] = lambda: heard
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started)
    yield heard, port
    server.should_exit = True
    thread.join()


def yaw_deg(pose: PoseStamped) -> float:
    q = pose.pose.orientation
    assert (q.x, q.y) == (0, 0)
    assert q.z**2 + q.w**2 == pytest.approx(1)
    return math.degrees(2 * math.atan2(q.z, q.w))


def audio_asks(array: Array) -> bool:
    """Return whether the node asks within three of its periods."""
    reads = array.reads
    deadline_s = time.monotonic() + 0.3
    wait_for(lambda: array.reads > reads or time.monotonic() > deadline_s)
    return array.reads > reads


def test_direction_and_speech_are_told_on_change_and_asked_for_while_somebody_listens(
    processes: Processes, ros: RosClient, array: tuple[Array, int]
) -> None:
    heard, port = array
    parameters = {"robot_host": "127.0.0.1", "robot_port": port, "signalling_port": free_port()}
    audio = processes.start_node("audio", namespace="/direction", **parameters)
    audio.wait_for_output("nothing listens", 20)
    assert heard.reads == 0, "nobody wants to know"
    heard.hears(0.0, False)
    directions = ros.subscribe(PoseStamped, "/direction/audio/doa", latched())
    speaking = ros.subscribe(Bool, "/direction/audio/is_speaking", latched())
    directions.wait_count(1)
    speaking.wait_count(1)
    assert directions.last.header.frame_id == "head"
    assert yaw_deg(directions.last) == pytest.approx(90)
    assert speaking.last.data is False

    reads = heard.reads
    wait_for(lambda: heard.reads > reads + 5)
    assert directions.count == speaking.count == 1, "nothing changed"

    heard.hears(math.pi / 2, True)
    directions.wait_count(2)
    speaking.wait_count(2)
    assert yaw_deg(directions.last) == pytest.approx(0, abs=1e-6)
    assert speaking.last.data is True
    heard.hears(math.pi, True)
    directions.wait_count(3)
    assert yaw_deg(directions.last) == pytest.approx(-90)
    assert speaking.count == 2

    heard.reading = None
    speaking.wait_count(3)
    assert speaking.last.data is False, "nobody is left in the belief that somebody speaks"
    reads = heard.reads
    wait_for(lambda: heard.reads > reads + 5)
    assert (directions.count, speaking.count) == (3, 3)

    heard.hears(math.pi, True)
    speaking.wait_count(4)
    ros.unsubscribe(directions)
    ros.unsubscribe(speaking)
    wait_for(lambda: not audio_asks(heard), 10, "the end of the questions")
    heard.reading = None
    late = ros.subscribe(Bool, "/direction/audio/is_speaking", latched())
    late.wait_count(1)
    assert late.last.data is False, "what was so for the last listener is not told to the next"
    ros.unsubscribe(late)
    assert audio.stop() == 0
    assert "Traceback" not in audio.output()
