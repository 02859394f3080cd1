# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The audio node when the robot goes, when sound is lost, when it ends, and when it is composed."""

import signal
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from harness.processes import Processes, free_port
from harness.ros import Collector, RosClient
from harness.simulation import Simulation
from harness.sockets import connections
from harness.waiting import wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Int16MultiArray

from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.simulation.sound import analyse


def test_sound_is_back_after_the_robot(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    robot = Simulation.start(processes, tmp_path)
    audio = processes.start_node("audio", namespace="/gone", **robot.parameters)
    heard = ros.subscribe(Int16MultiArray, "/gone/audio/pcm")
    heard.wait_count(10, 20)
    assert robot.child.stop(signal.SIGTERM) == 0
    audio.wait_for_output("nothing listens", 10)
    gone = heard.count
    again = Simulation.start(
        processes, tmp_path, port=robot.port, signalling_port=robot.signalling_port
    )
    heard.wait_count(gone + 10, 10)
    again.child.stop()
    ros.unsubscribe(heard)
    assert audio.stop() == 0


def test_a_lost_stretch_is_told_and_filled_only_where_asked_for(
    processes: Processes, simulation: Simulation, ros: RosClient
) -> None:
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")

    def lost(node: str) -> int:
        for message in diagnostics.messages[::-1]:
            for status in message.status:
                if status.name == f"/{node}/audio: status":
                    return int({v.key: v.value for v in status.values}["samples_lost"])
        return 0

    heard = {}
    for node in ("left_out", "filled"):
        filled = node == "filled"
        processes.start_node(
            "audio", namespace=f"/{node}", fill_gaps=filled, **simulation.parameters
        )
        heard[node] = ros.subscribe(Int16MultiArray, f"/{node}/audio/pcm", reliable(1000))
    for collector in heard.values():
        collector.wait_count(50, 20)
    simulation.child.send_signal(signal.SIGSTOP)
    wait_for(lambda: time.monotonic() - heard["filled"].arrivals_s[-1] > 0.8, 5)
    simulation.child.send_signal(signal.SIGCONT)
    wait_for(lambda: lost("filled") and lost("left_out"), 10)
    assert lost("filled") == pytest.approx(lost("left_out"), abs=320)
    assert 0.3 * 16000 < lost("filled") < 1.5 * 16000

    def longest_silence_s(collector: Collector) -> float:
        """Return it; the test sound itself is silent for half a second."""
        sound = np.concatenate([message.data for message in collector.messages])
        loud = np.flatnonzero(np.abs(sound) > 1000)
        return float(np.diff(loud).max()) / 16000

    heard["left_out"].wait_count(heard["left_out"].count + 75)
    heard["filled"].wait_count(heard["filled"].count + 75)
    assert longest_silence_s(heard["filled"]) > longest_silence_s(heard["left_out"])
    for collector in (*heard.values(), diagnostics):
        ros.unsubscribe(collector)


def test_what_waited_while_the_node_stood_still_is_not_published_as_new(
    processes: Processes, simulation: Simulation, ros: RosClient
) -> None:
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")

    def told() -> dict[str, str]:
        for message in diagnostics.messages[::-1]:
            for status in message.status:
                if status.name == "/still/audio: status":
                    return {entry.key: entry.value for entry in status.values}
        return {}

    audio = processes.start_node("audio", namespace="/still", **simulation.parameters)
    heard = ros.subscribe(Int16MultiArray, "/still/audio/pcm", reliable(1000))
    heard.wait_count(50, 20)
    audio.send_signal(signal.SIGSTOP)
    wait_for(lambda: time.monotonic() - heard.arrivals_s[-1] > 0.9, 5)
    audio.send_signal(signal.SIGCONT)
    heard.wait_count(heard.count + 50, 20)
    wait_for(lambda: int(told().get("bursts", 0)) >= 1, 10)
    wait_for(lambda: float(told()["dropped_stale_s"]) > 0.4, 10)
    assert int(told()["gaps"]) >= 1
    assert told()["stage"] == "streaming"
    for collector in (heard, diagnostics):
        ros.unsubscribe(collector)
    assert audio.stop() == 0


@pytest.mark.parametrize(
    ("number", "robot_is_there"),
    [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGTERM, False)],
)
def test_it_ends_at_once_with_0_and_without_a_trace(
    processes: Processes,
    simulation: Simulation,
    ros: RosClient,
    number: signal.Signals,
    robot_is_there: bool,
) -> None:
    namespace = f"/end_{number.name.lower()}_{robot_is_there}".lower()
    parameters = simulation.parameters | (
        {} if robot_is_there else {"signalling_port": free_port()}
    )
    audio = processes.start_node("audio", namespace=namespace, **parameters)
    if robot_is_there:
        heard = ros.subscribe(Int16MultiArray, f"{namespace}/audio/pcm")
        heard.wait_count(5, 20)
        ros.unsubscribe(heard)
    else:
        audio.wait_for_output("nothing listens", 20)
    audio.stop_cleanly(number)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"channels": 3}, "channels: 3 is outside 1 to 2"),
        ({"fill_gaps": "maybe"}, "is not true or false"),
    ],
)
def test_a_bad_setup_ends_it_with_one_clear_line(
    processes: Processes, parameters: dict[str, object], reason: str
) -> None:
    audio = processes.start_node("audio", namespace="/bad", **parameters)
    assert reason in audio.wait_failed()


