# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Live streams at their destinations: files and real servers, which die and come back."""

import io
import os
import re
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from harness.processes import Processes, free_port
from harness.streaming import Encoder, Nginx, OpusEncoder, deaf_server, filming, play, senders, sink
from harness.waiting import Awaited, patience, wait_for
from numpy.typing import NDArray

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.media.streaming.destination import END_S, State, Status
from reachy_mini_ros.media.streaming.encoder import Quality
from reachy_mini_ros.media.streaming.streamer import NO_PICTURE, LiveStream
from reachy_mini_ros.media.streaming.target import Target, folder, server


class Stage:
    """A streamer, and all that it ever said of its destinations."""

    def __init__(
        self, io_thread: LoopThread, targets: list[Target], *, copy: bool, opus: bool
    ) -> None:
        self._io = io_thread
        self.said: list[Status] = []
        self.streamer = LiveStream(
            io_thread, targets, Quality(1500, 0.5), self._listen, Supervisor()
        )
        self.run(self.streamer.start(copy=copy, opus=opus))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        Awaited(self._io.submit(work)).result(30)

    def status(self, name: str) -> Status:
        return next(one for one in self.streamer.statuses if one.name == name)

    def wait(self, target: Target, state: State, timeout_s: float = 20.0) -> Status:
        wait_for(
            lambda: self.status(target.name).state is state,
            timeout_s,
            lambda: f"{target.name}: {state} but {self.status(target.name)}",
        )
        return self.status(target.name)

    def _listen(self) -> None:
        self.said += self.streamer.statuses


@contextmanager
def streaming(*targets: Target, copy: bool = False, opus: bool = False) -> Iterator[Stage]:
    with LoopThread() as io_thread:
        stage = Stage(io_thread, list(targets), copy=copy, opus=opus)
        streamer = stage.streamer
        robot, microphone = Encoder(), OpusEncoder()

        def picture(content: bytes) -> None:
            streamer.add_picture(robot.unit(content) if copy else content)

        def sound(samples: NDArray[np.int16]) -> None:
            if opus:
                streamer.add_opus(microphone.packet())
            else:
                streamer.add_sound(samples, 16_000)

        try:
            with filming(picture, sound):
                yield stage
        finally:
            stage.run(streamer.stop())


def files(kind: str, path: Path) -> Target:
    return folder(kind, path, "http://127.0.0.1:8042/live", 0.5)


COPIED = [(False, False), (False, True), (True, False), (True, True)]
"""Pictures and sound."""


@pytest.mark.parametrize(("copy", "opus"), COPIED)
def test_hls_is_played_back_with_picture_and_sound_and_leaves_no_file(
    copy: bool, opus: bool, tmp_path: Path
) -> None:
    target = files("hls", tmp_path)
    with streaming(target, copy=copy, opus=opus) as stage:
        stage.wait(target, State.ACTIVE)
        playlist = Path(target.url)

        def segments() -> list[str]:
            return re.findall(rf"segment\d+\.{'m4s' if opus else 'ts'}", playlist.read_text())

        first = segments()
        wait_for(lambda: len(segments()) >= 5, 20, "segments")
        played = play(target.url, 15, live_start_index="0")
        played.check()
        assert played.sound_codec == ("opus" if opus else "aac")
        assert "#EXT-X-INDEPENDENT-SEGMENTS" in playlist.read_text()
        # Old segments go, so that a day of it needs no more room than a minute.
        wait_for(lambda: not (tmp_path / "hls" / first[0]).exists(), 20, "the first one's end")
        assert len(list((tmp_path / "hls").iterdir())) < 15
    assert list((tmp_path / "hls").iterdir()) == []


@pytest.mark.parametrize(("copy", "opus"), COPIED)
def test_dash_is_played_back_with_picture_and_sound(copy: bool, opus: bool, tmp_path: Path) -> None:
    # PyAV's FFmpeg cannot read a manifest, so that what it names is put together here.
    target = files("dash", tmp_path)
    with streaming(target, copy=copy, opus=opus) as stage:
        stage.wait(target, State.ACTIVE)
        inner = tmp_path / "dash"
        wait_for(lambda: len(list(inner.glob("chunk-stream0-*.m4s"))) > 4, 20, "chunks")
        manifest = Path(target.url).read_text()
        assert 'type="dynamic"' in manifest
        assert 'width="640" height="360"' in manifest
        assert f'mimeType="audio/mp4" codecs="{"opus" if opus else "mp4a.40.2"}"' in manifest
        for stream, first in ((0, "video"), (1, "audio")):
            chunks = sorted(inner.glob(f"chunk-stream{stream}-*.m4s"))[:4]
            parts = [inner / f"init-stream{stream}.m4s", *chunks]
            content = io.BytesIO(b"".join(part.read_bytes() for part in parts))
            with av.open(content) as container:
                assert [one.type for one in container.streams] == [first]
                assert len(list(container.decode())) >= 10


