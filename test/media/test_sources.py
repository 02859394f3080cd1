# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sources of pictures other than WebRTC, each read as the camera node reads it."""

import asyncio
import functools
import shutil
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from harness.dashboard import Serve, serving
from harness.loop import on_a_loop
from harness.pictures import jpeg
from harness.processes import free_port
from harness.waiting import patience, until, wait_for

from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError, RobotError, SetupError
from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.sources import choice, local, synthetic
from reachy_mini_ros.media.sources.base import OPENING, OnConnection, VideoSource
from reachy_mini_ros.media.sources.opencv import OpenCvSource
from reachy_mini_ros.media.sources.synthetic import SyntheticSource
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.geometry import rotations
from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.picture import head_rotation

FRAMES, RATE_HZ = 12, 20


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a film of :data:`FRAMES` pictures, each brighter than the one before."""
    path = tmp_path_factory.mktemp("movie") / "twelve.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(FRAMES):
            image = np.full((180, 320, 3), 40 + 15 * number, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        file.mux(stream.encode())
    return path


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as serve:
        yield serve


class Opened:
    """A source that runs, with all that it says and gives."""

    def __init__(self, make: Callable[[OnConnection], VideoSource]) -> None:
        self.heard: list[tuple[Connection, str]] = []
        self.frames: list[Frame] = []
        self.source = make(lambda *change: self.heard.append(change))

    async def until(self, condition: Callable[[], object], timeout_s: float = 15.0) -> None:
        await until(condition, timeout_s)


def use(
    make: Callable[[OnConnection], VideoSource], act: Callable[[Opened], Awaitable[None]]
) -> Opened:
    """Run a source around ``act``, and see it closed afterwards."""

    async def run() -> Opened:
        opened = Opened(make)
        task = asyncio.create_task(opened.source.run())
        opened.source.add_video(opened.frames.append)
        try:
            await act(opened)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert opened.source.reason == "closed"
        assert not {thread.name for thread in threading.enumerate()} & {"opencv_0", "synthetic_0"}
        return opened

    return asyncio.run(run())


def test_synthetic_pictures_move_and_come_evenly_with_number_and_time() -> None:
    async def act(opened: Opened) -> None:
        await opened.until(lambda: len(opened.frames) >= 45)

    opened = use(lambda on: SyntheticSource(30.0, on), act)
    assert opened.heard[-1] == (Connection.CONNECTED, "")
    frames = opened.frames[5:45]
    assert all(frame.captured_ns <= frame.arrived_ns for frame in frames)
    numbers = [overlay.read(frame.bgr).frame for frame in frames]
    assert numbers == sorted(set(numbers))
    # The number goes on where pictures are left out, as they are on a slow machine.
    periods_ms = np.diff([frame.captured_ns for frame in frames]) / np.diff(numbers) / 1e6
    assert np.median(periods_ms) == pytest.approx(1000 / 30, rel=0.05)
    first, last = (head_rotation(frame.bgr) for frame in (frames[0], frames[-1]))
    assert not np.allclose(first, last, atol=0.01)


@pytest.mark.parametrize(("moment_s", "yaw"), [(0, 0), (2, 0.5), (4, 0), (6, -0.5), (8, 0)])
def test_the_synthetic_view_goes_to_and_fro(moment_s: float, yaw: float) -> None:
    pose = synthetic._head_pose(moment_s)
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-9)
    assert rotations.roll_pitch_yaw(pose)[2] == pytest.approx(yaw, abs=1e-6)
    assert np.linalg.det(synthetic._head_pose(moment_s + 1)) == pytest.approx(1)


@on_a_loop
async def test_a_source_that_is_opened_again_says_so() -> None:
    source = SyntheticSource(30.0)
    for _ in range(2):
        task = asyncio.create_task(source.run())
        await asyncio.sleep(0)
        assert source.reason == OPENING
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert source.reason == "closed"


def test_nothing_is_drawn_for_nobody_though_the_source_is_open() -> None:
    async def act(opened: Opened) -> None:
        await opened.until(lambda: opened.frames)
        opened.source.remove_video(opened.frames.append)
        count = len(opened.frames)
        read = opened.source._arrivals._samples
        before = len(read)
        await opened.until(lambda: len(read) > before + 9)
        assert len(opened.frames) == count
        assert opened.source.connection is Connection.CONNECTED
        assert (await opened.source.frame()).width == 1280
        assert not opened.source._video, "who asked for one picture wants no more"

    use(lambda on: SyntheticSource(30.0, on), act)


def test_a_consumer_that_works_again_is_no_failure_any_more() -> None:
    async def act(opened: Opened) -> None:
        given = []

        def fail_once(frame: Frame) -> None:
            given.append(frame)
            failed.append(opened.source._supervisor.failures)
            if len(given) == 1:
                raise ZeroDivisionError

        opened.source.add_video(fail_once)
        await opened.until(lambda: len(failed) > 2)

    failed: list[tuple[str, ...]] = []
    use(lambda on: SyntheticSource(30.0, on), act)
    assert [bool(failures) for failures in failed[:3]] == [False, True, False]


def test_a_film_loops_at_its_own_rate(movie: Path) -> None:
    async def act(opened: Opened) -> None:
        await opened.until(lambda: len(opened.frames) >= 3 * FRAMES)

    opened = use(lambda on: OpenCvSource(str(movie), on), act)
    seen = [round((frame.bgr.mean() - 40) / 15) for frame in opened.frames[: 3 * FRAMES]]
    assert seen == 3 * list(range(FRAMES))
    assert opened.frames[0].bgr.shape == (180, 320, 3)
    gaps_ms = np.diff([frame.captured_ns for frame in opened.frames]) / 1e6
    assert np.median(gaps_ms) == pytest.approx(1000 / RATE_HZ, rel=0.1)
    assert [change[0] for change in opened.heard] == [Connection.CONNECTED]


def test_a_stream_on_the_network_is_lost_with_a_reason_and_found_again(serve: Serve) -> None:
    port = free_port()
    url = f"http://somebody:secret@127.0.0.1:{port}/api/stream"

    async def act(opened: Opened) -> None:
        await opened.until(lambda: "cannot open" in opened.source.last_error)
        for _ in range(2):
            served = await asyncio.to_thread(serve, port=port)
            served.feed(jpeg)
            before = len(opened.frames)
            await opened.until(lambda before=before: len(opened.frames) > before + 3)
            assert opened.source.connection is Connection.CONNECTED
            assert all(frame.captured_ns == frame.arrived_ns for frame in opened.frames)
            await asyncio.to_thread(served.stop)
            await opened.until(lambda: opened.source.connection is Connection.LOST)

    opened = use(lambda on: OpenCvSource(url, on), act)
    assert opened.source.connections == 2
    assert opened.frames[-1].bgr.shape == (360, 640, 3)
    reasons = [reason for _, reason in opened.heard if reason]
    assert any(f"127.0.0.1:{port}/api/stream" in reason for reason in reasons)
    assert not any("secret" in reason for reason in reasons)


def test_a_camera_that_is_not_there_is_named() -> None:
    async def act(opened: Opened) -> None:
        await opened.until(lambda: opened.source.last_error)
        with pytest.raises(NotConnectedError, match=r"no picture within 0.1 s .*/dev/video57"):
            await opened.source.frame(0.1)

    use(lambda on: OpenCvSource("57", on), act)


@pytest.mark.parametrize(("what", "reason"), [("", "is empty"), ("/nowhere.mp4", "no file")])
def test_what_opencv_cannot_read_is_refused_at_once(what: str, reason: str) -> None:
    with pytest.raises(SetupError, match=reason):
        OpenCvSource(what)


@functools.cache
def missing_for_sdk() -> str:
    """Return what a camera that is to read the local socket says is missing.

    Asked of another process: GStreamer's libunwind and the SDK's onnxruntime in one process break
    the C++ exceptions of rclpy, which other tests need in this one.
    """
    code = (
        "from reachy_mini_ros.errors import SetupError\n"
        "from reachy_mini_ros.media.sources.local import DaemonApi, LocalSource\n"
        "try:\n    LocalSource(DaemonApi('127.0.0.1', 1))\n"
        "except SetupError as error:\n    print(error)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_auto_takes_webrtc_unless_the_local_socket_serves(tmp_path: Path) -> None:
    assert choice.choose("synthetic", "reachy-mini.local", 15).name == "synthetic"
    far = choice.choose("auto", "reachy-mini.local", 5)
    assert (far.name, far.reason) == ("webrtc", "reachy-mini.local is another machine")
    fast = choice.choose("auto", "127.0.0.1", 15)
    assert fast.name == "webrtc"
    assert "10 pictures a second" in fast.reason
    near = choice.choose("auto", "localhost", 10)
    if not sdk.camera_socket().exists():
        assert (near.name, near.reason) == (
            "webrtc",
            f"the daemon has no local socket {sdk.camera_socket()}",
        )


@pytest.mark.skipif(not missing_for_sdk(), reason="GStreamer is complete here")
def test_sdk_source_names_what_is_missing_in_one_line() -> None:
    text = missing_for_sdk()
    assert "\n" not in text
    assert "apt install" in text
    assert "gstreamer" in text.lower()


@pytest.mark.skipif(sdk.camera_socket().exists(), reason="a daemon runs on this machine")
def test_sdk_source_says_that_there_is_no_local_socket() -> None:
    with pytest.raises(RobotError, match=str(sdk.camera_socket())):
        local._Socket("generic").open()


@pytest.mark.skipif(bool(missing_for_sdk()), reason=f"sdk source: {missing_for_sdk()}")
def test_sdk_source_reads_the_daemons_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    program = shutil.which("gst-launch-1.0")
    path = sdk.camera_socket()
    if program is None or path.exists():
        pytest.skip("gst-launch-1.0 is missing, or a daemon runs on this machine")
    caps = "video/x-raw,format=BGR,width=1280,height=720,framerate=10/1"
    elements = ("videotestsrc", "is-live=true", "!", caps, "!", "unixfdsink", f"socket-path={path}")
    producer = subprocess.Popen([program, "-q", *elements])
    try:
        reader = local._Socket("generic")
        wait_for(path.exists, 10, "the socket")
        reader.open()
        frames = [read for _ in range(200) if isinstance(read := reader.read(True), Frame)]
        reader.close()
    finally:
        producer.terminate()
        producer.wait(patience(10))
        path.unlink(missing_ok=True)
    assert len(frames) > 5
    assert frames[0].bgr.shape == (720, 1280, 3)
