# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The microphone's topic, subscribed to while somebody listens, and no audio node at all."""

import json

import pytest
from harness.pictures import Client
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.voices import heard, socket
from harness.waiting import patience, wait_for
from websockets.exceptions import ConnectionClosed

SPACE = "/dashboard_sound"


@pytest.fixture(scope="module")
def port(processes: Processes, simulation: Simulation) -> int:
    chosen = free_port()
    audio = processes.start_node("audio", namespace=SPACE, **simulation.parameters)
    dashboard = processes.start_node("dashboard", namespace=SPACE, port=chosen)
    dashboard.wait_for_output("in a browser", 30)
    audio.wait_for_output("the robot's sound is there", 30)
    return chosen


def test_what_the_robot_hears_is_heard_while_somebody_listens(port: int, ros: RosClient) -> None:
    topic = f"{SPACE}/audio/pcm"
    assert ros.node.count_subscribers(topic) == 0
    heard(port, 0.1)
    wait_for(lambda: ros.node.count_subscribers(topic) == 0, 10, "nobody listens any more")


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
