# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's sounds, volumes and direction of arrival: a real daemon without media."""

import math
import os
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.daemon import Daemon
from harness.processes import Processes, free_port
from harness.waiting import Awaited

from reachy_mini_ros import sound_files
from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import InvalidCommandError, NotConnectedError, RobotError
from reachy_mini_ros.robot.daemon import answers
from reachy_mini_ros.robot.daemon.sound import SoundApi, direction


def write_wav(path: Path, seconds: float = 0.2, rate_hz: int = 16000) -> Path:
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    sound = (8000 * np.sin(2 * np.pi * 440 * times_s)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    return path


class Caller:
    """Calls of the API from the test's thread."""

    def __init__(self, io: LoopThread, port: int) -> None:
        self._io = io
        self.api = SoundApi("127.0.0.1", port)

    def __call__(self, name: str, *arguments: object) -> Any:
        return Awaited(self._io.submit(getattr(self.api, name)(*arguments))).result(20)


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> Daemon:
    return Daemon.start(processes, free_port())


@pytest.fixture
def call(daemon: Daemon) -> Iterator[Caller]:
    with LoopThread() as io:
        caller = Caller(io, daemon.port)
        yield caller
        caller("close")


@pytest.mark.parametrize(
    ("angle", "yaw_deg"),
    [(0.0, 90), (math.pi / 4, 45), (math.pi / 2, 0), (math.pi, -90)],
    ids=["left", "half left", "ahead", "right"],
)
def test_the_daemons_angle_becomes_a_yaw_to_the_left(angle: float, yaw_deg: float) -> None:
    answer = {"angle": angle, "speech_detected": True}  # as /api/state/doa has it
    reading = answers.doa(answer)
    assert reading is not None
    found = direction(*reading)
    assert math.degrees(found.yaw_rad) == pytest.approx(yaw_deg)
    assert found.speaking


def test_a_daemon_without_microphone_array_tells_no_direction(call: Caller) -> None:
    assert call("doa") is None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("play_sound", ["wake_up"]), ("stop_sound", []), ("test_sound", [])],
)
def test_a_daemon_without_media_is_told_of_not_believed(
    call: Caller, name: str, arguments: list[str]
) -> None:
    """It answers "ok" to each of these, and plays nothing."""
    with pytest.raises(RobotError, match=r"simulated and runs without media .*sent to ~/play"):
        call(name, *arguments)


@pytest.mark.parametrize(
    ("device", "path"), [("speaker", "volume/set"), ("microphone", "volume/microphone/set")]
)
def test_a_volume_that_cannot_be_set_is_refused_with_the_reason(
    call: Caller, device: str, path: str
) -> None:
    told = f"the volume of the {device} stays as it is.*500 to /api/{path}: "
    with pytest.raises(RobotError, match=told):
        call("set_volume", device, 50)


def test_names_are_the_daemons_own_and_the_uploaded(call: Caller) -> None:
    assert call("_known", "wake_up") == "wake_up.wav"
    assert call("_known", "go_sleep.wav") == "go_sleep.wav"
    with pytest.raises(InvalidCommandError, match=r"no sound 'fanfare'; it has .*wake_up\.wav"):
        call("_known", "fanfare")


def test_a_file_is_uploaded_once_under_a_name_of_its_own(call: Caller, tmp_path: Path) -> None:
    path = write_wav(tmp_path / f"o o{os.getpid()}.wav")
    try:
        name = call("upload", path)
    except RobotError as error:
        if "invalid audio file" not in str(error):
            raise
        pytest.skip("the daemon's GStreamer here reads no WAV file (gstreamer1.0-plugins-good)")
    try:
        assert name.startswith(f"o_o{os.getpid()}-")
        assert name.endswith(".wav")
        assert name in call("uploaded")
        assert call("upload", path) == name
        assert call("_known", name) == name
        other = call("upload", write_wav(path, 0.3))
        assert other != name, "the same name with other content"
        call("delete", other)
    finally:
        call("delete", name)
    assert name not in call("uploaded")


def test_without_a_daemon_everything_is_refused() -> None:
    with LoopThread() as io:
        caller = Caller(io, free_port())
        with pytest.raises(NotConnectedError, match="does not answer"):
            caller("doa")
        caller("close")


def bad_files(folder: Path) -> dict[str, str]:
    (folder / "text.wav").write_text("no sound at all")
    (folder / "empty.wav").touch()
    (folder / "sound.exe").write_bytes(write_wav(folder / "good.wav").read_bytes())
    (folder / "large.wav").write_bytes(bytes(sound_files.LARGEST + 1))
    (folder / "folder.wav").mkdir()
    write_wav(folder / "silent.wav", 0)
    return {
        "nowhere.wav": "is no file",
        "folder.wav": "is no file",
        "text.wav": "cannot be read as sound",
        "empty.wav": "cannot be read as sound",
        "silent.wav": "no sound",
        "sound.exe": "not '.exe'",
        "large.wav": "more than 24",
    }


def test_only_sound_files_of_a_size_that_the_robot_takes_are_sent(
    call: Caller, tmp_path: Path
) -> None:
    for name, reason in bad_files(tmp_path).items():
        with pytest.raises(InvalidCommandError, match=reason):
            call("play_sound", str(tmp_path / name))
    with pytest.raises(InvalidCommandError, match="nobody-of-that-name"):
        call("play_sound", "~nobody-of-that-name/a.wav")


def test_no_path_reaches_the_daemon_as_a_path(call: Caller) -> None:
    """The daemon itself would play any file of its own by its path."""
    for path in ("/etc/passwd", "../../etc/passwd", "/proc/self/mem"):
        with pytest.raises(InvalidCommandError):
            call("play_sound", path)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_is_read_sample_by_sample(tmp_path: Path, channels: int) -> None:
    sound = np.random.default_rng(0).integers(-9999, 9999, (12345, channels)).astype("<i2")
    path = tmp_path / "noise.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, 22050, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    pieces = list(sound_files.read(path))
    assert {rate_hz for _, rate_hz in pieces} == {22050}
    assert (np.concatenate([samples for samples, _ in pieces]) == sound).all()
