# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stream and snapshot: untouched, fresh, on demand, newest first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise

import pytest
from harness.dashboard import Serve
from harness.pictures import Client, Stream, jpeg
from harness.waiting import patience, wait_for

from reachy_mini_ros.web import streams as module


def test_stream_passes_the_jpeg_bytes_through_untouched(serve: Serve) -> None:
    served = serve()
    sent = [jpeg(number) for number in range(5)]
    numbers = iter(range(1000))
    served.feed(lambda: sent[next(numbers) % 5])
    stream = Stream(served.port)
    received = [stream.read() for _ in range(12)]
    stream.close()
    assert set(received) == set(sent)


def test_each_picture_is_sent_in_full_as_soon_as_it_is_there(serve: Serve) -> None:
    # Browsers show a part when they have seen the boundary after it.
    served = serve()
    first = jpeg(1)
    served.feed(lambda: first)
    stream = Stream(served.port)
    served.silence()
    assert stream.read() == first
    stream.close()


def test_a_slow_viewer_gets_the_newest_picture_and_slows_nobody(serve: Serve) -> None:
    served = serve()
    sent: dict[bytes, int] = {}
    pool = [jpeg(number, noise=True) for number in range(40)]
    counter = count()

    def make() -> bytes:
        # A comment segment makes each picture unique without encoding it anew.
        number = next(counter)
        picture = pool[number % 40] + number.to_bytes(4, "big")
        sent[picture] = number
        return picture

    served.feed(make, 0.005)
    slow, quick = Stream(served.port, timeout_s=20), Stream(served.port, timeout_s=20)
    first = slow.read()
    quick_numbers = [sent[quick.read() or b""] for _ in range(250)]
    numbers = [sent[first or b""]] + [sent[slow.read() or b""] for _ in range(80)]
    slow.close()
    quick.close()
    assert quick_numbers == sorted(set(quick_numbers))
    assert numbers == sorted(set(numbers))
    # What the system's buffers held comes first; then the slow one jumps ahead.
    jump = max(after - before for before, after in pairwise(numbers))
    assert jump > 20, numbers
    assert numbers[-1] >= quick_numbers[-1]


def test_fifty_viewers_all_get_pictures_and_the_source_is_asked_once(serve: Serve) -> None:
    served = serve()
    picture = jpeg(7)
    served.feed(lambda: picture)
    everybody = threading.Barrier(50)

    def look(_: int) -> int:
        stream = Stream(served.port)
        everybody.wait(patience(20))
        good = sum(stream.read() == picture for _ in range(5))
        everybody.wait(patience(20))
        stream.close()
        return good

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(look, range(50))) == [5] * 50
    wait_for(lambda: served.demands == [True, False], what=f"{served.demands}")


def test_source_runs_only_while_somebody_looks(serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    client = Client(served.port)
    assert client.get("/")[0] == 200
    assert client.json("/api/status")[1]["picture"]["viewers"] == 0
    assert served.demands == []
    stream = Stream(served.port)
    assert client.json("/api/status")[1]["picture"]["viewers"] == 1
    assert client.get("/api/snapshot")[0] == 200
    picture = client.json("/api/status")[1]["picture"]
    assert (picture["width"], picture["height"]) == (640, 360)
    assert served.demands == [True]
    stream.close()
    wait_for(lambda: served.demands == [True, False], what=f"{served.demands}")
    assert client.json("/api/status")[1]["picture"]["viewers"] == 0


def test_a_viewer_that_vanishes_before_the_first_picture_is_forgotten(serve: Serve) -> None:
    served = serve()
    client = Client(served.port)
    client.connection.request("GET", "/api/stream")
    wait_for(lambda: served.pictures.viewers == 1)
    client.close()
    wait_for(lambda: served.demands == [True, False], what=f"{served.demands}")
    assert served.pictures.viewers == 0


def test_snapshot_is_taken_after_it_was_asked_for(serve: Serve) -> None:
    served = serve()
    old, fresh = jpeg(1), jpeg(2)
    served.publish(old)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(Client(served.port).get, "/api/snapshot")
        wait_for(lambda: served.demands == [True])
        assert not answer.done()
        served.publish(fresh)
        status, headers, body = answer.result(patience(10))
    assert (status, body) == (200, fresh)
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Cache-Control"] == "no-store"
    assert 'filename="reachy_mini_2' in headers["Content-Disposition"]


@pytest.mark.parametrize("path", ["/api/snapshot", "/api/stream"])
def test_with_a_silent_camera_the_answer_is_a_reason(serve: Serve, path: str) -> None:
    served = serve()
    served.publish(jpeg(1))
    status, answer = Client(served.port).json(path)
    assert status == 503
    assert "no picture" in answer["error"]


def test_stream_ends_when_the_camera_falls_silent(serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    stream = Stream(served.port)
    assert stream.read() is not None
    served.silence()
    pictures = iter(stream.read, None)
    assert sum(1 for _ in pictures) < 10
    stream.close()
    status, answer = Client(served.port).json("/api/status")
    assert status == 200
    assert answer["picture"]["age_s"] is None
    assert answer["picture"]["rate_hz"] is None


def test_more_viewers_than_the_limit_are_told_so(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_VIEWERS", 2)
    served = serve()
    served.feed(jpeg)
    streams = [Stream(served.port), Stream(served.port)]
    for path in ("/api/stream", "/api/snapshot"):
        status, answer = Client(served.port).json(path)
        assert status == 503
        assert "limit" in answer["error"]
    streams[0].close()
    wait_for(lambda: served.pictures.viewers == 1)
    assert Client(served.port).get("/api/snapshot")[0] == 200
    streams[1].close()


def test_stopping_ends_open_streams(serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    stream = Stream(served.port)
    assert stream.read() is not None
    served.stop()
    assert sum(1 for _ in iter(stream.read, None)) < 20
    stream.close()
