# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The audio node with a simulated robot: what it hears, and what its speaker plays."""

from collections.abc import Iterator
from itertools import pairwise

import av
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from harness.processes import Child, Processes
from harness.ros import Collector, RosClient
from harness.simulation import Simulation
from harness.sockets import connections
from harness.waiting import patience, wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Bool, Float32, Int16MultiArray, String
from std_srvs.srv import Trigger

from reachy_mini_ros.nodes.common import pcm
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.simulation.sound import analyse

NAMESPACE = "/hearing"
AUDIO = f"{NAMESPACE}/audio"
RATE_HZ = 16_000
LISTEN_S = 10


@pytest.fixture(scope="module")
def audio(processes: Processes, simulation: Simulation) -> Child:
    child = processes.start_node("audio", namespace=NAMESPACE, **simulation.parameters)
    child.wait_for_output("the robot's sound is there", 20)
    return child


@pytest.fixture
def listen(ros: RosClient) -> Iterator[object]:
    collectors: list[Collector] = []

    def subscribe(kind: type, name: str, qos: QoSProfile | int = 10) -> Collector:
        topic = name if name.startswith("/") else f"{AUDIO}/{name}"
        collectors.append(ros.subscribe(kind, topic, qos))
        return collectors[-1]

    yield subscribe
    for collector in collectors:
        ros.unsubscribe(collector)


def status(diagnostics: Collector) -> dict[str, str]:
    """Return the node's next word on itself, with ``message``."""
    for _ in range(10):
        for found in diagnostics.next(5).status:
            if found.name == f"{AUDIO}: status":
                return {value.key: value.value for value in found.values} | {
                    "message": found.message
                }
    raise AssertionError("no diagnostics of the audio node")


def samples(messages: list[Int16MultiArray]) -> np.ndarray:
    return np.concatenate([pcm.from_message(message, RATE_HZ)[0] for message in messages])


def set_parameter(ros: RosClient, name: str, value: object) -> object:
    request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
    return ros.call(SetParameters, f"{AUDIO}/set_parameters", request).results[0]


def test_ten_seconds_of_sound_have_exactly_their_samples_and_no_seam(
    audio: Child, listen: object
) -> None:
    heard = listen(Int16MultiArray, "pcm", reliable(1000))
    heard.wait_count(LISTEN_S * 50, LISTEN_S + 10)
    messages = heard.messages[: LISTEN_S * 50]
    for message in messages:
        dims = [(dim.label, dim.size, dim.stride) for dim in message.layout.dim]
        assert dims == [("frames", 320, 320), ("channels", 1, 1)]
        assert len(message.data) == 320
    sound = samples(messages)[:, 0].astype(float)
    assert len(sound) == LISTEN_S * RATE_HZ
    # The test sound has a period of one second: each is like the one before, to the sample.
    seconds = sound[RATE_HZ:].reshape(LISTEN_S - 1, RATE_HZ)
    assert np.abs(seconds - seconds[0]).max() < 300
    elapsed_s = heard.arrivals_s[LISTEN_S * 50 - 1] - heard.arrivals_s[0]
    assert LISTEN_S - 0.5 < elapsed_s < LISTEN_S + patience(0.5)


def test_the_tone_arrives_with_its_frequency_and_level(audio: Child, listen: object) -> None:
    heard = listen(Int16MultiArray, "pcm", reliable(200))
    heard.wait_count(100, 20)
    sound = samples(heard.messages[:100])[:, 0]
    loud = np.abs(sound).reshape(-1, 160).max(axis=1) > 4000
    runs = np.flatnonzero(np.convolve(loud, np.ones(40), "valid") == 40)
    assert len(runs), "no 400 ms of tone"
    tone = analyse(sound[runs[0] * 160 : runs[0] * 160 + 6400], RATE_HZ)
    assert tone.frequency_hz == pytest.approx(440, abs=3)
    assert tone.level_dbfs == pytest.approx(-20, abs=1)


def test_level_and_activity_follow_the_tone(audio: Child, listen: object) -> None:
    levels = listen(Float32, "level")
    activity = listen(Bool, "activity", latched())
    activity.wait_count(4, 20)
    levels.wait_count(20)
    values = [message.data for message in levels.messages]
    assert max(values) == pytest.approx(-20, abs=1)
    assert min(values) < -60
    states = [message.data for message in activity.messages]
    assert all(before != after for before, after in pairwise(states))


