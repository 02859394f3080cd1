# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sound in the messages of audio_common_msgs, and what is said where they are not installed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from harness.interfaces import needs
from harness.processes import Processes
from harness.ros import RosClient
from harness.simulation import Simulation
from rclpy.time import Time
from std_msgs.msg import Int16MultiArray

from reachy_mini_ros.nodes.common.qos import latched, reliable

RATE_HZ = 16_000
CHUNK_NS = 20_000_000
needs_audio_common = needs("audio_common_msgs")


@dataclass(frozen=True)
class Audio:
    """A running audio node."""

    name: str
    channels: int


@pytest.fixture(scope="module", params=[1, 2], ids=["mono", "stereo"])
def audio(
    request: pytest.FixtureRequest, processes: Processes, simulation: Simulation
) -> Iterator[Audio]:
    channels = request.param
    child = processes.start_node(
        "audio",
        namespace=f"/common_{channels}",
        env={"ROS_PYTHON_CHECK_FIELDS": "1"},
        channels=channels,
        **simulation.parameters,
    )
    child.wait_for_output("the robot's sound is there", 20)
    yield Audio(f"/common_{channels}/audio", channels)
    child.stop_cleanly()


@needs_audio_common
def test_the_sound_has_the_samples_of_pcm_and_the_time_of_its_capture(
    audio: Audio, ros: RosClient
) -> None:
    from audio_common_msgs.msg import AudioDataStamped

    stamped = ros.subscribe(AudioDataStamped, f"{audio.name}/data_stamped", reliable(1000))
    stamped.wait_count(5, 20)  # which nobody else makes the node decode
    plain = ros.subscribe(Int16MultiArray, f"{audio.name}/pcm", reliable(1000))
    since_ns = time.time_ns() - time.monotonic_ns()
    plain.wait_count(150)
    ros.unsubscribe(plain)
    ros.unsubscribe(stamped)

    chunks = [bytes(message.audio.data) for message in stamped.messages]
    assert {len(chunk) for chunk in chunks} == {320 * 2 * audio.channels}
    same = [np.array(message.data, np.int16).tobytes() for message in plain.messages[:100]]
    assert any(chunks[n : n + 100] == same for n in range(len(chunks) - 99))

    assert {message.header.frame_id for message in stamped.messages} == {"head"}
    stamps_ns = [Time.from_msg(message.header.stamp).nanoseconds for message in stamped.messages]
    steps_ns = [after - before for before, after in pairwise(stamps_ns)]
    assert min(steps_ns) > 0
    # Of a busy machine's sound a stretch can be missing, over which the stamps jump.
    assert np.median(steps_ns) == pytest.approx(CHUNK_NS, rel=0.05)
    arrivals_ns = [round(arrival_s * 1e9) + since_ns for arrival_s in stamped.arrivals_s]
    ages_ns = np.subtract(arrivals_ns, stamps_ns)
    # The first of its samples was heard as long before the last as all of them take.
    assert CHUNK_NS <= ages_ns.min() < 200_000_000


@needs_audio_common
def test_a_late_comer_is_told_what_the_samples_are(audio: Audio, ros: RosClient) -> None:
    from audio_common_msgs.msg import AudioInfo

    told = ros.subscribe(AudioInfo, f"{audio.name}/info", latched())
    told.wait_count(1)
    ros.unsubscribe(told)
    (info,) = told.messages
    assert (info.channels, info.sample_rate) == (audio.channels, RATE_HZ)
    assert info.bitrate == RATE_HZ * 16 * audio.channels
    assert (info.sample_format, info.coding_format) == ("S16LE", "WAVE")


def test_one_line_says_that_the_messages_are_not_installed(processes: Processes) -> None:
    node = processes.start_node(
        "audio", namespace="/without", without="audio_common_msgs", autostart=False
    )
    node.wait_for_output("no ~/data_stamped and no ~/info: audio_common_msgs is not installed")
    node.stop_cleanly()


def test_a_package_of_the_same_name_with_other_messages_is_told_from_it(
    processes: Processes, tmp_path: Path
) -> None:
    (tmp_path / "audio_common_msgs").mkdir()
    (tmp_path / "audio_common_msgs" / "__init__.py").touch()
    (tmp_path / "audio_common_msgs" / "msg.py").write_text("class AudioStamped: ...\n")
    node = processes.start_node(
        "audio", namespace="/other", env={"PYTHONPATH": str(tmp_path)}, autostart=False
    )
    node.wait_for_output("audio_common_msgs is not the one of ros-drivers/audio_common")
    node.stop_cleanly()