@pytest.mark.skipif(
    int(av.__version__.partition(".")[0]) < 18, reason="an RTMP server of PyAV 17 crashes"
)
def test_rtsp_and_rtmp_servers_get_it_beside_destinations_that_cannot_be_reached(
    processes: Processes, tmp_path: Path
) -> None:
    rtsp_port, rtmp_port = free_port(), free_port()
    rtsp = server(f"rtsp://user:SECRET@127.0.0.1:{rtsp_port}/robot")
    rtmp = server(f"rtmp://127.0.0.1:{rtmp_port}/live/SECRET")
    hls = files("hls", tmp_path)
    lost = {
        server("rtmp://no-such-host.invalid/live/SECRET"): "its name cannot be resolved",
        server(f"rtmp://127.0.0.1:{free_port()}/live/SECRET"): "nothing listens there",
    }
    unknown = server("srt://127.0.0.1:9?streamid=SECRET")
    options = {"rtsp_flags": "listen", "listen_timeout": "120", "timeout": "120000000"}
    takers = [
        sink(processes, f"rtsp://127.0.0.1:{rtsp_port}/robot", **options),
        sink(processes, f"rtmp://127.0.0.1:{rtmp_port}/live/SECRET", listen="1"),
    ]
    with streaming(rtsp, rtmp, hls, *lost, unknown) as stage:
        for target in (rtsp, rtmp, hls):
            stage.wait(target, State.ACTIVE)
        for taker in takers:
            taker.wait_for_output("opened ['audio', 'video']")
            taker.wait_for_output("packet 100 ")
        for target, reason in lost.items():
            assert reason in stage.wait(target, State.RECONNECTING).reason
        known = stage.status(unknown.name)
        if known.state is not State.ACTIVE:  # an FFmpeg with SRT goes on trying
            assert known.state in (State.ERROR, State.RECONNECTING)
    assert {status.state for status in stage.streamer.statuses} == {State.STOPPED}
    assert "SECRET" not in str(stage.said)
    assert rtsp.viewer_urls == (f"rtsp://127.0.0.1:{rtsp_port}/robot",)


def test_a_server_that_never_answers_holds_up_neither_others_nor_the_end(tmp_path: Path) -> None:
    hls = files("hls", tmp_path)
    with deaf_server() as port:
        deaf = server(f"rtmp://127.0.0.1:{port}/live/SECRET")
        with streaming(deaf, hls) as stage:
            stage.wait(hls, State.ACTIVE)
            assert stage.status(deaf.name).state is State.INITIALIZING
            assert len(senders(os.getpid())) == 2
            begin_s = time.monotonic()
            stage.run(stage.streamer.stop())
            assert time.monotonic() - begin_s < END_S + patience(3)
            assert senders(os.getpid()) == []
            assert "stream encoder" not in {thread.name for thread in threading.enumerate()}


def test_destinations_come_and_go_while_the_others_stream_on(tmp_path: Path) -> None:
    hls, dash = files("hls", tmp_path), files("dash", tmp_path)
    with streaming(hls) as stage:
        stage.wait(hls, State.ACTIVE)
        stage.run(stage.streamer.set_targets([hls, dash]))
        stage.wait(dash, State.ACTIVE)
        stage.run(stage.streamer.set_targets([dash]))
        assert [status.name for status in stage.streamer.statuses] == ["dash"]
        assert not Path(hls.url).exists()
        stage.wait(dash, State.ACTIVE)
        states = [status.state for status in stage.said if status.name == "dash"]
        assert states.count(State.ACTIVE) > 0
        assert State.RECONNECTING not in states
        stage.run(stage.streamer.stop())
        assert not Path(dash.url).exists()
        stage.run(stage.streamer.start())
        wait_for(Path(dash.url).exists, 20, "the stream to begin again")
        stage.wait(dash, State.ACTIVE)


def test_without_pictures_it_waits_and_when_they_stop_it_says_so(tmp_path: Path) -> None:
    hls = files("hls", tmp_path)
    with LoopThread() as io_thread:
        stage = Stage(io_thread, [hls], copy=False, opus=False)
        streamer = stage.streamer
        assert "waits for the first picture" in stage.wait(hls, State.INITIALIZING).reason
        with filming(streamer.add_picture, lambda samples: streamer.add_sound(samples, 16_000)):
            stage.wait(hls, State.ACTIVE)
        wait_for(lambda: stage.status("hls").reason == NO_PICTURE, 10, "word of the camera")
        assert stage.status("hls").state is State.ACTIVE
        wait_for(lambda: stage.said[-1].reason == NO_PICTURE, 10, "its being told")
        stage.run(streamer.start())  # once more, which changes nothing
        stage.run(streamer.stop())
        stage.run(streamer.stop())
        assert stage.status("hls").state is State.STOPPED


@pytest.fixture
def nginx(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Nginx:
    return Nginx(processes, tmp_path_factory.mktemp("nginx"))


@pytest.mark.parametrize("copy", [False, True])
def test_nginx_plays_it_dies_comes_back_and_nobody_else_notices(
    copy: bool, nginx: Nginx, tmp_path: Path
) -> None:
    live, hls = server(nginx.url("SECRET")), files("hls", tmp_path)
    with streaming(live, hls, copy=copy) as stage:
        stage.wait(live, State.ACTIVE)
        stage.wait(hls, State.ACTIVE)
        play(nginx.url("SECRET")).check()
        nginx.kill()
        assert "attempt" in stage.wait(live, State.RECONNECTING).reason
        nginx.start()
        stage.wait(live, State.ACTIVE, 30)
        play(nginx.url("SECRET")).check()
        played = play(hls.url, 15, live_start_index="0")
        played.check()
    states = [status.state for status in stage.said if status.name == "hls"]
    assert State.RECONNECTING not in states
    assert "SECRET" not in str(stage.said)


def test_a_server_that_refuses_is_told_of(nginx: Nginx) -> None:
    closed = server(nginx.url("SECRET", "closed"))
    absent = server(nginx.url("SECRET", "absent"))
    with streaming(closed, absent) as stage:
        for target in (closed, absent):
            reason = stage.wait(target, State.RECONNECTING).reason
            assert "the server" in reason, reason
            assert "SECRET" not in reason