def test_a_higher_threshold_hears_nothing_and_a_bad_one_is_refused(
    audio: Child, ros: RosClient, listen: object
) -> None:
    activity = listen(Bool, "activity", latched())
    activity.wait_count(2, 20)
    assert set_parameter(ros, "activity_threshold", -5.0).successful
    wait_for(lambda: activity.last.data is False, 5)
    before = activity.count
    levels = listen(Float32, "level")
    levels.wait_count(25)
    assert activity.count == before
    refused = set_parameter(ros, "activity_threshold", 5.0)
    assert not refused.successful
    assert "0.0" in refused.reason
    assert set_parameter(ros, "activity_threshold", -40.0).successful
    activity.wait_count(before + 1)


def test_nothing_is_decoded_for_nobody(audio: Child, listen: object) -> None:
    diagnostics = listen(DiagnosticArray, "/diagnostics")
    wait_for(lambda: status(diagnostics)["message"] == "connected, nobody listens", 10)
    before = status(diagnostics)["published"]
    assert status(diagnostics)["published"] == before
    heard = listen(Int16MultiArray, "pcm")
    heard.wait_count(5)
    told = status(diagnostics)
    assert told["message"] == "connected, somebody listens"
    assert told["samples_lost"] == "0"
    # That it is measured at all; how fast it is, the benchmarks tell.
    assert 0 < float(told["latency_p95_ms"]) < 5000


def test_opus_is_published_as_it_came_and_decodes_to_the_tone_without_a_decoder_here(
    audio: Child, listen: object
) -> None:
    diagnostics = listen(DiagnosticArray, "/diagnostics")
    wait_for(lambda: status(diagnostics)["message"] == "connected, nobody listens", 10)
    heard = listen(CompressedImage, "opus", reliable(1000))
    heard.wait_count(75, 20)
    told = status(diagnostics)
    assert told["message"] == "connected, nobody listens"
    assert int(told["opus_published"]) >= 75
    messages = heard.messages[:75]
    assert {message.format for message in messages} == {"opus"}
    stamps = [message.header.stamp.sec + message.header.stamp.nanosec / 1e9 for message in messages]
    assert np.median(np.diff(stamps)) == pytest.approx(0.02, abs=0.002)
    assert all(before < after for before, after in pairwise(stamps))
    decoder = av.CodecContext.create("libopus", "r")
    packets = [av.Packet(message.data.tobytes()) for message in messages]
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    sound = np.concatenate([frame.to_ndarray()[0, ::2] for frame in frames])
    loud = np.abs(sound).reshape(-1, 480).max(axis=1) > 4000
    runs = np.flatnonzero(np.convolve(loud, np.ones(40), "valid") == 40)
    assert len(runs), "no 400 ms of tone"
    tone = analyse(sound[runs[0] * 480 : runs[0] * 480 + 19200], 48_000)
    assert tone.frequency_hz == pytest.approx(440, abs=3)


def tone(frequency_hz: float, seconds: float, rate_hz: int, channels: int = 1) -> np.ndarray:
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    mono = (8000 * np.sin(2 * np.pi * frequency_hz * times_s)).astype(np.int16)
    return mono[:, None].repeat(channels, axis=1)


@pytest.mark.parametrize(
    ("frequency_hz", "rate_hz", "channels", "named"),
    [(600, 16000, 1, False), (900, 44100, 2, True), (1250, 8000, 3, True)],
)
def test_the_robot_plays_what_is_sent(
    audio: Child,
    ros: RosClient,
    simulation: Simulation,
    frequency_hz: int,
    rate_hz: int,
    channels: int,
    named: bool,
) -> None:
    publisher = ros.publisher(Int16MultiArray, f"{AUDIO}/play")
    sound = tone(frequency_hz, 2.0, rate_hz, channels)
    publisher.publish(pcm.to_message(sound, rate_hz if named else None))
    line = simulation.child.wait_for_output(f"speaker {frequency_hz} Hz", 10)
    assert float(line.split()[3]) == pytest.approx(-15.3, abs=1)
    assert ros.call(Trigger, f"{AUDIO}/clear").success
    ros.destroy(ros.node.destroy_publisher, publisher)


