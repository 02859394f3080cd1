# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Video over the WebSocket: made once, from a key frame on, for quick and slow viewers."""

import io
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import av
import pytest
from harness.dashboard import Serve, Served
from harness.pictures import Client
from harness.streaming import OpusEncoder
from harness.video import Encoder, VideoViewer, counter, decoded
from harness.waiting import patience, wait_for
from websockets.exceptions import ConnectionClosed, InvalidStatus

from reachy_mini_ros.media.frames import EncodedSound
from reachy_mini_ros.media.mp4 import Film
from reachy_mini_ros.web import sockets, video, video_route


def filmed(serve: Serve, encoder: Encoder | None = None, period_s: float = 1 / 30) -> Served:
    served = serve()
    served.film(encoder or Encoder(), period_s)
    return served


def refusal(connect: Callable[[], object]) -> tuple[int, str]:
    """Return status and body of the answer to who is not let in."""
    with pytest.raises(InvalidStatus) as refused:
        connect()
    response = refused.value.response
    return response.status_code, response.body.decode()


def test_a_viewer_is_told_the_codec_and_gets_a_film_that_decodes(serve: Serve) -> None:
    served = filmed(serve)
    with VideoViewer(served.port) as viewer:
        numbers = [*viewer.pictures(10)]
    assert viewer.told == [{"mime": 'video/mp4; codecs="avc1.42c01e"', "width": 640, "height": 360}]
    assert numbers == [*range(numbers[0], numbers[0] + 10)]


def test_who_asks_for_sound_gets_it_in_the_film_and_nobody_else_does(serve: Serve) -> None:
    served, microphone = filmed(serve), OpusEncoder()
    with VideoViewer(served.port) as other, VideoViewer(served.port, "?sound=true") as viewer:
        [*other.pictures(1)]
        wait_for(lambda: served.video_sound_demands == [True])
        while sum(b"soun" in part or b"\0\0\0\2" in part[40:60] for part in viewer.film) < 50:
            now_ns = time.monotonic_ns()
            sound = EncodedSound("opus", microphone.packet(), now_ns - 20_000_000, now_ns)
            served.io.call(served.video.publish_sound, sound)
            for _ in range(2):
                viewer.read()
        [*other.pictures(5)]
    assert viewer.told[0]["mime"] == 'video/mp4; codecs="avc1.42c01e,opus"'
    with av.open(io.BytesIO(b"".join(viewer.film))) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "opus"]
        times = [one.pts for one in container.demux(audio=0) if one.size]
    assert all(abs(at + 960 - later) <= 48 for at, later in pairwise(times))
    with av.open(io.BytesIO(b"".join(other.film))) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264"]
    wait_for(lambda: served.video_sound_demands == [True, False])
    assert refusal(lambda: VideoViewer(served.port, "?sound=loud"))[0] == 422


def test_a_later_viewer_begins_with_a_key_frame_that_is_asked_for(serve: Serve) -> None:
    served = filmed(serve)
    with VideoViewer(served.port) as first:
        [*first.pictures(5)]
        assert served.keys_asked == 0, "the first one comes by itself"
        with VideoViewer(served.port) as second:
            numbers = [*second.pictures(5)]
        assert second.film[1][4:8] == b"styp"
        assert served.keys_asked == 1
        assert numbers[0] > 5
        seen = [*first.pictures(40)]
        assert seen == [*range(seen[0], seen[0] + len(seen))], "nobody else misses a picture"


def test_the_source_is_on_only_while_somebody_looks(serve: Serve) -> None:
    served = filmed(serve)
    assert Client(served.port).json("/api/status")[1]["video"]["viewers"] == 0
    with VideoViewer(served.port) as viewer:
        [*viewer.pictures(30)]
        told = Client(served.port).json("/api/status")[1]
        assert told["video"] == {
            "rate_hz": pytest.approx(30, rel=0.5),
            "age_s": pytest.approx(0, abs=0.5),
            "viewers": 1,
            "width": 640,
            "height": 360,
        }
        assert told["rates"]["picture_hz"] == pytest.approx(30, rel=0.5)
    wait_for(lambda: served.video_demands == [True, False])
    assert served.demands == [], "no JPEG is asked for"
    with VideoViewer(served.port) as viewer:
        [*viewer.pictures(3)]
    assert served.video_demands[:3] == [True, False, True]


