# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The app's streams where the robot sends no H264."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from harness.processes import free_port
from harness.video import Encoder
from harness.waiting import Awaited, wait_for

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.app.media import Media
from reachy_mini_ros.app.pictures import PictureFeed
from reachy_mini_ros.app.streams import Streams
from reachy_mini_ros.media.streaming import target
from reachy_mini_ros.media.streaming.encoder import Quality
from reachy_mini_ros.robot.daemon.api import DaemonApi

HOST = "127.0.0.1"


@pytest.fixture
def io() -> Iterator[LoopThread]:
    with LoopThread() as io:
        yield io


def test_what_is_no_h264_is_encoded_and_not_copied(io: LoopThread, tmp_path: Path) -> None:
    supervisor, encoder = Supervisor(), Encoder()
    api = DaemonApi(HOST, free_port())
    media = Media(HOST, free_port(), api, supervisor)
    feed = PictureFeed(io, media, supervisor, rate_hz=15.0, quality=80)
    hls = target.folder("hls", tmp_path, "/live", 2.0)
    streams = Streams(io, media, feed, [hls], Quality(2000, 2.0), supervisor)
    starting = io.submit(streams.start())
    try:
        wait_for(lambda: streams._stream.copies, 5, "H264 is expected")
        io.call(media.session._give_encoded, encoder.frame(key=True))
        io.call(media.session._give_encoded, replace(encoder.frame(key=True), codec="vp8"))
        wait_for(lambda: feed.interest.count == 1, 5, "JPEG pictures are asked for")
        assert not streams._stream.copies
        assert not media.session._encoded, "nobody takes what cannot be copied"
        assert Awaited(io.submit(streams.stop())).result(10) == "hls: stopped"
        assert Awaited(starting).result(10) == "hls: stopped"
        assert (feed.interest.count, media.session._audio, feed.listeners) == (0, [], [])
    finally:
        Awaited(io.submit(streams.close())).result(10)
        Awaited(io.submit(media.close())).result(10)
        Awaited(io.submit(api.close())).result(10)
        feed.close()
    assert supervisor.failures == ()
