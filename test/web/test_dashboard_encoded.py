# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of another size, quality or rate: encoded once, whoever looks."""

import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import cv2
import numpy as np
import pytest
from harness.dashboard import Serve, Served
from harness.pictures import Client, Stream, jpeg
from harness.waiting import patience, wait_for

from reachy_mini_ros.web import encoded as module


def shape(picture: bytes | None) -> tuple[int, int]:
    image = cv2.imdecode(np.frombuffer(picture or b"", np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.shape[0], image.shape[1]


def encodes(served: Served) -> int:
    return served.dashboard.streams.encoded.encoded


def fed(serve: Serve, period_s: float = 0.04) -> Served:
    served = serve()
    pictures = [jpeg(number) for number in range(5)]
    numbers = count()
    served.feed(lambda: pictures[next(numbers) % 5], period_s)
    return served


@pytest.mark.parametrize("path", ["stream", "snapshot"])
@pytest.mark.parametrize(
    ("width", "expected"), [(320, (180, 320)), (100, (56, 100)), (64, (36, 64)), (639, (359, 639))]
)
def test_pictures_have_the_width_asked_for_and_their_aspect(
    serve: Serve, path: str, width: int, expected: tuple[int, int]
) -> None:
    served = fed(serve)
    if path == "snapshot":
        assert shape(Client(served.port).get(f"/api/snapshot?width={width}")[2]) == expected
    else:
        stream = Stream(served.port, f"/api/stream?width={width}")
        assert {shape(stream.read()) for _ in range(3)} == {expected}
        stream.close()


def test_pictures_are_never_scaled_up_nor_encoded_for_nothing(serve: Serve) -> None:
    served = serve()
    picture = jpeg(1)
    served.feed(lambda: picture)
    assert Client(served.port).get("/api/snapshot?width=3840")[2] == picture
    assert shape(Client(served.port).get("/api/snapshot?width=3840&quality=50")[2]) == (360, 640)


def test_quality_makes_pictures_smaller(serve: Serve) -> None:
    served = serve()
    picture = jpeg(1, noise=True)
    served.feed(lambda: picture)
    sizes = [
        len(Client(served.port).get(f"/api/snapshot?quality={quality}")[2])
        for quality in (10, 50, 90)
    ]
    assert sizes == sorted(set(sizes))


def test_fps_alone_leaves_pictures_out_and_the_others_untouched(serve: Serve) -> None:
    served = serve()
    sent: list[bytes] = []
    sent_s: list[float] = []
    numbers = count()

    def make() -> bytes:
        sent.append(jpeg(next(numbers)))
        sent_s.append(time.monotonic())
        return sent[-1]

    served.feed(make, 0.02)
    stream = Stream(served.port, "/api/stream?fps=5")
    received = [stream.read() for _ in range(6)]
    stream.close()
    places = [sent.index(picture or b"") for picture in received]
    assert np.mean(np.diff(places)) > 2, places
    times_s = [sent_s[place] for place in places]
    assert 0.12 < np.mean(np.diff(times_s)) < patience(0.4), times_s
    assert encodes(served) == 0


@pytest.mark.parametrize(
    "query", ["width=63", "width=3841", "quality=0", "quality=101", "fps=0", "fps=61", "fps=nan"]
)
def test_a_setting_out_of_range_is_refused_with_its_name(serve: Serve, query: str) -> None:
    served = serve()
    status, answer = Client(served.port).json(f"/api/stream?{query}")
    assert status == 422
    assert answer["error"].startswith(query.partition("=")[0])
    assert served.demands == []


def test_any_number_of_viewers_of_a_setting_costs_one_encode_a_frame(serve: Serve) -> None:
    served = fed(serve)
    everybody = threading.Barrier(12)

    def look(_: int) -> set[bytes]:
        stream = Stream(served.port, "/api/stream?width=320")
        everybody.wait(patience(20))
        seen = {stream.read() or b"" for _ in range(15)}
        everybody.wait(patience(20))
        stream.close()
        return seen

    with ThreadPoolExecutor(12) as pool:
        seen = [*pool.map(look, range(12))]
    wait_for(lambda: served.demands == [True, False], what=f"{served.demands}")
    published = served.published
    assert encodes(served) <= published
    assert len(set.union(*seen)) <= 5, "the same bytes for everybody"
    before = encodes(served)
    wait_for(lambda: served.published > published + 3)
    assert encodes(served) == before, "nothing is encoded while nobody looks"


def test_each_setting_is_encoded_by_itself_and_counted(serve: Serve) -> None:
    served = fed(serve)
    streams = [Stream(served.port, f"/api/stream?width={width}") for width in (100, 200)]
    plain = Stream(served.port)
    assert [shape(stream.read())[1] for stream in (*streams, plain)] == [100, 200, 640]
    assert Client(served.port).json("/api/status")[1]["picture"]["viewers"] == 3
    for stream in (*streams, plain):
        stream.close()
    wait_for(lambda: Client(served.port).json("/api/status")[1]["picture"]["viewers"] == 0)


def test_more_settings_than_the_limit_are_told_so(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SETTINGS", 2)
    served = fed(serve)
    streams = [Stream(served.port, f"/api/stream?width={width}") for width in (100, 200)]
    status, answer = Client(served.port).json("/api/stream?width=300")
    assert status == 503
    assert "limit" in answer["error"]
    assert Client(served.port).get("/api/snapshot?width=200")[0] == 200, "one that is there"
    assert Client(served.port).get("/api/snapshot")[0] == 200, "none at all"
    streams[0].close()
    wait_for(lambda: Client(served.port).get("/api/snapshot?width=300")[0] == 200)
    streams[1].close()


def test_a_slow_and_a_vanished_viewer_disturb_nobody(serve: Serve) -> None:
    served = serve()
    pictures = [jpeg(number, noise=True) for number in range(20)]
    numbers = count()
    served.feed(lambda: pictures[next(numbers) % 20], 0.02)
    path = "/api/stream?quality=90"
    slow, quick, vanished = (Stream(served.port, path, 20) for _ in range(3))
    assert slow.read() is not None
    connection = vanished.client.connection.sock
    # A reset, as from a phone that lost its network.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    vanished.close()
    begun_s = time.monotonic()
    for _ in range(100):
        assert quick.read() is not None
    assert time.monotonic() - begun_s < patience(15)
    assert encodes(served) <= served.published
    assert slow.read() is not None
    slow.close()
    quick.close()
    wait_for(lambda: served.demands == [True, False], what=f"{served.demands}")


def test_a_silent_camera_ends_encoded_streams_too(serve: Serve) -> None:
    served = fed(serve)
    stream = Stream(served.port, "/api/stream?width=100")
    assert stream.read() is not None
    served.silence()
    assert sum(1 for _ in iter(stream.read, None)) < 10
    stream.close()
    status, answer = Client(served.port).json("/api/stream?width=100")
    assert status == 503
    assert "no picture" in answer["error"]


def test_what_is_no_jpeg_is_said_not_shown(serve: Serve) -> None:
    served = serve()
    served.feed(lambda: b"\xff\xd8 no picture")
    status, answer = Client(served.port).json("/api/snapshot?width=100")
    assert status == 503
    assert "cannot be read" in answer["error"]


def test_stopping_ends_encoded_streams(serve: Serve) -> None:
    served = fed(serve)
    stream = Stream(served.port, "/api/stream?width=100&fps=10")
    assert stream.read() is not None
    served.stop()
    assert sum(1 for _ in iter(stream.read, None)) < 20
    stream.close()