def change_state(ros: RosClient, node: str, transition: int) -> None:
    request = ChangeState.Request(transition=Transition(id=transition))
    assert ros.call(ChangeState, f"{node}/change_state", request).success


def test_camera_and_audio_in_one_process_have_one_session(
    processes: Processes, simulation: Simulation, ros: RosClient
) -> None:
    port = simulation.signalling_port
    child = processes.start_node(
        "bringup", namespace="/one", port=free_port(), **simulation.parameters
    )
    pictures = ros.subscribe(CompressedImage, "/one/camera/image_raw/compressed")
    heard = ros.subscribe(Int16MultiArray, "/one/audio/pcm")
    pictures.wait_count(5, 20)
    heard.wait_count(5, 20)
    assert connections(child.pid, port) == 1
    change_state(ros, "/one/audio", Transition.TRANSITION_DEACTIVATE)
    seen = pictures.count
    pictures.wait_count(seen + 10, 10)
    assert connections(child.pid, port) == 1
    silent = heard.count
    pictures.wait_count(seen + 20, 10)
    assert heard.count == silent
    ros.unsubscribe(pictures)
    ros.unsubscribe(heard)
    assert child.stop() == 0, child.output()


def test_recorded_sound_has_exactly_its_samples_and_the_tone(
    processes: Processes, simulation: Simulation, tmp_path: Path
) -> None:
    processes.start_node("audio", namespace="/record", channels=2, **simulation.parameters)
    path = tmp_path / "heard.wav"
    program = processes.start_module(
        "reachy_mini_ros.nodes.audio.record",
        *(str(path), "--seconds", "2.013", "--ros-args", "-r", "__ns:=/record"),
    )
    assert program.wait(30) == 0, program.output()
    assert "32208 samples, 2.01 s" in program.output()
    with wave.open(str(path)) as file:
        assert file.getframerate() == 16000
        assert (file.getnchannels(), file.getsampwidth(), file.getnframes()) == (2, 2, 32208)
        sound = np.frombuffer(file.readframes(32208), "<i2").reshape(-1, 2)
    assert analyse(sound[:16000, 0].copy(), 16000).frequency_hz == pytest.approx(440, abs=3)


def test_a_played_file_is_heard_by_the_robot(
    processes: Processes, simulation: Simulation, tmp_path: Path
) -> None:
    audio = processes.start_node("audio", namespace="/file", **simulation.parameters)
    audio.wait_for_output("the robot's sound is there", 20)
    times_s = np.arange(66150) / 22050
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 22050, 0, "NONE", ""))
        tone = 8000 * np.sin(2 * np.pi * 760 * times_s)
        file.writeframes(tone.astype("<i2").tobytes())
    program = processes.start_module(
        "reachy_mini_ros.nodes.audio.play_file",
        *(str(path), "--ros-args", "-r", "__ns:=/file"),
    )
    line = simulation.child.wait_for_output("speaker 760 Hz", 20)
    assert float(line.split()[3]) == pytest.approx(-15.3, abs=1)
    assert program.wait(20) == 0, program.output()
    assert "3.00 s" in program.output()
    assert "refused" not in audio.output()


@pytest.mark.parametrize(
    ("program", "arguments", "reason"),
    [
        ("play_file", ["/nowhere.wav"], "audio_play_file: /nowhere.wav cannot be read"),
        ("record", ["/tmp/a.wav", "--seconds", "0"], "--seconds: 0 is outside"),
    ],
)
def test_a_tool_says_in_one_line_what_is_wrong(
    processes: Processes, program: str, arguments: list[str], reason: str
) -> None:
    child = processes.start_module(f"reachy_mini_ros.nodes.audio.{program}", *arguments)
    assert child.wait(20) != 0
    assert reason in child.output()
    assert "Traceback" not in child.output()
