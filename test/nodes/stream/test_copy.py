# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's own H264 through camera and stream node to a player, and a restart of the robot."""

import io
import signal
from pathlib import Path

import av
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import wait_for
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_srvs.srv import Trigger

from reachy_mini_ros.simulation import overlay

SPACE = "/copy_test"
STREAM = f"{SPACE}/stream"


class Robot:
    """A simulated robot that can be killed and come back."""

    def __init__(self, processes: Processes, home: Path) -> None:
        self._processes, self._home = processes, home
        self.ports = {"port": free_port(), "signalling_port": free_port()}
        self.start()

    def start(self) -> None:
        self.running = Simulation.start(self._processes, self._home, **self.ports)

    def kill(self) -> None:
        self.running.child.send_signal(signal.SIGKILL)
        self.running.child.process.wait()


@pytest.fixture(scope="module")
def robot(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Robot:
    return Robot(processes, tmp_path_factory.mktemp("robot"))


@pytest.fixture(scope="module")
def folder(processes: Processes, robot: Robot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    live = tmp_path_factory.mktemp("live")
    parameters = robot.running.parameters
    camera = processes.start_node("camera", namespace=SPACE, **parameters)
    audio = processes.start_node("audio", namespace=SPACE, **parameters)
    camera.wait_for_output("pictures arrive", 20)
    audio.wait_for_output("the robot's sound is there", 20)
    stream: Child = processes.start_node(
        "stream", namespace=SPACE, live_directory=live, autostart=True, audio_topic="audio/pcm"
    )
    assert stream.process.poll() is None
    return live


def values(ros: RosClient) -> dict[str, str]:
    """Return what the stream node tells of itself."""
    diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics")

    def told() -> list[dict[str, str]]:
        return [
            {entry.key: entry.value for entry in status.values}
            for message in diagnostics.messages
            for status in message.status
            if status.name.startswith(STREAM)
        ]

    try:
        return wait_for(told, 20)[-1]
    finally:
        ros.unsubscribe(diagnostics)


def newest(folder: Path) -> tuple[int, set[int]]:
    """Return how many pictures the newest whole segment has, and the numbers that they show."""
    segments = sorted((folder / "hls").glob("segment*"))
    if len(segments) < 2:
        return 0, set()
    try:
        parts = [*(folder / "hls").glob("init.mp4"), segments[-2]]  # one of MPEG-TS is whole
        with av.open(io.BytesIO(b"".join(part.read_bytes() for part in parts))) as segment:
            images = [one for one in segment.decode(video=0) if isinstance(one, av.VideoFrame)]
    except (av.FFmpegError, OSError):  # it was deleted meanwhile
        return 0, set()
    read = [overlay.read(image.to_ndarray(format="bgr24")) for image in images]
    return len(images), {one.frame for one in read if one is not None}


def test_hls_by_copy_plays_on_after_a_restart_of_the_robot(
    robot: Robot, folder: Path, ros: RosClient
) -> None:
    wait_for(lambda: len(newest(folder)[1]) > 10, 40, "the robot's pictures")
    told = values(ros)
    assert told["video"] == "copied"
    assert told["undecodable"] == "0"
    wait_for(lambda: values(ros)["sound"] == "heard", 20, "the robot's sound")
    assert values(ros)["sound_sent"] == "opus"
    # No PCM is made of it.
    assert not ros.node.count_subscribers(f"{SPACE}/audio/pcm")
    count, numbers = newest(folder)
    assert count == len(numbers)  # each picture is there, and can be read
    robot.kill()
    wait_for(lambda: newest(folder)[0] and not newest(folder)[1], 40, "the card")
    robot.start()
    wait_for(lambda: len(newest(folder)[1]) > 10, 60, "the robot's pictures again")
    wait_for(lambda: values(ros)["sound"] == "heard", 60, "the robot's sound again")
    told = values(ros)
    assert (told["video"], told["sound_sent"]) == ("copied", "opus")


def test_it_encodes_where_that_is_asked_for(robot: Robot, folder: Path, ros: RosClient) -> None:
    # Somebody takes JPEG from the camera only then.
    for name, mode, told, became in (
        ("video", "encode", "video", "encoded"),
        ("video", "copy", "video", "copied"),
        ("sound", "encode", "sound_sent", "aac"),
    ):
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=mode)
        request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
        (result,) = ros.call(SetParameters, f"{STREAM}/set_parameters", request).results
        assert result.successful
        wait_for(lambda of=(told, became): values(ros).get(of[0]) == of[1], 20, became)  # type: ignore[misc]
        wait_for(lambda: len(newest(folder)[1]) > 10, 60, "pictures")
    wait_for(lambda: values(ros)["sound"] == "heard", 20, "the robot's sound")
    assert ros.call(Trigger, f"{STREAM}/stop").success
