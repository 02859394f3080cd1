# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sound from the simulated robot to a WebSocket, and from one to its speaker."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from harness.pictures import Client
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import patience, wait_for
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from reachy_mini_ros.simulation.sound import TONE_HZ, analyse

SPACE = "/dashboard_sound"
RATE_HZ = 24_000
PIECE = RATE_HZ // 50


@pytest.fixture(scope="module")
def port(processes: Processes, simulation: Simulation) -> int:
    chosen = free_port()
    audio = processes.start_node("audio", namespace=SPACE, **simulation.parameters)
    dashboard = processes.start_node("dashboard", namespace=SPACE, port=chosen)
    dashboard.wait_for_output("in a browser", 30)
    audio.wait_for_output("the robot's sound is there", 30)
    return chosen


@contextmanager
def socket(port: int, path: str) -> Iterator[ClientConnection]:
    url = f"ws://127.0.0.1:{port}/api/{path}"
    with connect(url, open_timeout=patience(10), proxy=None) as connection:
        yield connection


def test_what_the_robot_hears_is_heard_while_somebody_listens(port: int, ros: RosClient) -> None:
    topic = f"{SPACE}/audio/pcm"
    assert ros.node.count_subscribers(topic) == 0
    with socket(port, "hear") as listener:
        told, sound = {}, b""
        while len(sound) < 2 * 16_000 * 2:
            message = listener.recv(timeout=patience(15))
            if isinstance(message, bytes):
                sound += message
            else:
                told = json.loads(message)
        assert told == {"rate": 16_000, "channels": 1}
    assert analyse(np.frombuffer(sound, np.int16), 16_000).frequency_hz == pytest.approx(
        TONE_HZ, 0.02
    )
    wait_for(lambda: ros.node.count_subscribers(topic) == 0, 10, "nobody listens any more")


def test_what_is_said_is_played(port: int, simulation: Simulation) -> None:
    wave = np.sin(2 * np.pi * 880 * np.arange(3 * RATE_HZ) / RATE_HZ)
    samples = np.round(8000 * wave).astype("<i2")
    with socket(port, "talk") as talker:
        talker.send(json.dumps({"rate": RATE_HZ}))
        assert json.loads(talker.recv(timeout=patience(10))) == {"playing": True}
        begun_s = time.monotonic()
        for number, begin in enumerate(range(0, len(samples), PIECE)):
            talker.send(samples[begin : begin + PIECE].tobytes())
            due_s = begun_s + number / 50
            wait_for(lambda due_s=due_s: time.monotonic() >= due_s)
        simulation.child.wait_for_output("speaker 880 Hz", 10)


def test_without_an_audio_node_it_is_said(processes: Processes) -> None:
    chosen = free_port()
    dashboard = processes.start_node("dashboard", namespace=f"{SPACE}_alone", port=chosen)
    dashboard.wait_for_output("in a browser", 30)
    with socket(chosen, "talk") as talker:
        talker.send('{"rate": 16000}')
        talker.send(bytes(640))
        assert json.loads(talker.recv(timeout=patience(10))) == {"playing": True}
        assert json.loads(talker.recv(timeout=patience(10))) == {
            "error": f"nobody listens on {SPACE}_alone/audio/play: start the audio node"
        }
        with pytest.raises(ConnectionClosed):
            talker.recv(timeout=patience(10))
    assert Client(chosen).json("/api/volume")[0] == 503
    assert Client(chosen).post("/api/volume", {"speaker": 5})[0] == 503


def test_volumes_are_the_audio_nodes_parameters(port: int) -> None:
    assert Client(port).json("/api/volume") == (200, {"speaker": None, "microphone": None})
    answer = Client(port).post("/api/volume", {"microphone": 70})
    assert answer == (200, {"message": "microphone 70 %"})
    assert Client(port).json("/api/volume") == (200, {"speaker": None, "microphone": 70})