def test_many_viewers_get_the_same_bytes_made_once(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []
    fragment = Film.fragment

    def counted(film: Film, *arguments: object) -> bytes:
        made.append(fragment(film, *arguments))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(Film, "fragment", counted)
    served = filmed(serve)
    everybody = threading.Barrier(12)

    def look(_: int) -> list[bytes]:
        with VideoViewer(served.port) as viewer:
            viewer.read()
            everybody.wait(patience(20))
            while len(viewer.film) < 40:
                viewer.read()
            everybody.wait(patience(20))
            return viewer.film[1:]

    with ThreadPoolExecutor(12) as pool:
        films = [*pool.map(look, range(12))]
    assert len(set(made)) == len(made)
    for film in films:
        begin = made.index(film[0])
        assert made[begin : begin + len(film)] == film


def test_a_slow_viewer_skips_to_a_key_frame_and_slows_nobody(serve: Serve) -> None:
    served = filmed(serve, Encoder(noise=True))

    def small() -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
        connection.connect(("127.0.0.1", served.port))
        return connection

    with VideoViewer(served.port, sock=small()) as slow, VideoViewer(served.port) as quick:
        slow.read()
        # The kernel holds up to 4 MB for it, some 40 pictures.
        numbers = [*quick.pictures(5 * video.MOST_WAITING)]
        assert numbers == [*range(numbers[0], numbers[0] + len(numbers))]
        assert served.video.skipped > 0
        while sum(part[4:8] == b"styp" for part in slow.film) < 2:
            slow.read()
        [*slow.pictures(len(slow.film) + 3)]
    assert len(slow.told) == 1, "the film goes on"
    seen = [counter(image) for image in decoded(b"".join(slow.film))]
    steps = [after - before for before, after in pairwise(seen)]
    # It goes on with whole pictures: what is torn has no counter.
    assert sum(step == 1 for step in steps) == len(steps) - 1, steps
    assert max(steps) >= video.MOST_WAITING / 2, steps


def test_after_a_gap_nothing_is_sent_until_the_next_key_frame(serve: Serve) -> None:
    served = serve()
    encoder = Encoder()
    with VideoViewer(served.port) as viewer:
        for number in range(12):
            frame = encoder.frame(key=number == 8)
            if number != 4:
                served.io.call(served.video.publish, frame)
        assert [*viewer.pictures(8)] == [0, 1, 2, 3, 8, 9, 10, 11]
        assert served.keys_asked == 1


def test_another_size_begins_another_film(serve: Serve) -> None:
    served = filmed(serve, Encoder(320, 180))
    with VideoViewer(served.port) as viewer:
        [*viewer.pictures(3)]
        served.stop_film()
        served.film(Encoder(640, 360))
        viewer.wait_for_text("mime")
        assert next(viewer.pictures(3)) == 0
    assert [told["width"] for told in viewer.told] == [320, 640]


def test_a_sender_that_begins_anew_goes_on_in_the_same_film(serve: Serve) -> None:
    served = serve()
    encoder = Encoder()
    with VideoViewer(served.port) as viewer:
        for number in range(6):
            if number == 3:
                encoder.restart()
                encoder.number = 0
            served.io.call(served.video.publish, encoder.frame())
        assert [*viewer.pictures(6)] == [0, 1, 2, 0, 1, 2]
    assert len(viewer.told) == 1


def test_a_viewer_is_told_why_nothing_comes_and_goes_on_when_it_does(serve: Serve) -> None:
    served = serve()
    with VideoViewer(served.port) as viewer:
        assert viewer.wait_for_text("waiting") == video.SILENT
        served.film(Encoder())
        viewer.wait_for_text("mime")
        [*viewer.pictures(3)]
        served.stop_film()
        assert viewer.wait_for_text("waiting") == video.SILENT
        assert Client(served.port).json("/api/status")[1]["video"]["rate_hz"] is None


def test_a_viewer_is_told_at_once_what_is_known_to_be_wrong(serve: Serve) -> None:
    served = serve()
    served.video_problem = "no camera"
    with VideoViewer(served.port) as viewer:
        assert viewer.wait_for_text("waiting") == "no camera"
        assert served.video_demands == [True], "it comes as soon as it can"
        served.video_problem = ""
        served.film(Encoder())
        viewer.wait_for_text("mime")
        assert len(viewer.told) == 2


def test_a_viewer_is_told_at_once_of_video_that_is_no_h264(serve: Serve) -> None:
    served = serve()
    frame = replace(Encoder().frame(), codec="vp8")
    with VideoViewer(served.port) as viewer:
        for _ in range(3):
            served.io.call(served.video.publish, frame)
        assert viewer.wait_for_text("waiting").endswith("it is VP8, not H264")
        served.film(Encoder())
        viewer.wait_for_text("mime")
        assert len(viewer.told) == 2


def test_a_key_frame_is_asked_for_now_and_then(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "KEY_EVERY_S", 0.2)
    monkeypatch.setattr(video, "ASK_EVERY_S", 0.1)
    served = filmed(serve)
    with VideoViewer(served.port) as viewer:
        while sum(part[4:8] == b"styp" for part in viewer.film) < 4:
            viewer.read()
        assert len(viewer.film) > 12


def test_plain_http_is_told_to_open_a_websocket(serve: Serve) -> None:
    status, answer = Client(serve().port).json("/api/video")
    assert status == 426
    assert "WebSocket" in answer["error"]


def test_viewers_are_bounded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_route, "MAX_VIEWERS", 2)
    served = filmed(serve)
    with VideoViewer(served.port), VideoViewer(served.port):
        wait_for(lambda: served.video.viewers == 2)
        status, body = refusal(lambda: VideoViewer(served.port))
        assert status == 503
        assert "limit" in body
    wait_for(lambda: served.video.viewers == 0)
    with VideoViewer(served.port) as viewer:
        [*viewer.pictures(1)]