def test_clear_ends_what_plays_and_a_full_buffer_is_told(
    audio: Child, ros: RosClient, listen: object
) -> None:
    diagnostics = listen(DiagnosticArray, "/diagnostics")
    publisher = ros.publisher(Int16MultiArray, f"{AUDIO}/play")
    for _ in range(2):
        publisher.publish(pcm.to_message(tone(300, 20, RATE_HZ)))
    audio.wait_for_output("s dropped, as 30 s wait already", 10)
    told = status(diagnostics)
    assert 20 < float(told["speaker_fill_s"]) <= 30
    assert float(told["speaker_dropped_s"]) == pytest.approx(10, abs=1)
    answer = ros.call(Trigger, f"{AUDIO}/clear")
    assert answer.success
    assert float(answer.message.split()[0]) > 20
    assert status(diagnostics)["speaker_fill_s"] == "0.00"
    ros.destroy(ros.node.destroy_publisher, publisher)


def test_sound_that_cannot_be_played_is_refused_with_the_reason(
    audio: Child, ros: RosClient, listen: object
) -> None:
    diagnostics = listen(DiagnosticArray, "/diagnostics")
    publisher = ros.publisher(Int16MultiArray, f"{AUDIO}/play")
    publisher.publish(Int16MultiArray())
    wait_for(lambda: "play: there is no sample" in status(diagnostics)["last_error"], 10)
    audio.wait_for_output("refused: play: there is no sample")
    ros.destroy(ros.node.destroy_publisher, publisher)


def test_a_robot_without_media_is_told_of(audio: Child, ros: RosClient, listen: object) -> None:
    for service in ("stop_sound", "test_sound"):
        answer = ros.call(Trigger, f"{AUDIO}/{service}")
        assert not answer.success
        assert "without media" in answer.message
    diagnostics = listen(DiagnosticArray, "/diagnostics")
    publisher = ros.publisher(String, f"{AUDIO}/play_sound")
    for what, reason in {"wake_up": "without media", "/nowhere/a.wav": "is no file"}.items():
        publisher.publish(String(data=what))
        wait_for(lambda reason=reason: reason in status(diagnostics)["last_error"], 10, reason)
    ros.destroy(ros.node.destroy_publisher, publisher)


@pytest.mark.parametrize("device", ["speaker", "microphone"])
def test_a_volume_that_the_robot_cannot_set_is_refused_in_one_line(
    audio: Child, ros: RosClient, listen: object, device: str
) -> None:
    diagnostics = listen(DiagnosticArray, "/diagnostics")
    assert not set_parameter(ros, f"{device}_volume", 101).successful
    assert set_parameter(ros, f"{device}_volume", 50).successful
    reason = f"the volume of the {device} stays as it is"
    wait_for(lambda: reason in status(diagnostics)["last_error"], 10)


def test_a_robot_that_tells_no_direction_publishes_none_and_says_why(
    audio: Child, listen: object
) -> None:
    directions = listen(PoseStamped, "doa", latched())
    speaking = listen(Bool, "is_speaking", latched())
    diagnostics = listen(DiagnosticArray, "/diagnostics")
    wait_for(lambda: "no microphone array" in status(diagnostics)["doa"], 10)
    assert directions.count == speaking.count == 0


def change_state(ros: RosClient, transition: int) -> None:
    request = ChangeState.Request(transition=Transition(id=transition))
    assert ros.call(ChangeState, f"{AUDIO}/change_state", request).success


def test_inactive_means_that_the_stream_is_closed(
    audio: Child, ros: RosClient, simulation: Simulation, listen: object
) -> None:
    port = simulation.signalling_port
    heard = listen(Int16MultiArray, "pcm")
    diagnostics = listen(DiagnosticArray, "/diagnostics")
    heard.wait_count(5)
    assert connections(audio.pid, port) == 1
    change_state(ros, Transition.TRANSITION_DEACTIVATE)
    wait_for(lambda: connections(audio.pid, port) == 0, 5, "the end of the session")
    told = status(diagnostics)
    assert told["lifecycle"] == "inactive"
    assert told["message"] == "inactive: the stream is closed"
    silent = heard.count
    status(diagnostics)
    assert heard.count == silent
    publisher = ros.publisher(Int16MultiArray, f"{AUDIO}/play")
    publisher.publish(pcm.to_message(tone(300, 0.1, RATE_HZ)))
    wait_for(lambda: "speaker is away" in status(diagnostics)["last_error"], 5)
    ros.destroy(ros.node.destroy_publisher, publisher)
    change_state(ros, Transition.TRANSITION_ACTIVATE)
    heard.wait_count(silent + 10, 10)
    assert connections(audio.pid, port) == 1