def test_who_has_no_token_or_comes_from_elsewhere_is_not_let_in(serve: Serve) -> None:
    served = serve(token="correct-horse")
    served.film(Encoder())
    bearer = {"Authorization": "Bearer correct-horse"}
    assert refusal(lambda: VideoViewer(served.port))[0] == 401
    for origin in ("http://example.com", "null", f"http://127.0.0.1:{served.port + 1}"):
        headers = {**bearer, "Origin": origin}
        status, body = refusal(lambda h=headers: VideoViewer(served.port, additional_headers=h))
        assert status == 403, origin
        assert "Origin" in body
    own = {**bearer, "Origin": f"http://127.0.0.1:{served.port}"}
    with VideoViewer(served.port, additional_headers=own) as viewer:
        [*viewer.pictures(1)]


def test_a_viewer_that_talks_too_much_is_closed(serve: Serve) -> None:
    served = filmed(serve)
    with VideoViewer(served.port) as viewer:
        viewer.send("x" * (sockets.MAX_TEXT_BYTES + 1))
        with pytest.raises(ConnectionClosed):
            viewer.read_to_the_end()
    wait_for(lambda: served.video.viewers == 0)
    assert not served.supervisor.failures


def test_viewers_that_vanish_are_forgotten(serve: Serve) -> None:
    served = filmed(serve)
    for _ in range(5):
        viewer = VideoViewer(served.port)
        [*viewer.pictures(1)]
        viewer.reset()
    wait_for(lambda: served.video.viewers == 0)
    assert not served.supervisor.failures


def test_stopping_closes_with_a_reason(serve: Serve) -> None:
    served = filmed(serve)
    with VideoViewer(served.port) as viewer:
        [*viewer.pictures(1)]
        served.stop()
        with pytest.raises(ConnectionClosed) as closed:
            viewer.read_to_the_end()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "the dashboard is closing")
