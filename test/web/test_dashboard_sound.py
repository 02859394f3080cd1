# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's microphone and speaker over WebSockets, and its volumes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from harness.dashboard import Serve, Served
from harness.pictures import Client
from harness.waiting import patience, wait_for
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.web import hearing, sound_routes
from reachy_mini_ros.web.hearing import SoundFormat

MONO = SoundFormat(16_000, 1)
STEREO = SoundFormat(16_000, 2)
PIECE = bytes(640)


@contextmanager
def socket(served: Served, path: str, **options: Any) -> Iterator[ClientConnection]:
    url = f"ws://127.0.0.1:{served.port}/api/{path}"
    with connect(url, open_timeout=patience(10), proxy=None, **options) as connection:
        yield connection


def text(connection: ClientConnection) -> dict[str, Any]:
    message = connection.recv(timeout=patience(10))
    assert isinstance(message, str)
    answer: dict[str, Any] = json.loads(message)
    return answer


def last_text(connection: ClientConnection) -> dict[str, Any]:
    """Return the last text before the connection is closed."""
    seen = {}
    try:
        while True:
            seen = text(connection)
    except ConnectionClosed:
        return seen


def test_a_listener_hears_what_the_robot_hears(serve: Serve) -> None:
    served = serve()
    with socket(served, "hear") as listener:
        wait_for(lambda: served.hearing_demands == [True])
        pieces = [bytes([number]) * 640 for number in range(5)]
        for piece in pieces:
            served.io.call(served.hearing.publish, piece, MONO)
        assert text(listener) == {"rate": 16_000, "channels": 1}
        assert [listener.recv(timeout=patience(5)) for _ in pieces] == pieces
        served.io.call(served.hearing.publish, bytes(1280), STEREO)
        assert text(listener) == {"rate": 16_000, "channels": 2}
        assert listener.recv(timeout=patience(5)) == bytes(1280)
    wait_for(lambda: served.hearing_demands == [True, False])


def test_a_listener_is_told_that_nothing_comes(serve: Serve) -> None:
    served = serve()
    with socket(served, "hear") as listener:
        assert text(listener) == {"waiting": hearing.SILENT}
        served.io.call(served.hearing.publish, PIECE, MONO)
        assert text(listener) == {"rate": 16_000, "channels": 1}


def test_a_slow_listener_loses_the_oldest_sound(serve: Serve) -> None:
    served = serve()
    with socket(served, "hear") as listener:
        wait_for(lambda: served.hearing.listeners == 1)

        def burst() -> None:  # at once, so that nothing is sent meanwhile
            for number in range(3 * hearing.MOST_WAITING):
                served.hearing.publish(number.to_bytes(2, "little"), MONO)

        served.io.call(burst)
        assert text(listener) == {"rate": 16_000, "channels": 1}
        first = listener.recv(timeout=patience(5))
        assert isinstance(first, bytes)
        number = int.from_bytes(first, "little")
        assert number >= hearing.MOST_WAITING
        rest = [
            listener.recv(timeout=patience(5)) for _ in range(number + 1, 3 * hearing.MOST_WAITING)
        ]
        assert rest[-1] == (3 * hearing.MOST_WAITING - 1).to_bytes(2, "little")


def test_listeners_are_bounded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_routes, "MAX_LISTENERS", 1)
    served = serve()
    with socket(served, "hear"):
        wait_for(lambda: served.hearing.listeners == 1)
        with pytest.raises(InvalidStatus) as refused, socket(served, "hear"):
            pass
        assert refused.value.response.status_code == 503


def test_what_is_said_reaches_the_robot_with_its_rate(serve: Serve) -> None:
    served = serve()
    with socket(served, "talk") as talker:
        talker.send('{"rate": 24000}')
        assert text(talker) == {"playing": True}
        pieces = [bytes([number, 1]) * 480 for number in range(5)]
        for piece in (*pieces, b"", b"x"):
            talker.send(piece)
        wait_for(lambda: len(served.said) == 5)
        assert served.said == [(24_000, piece) for piece in pieces]


@pytest.mark.parametrize(
    "first", ['{"rate": 7999}', '{"rate": 1e5}', '{"rate": "16000"}', "{}", "talk", "[" * 900]
)
def test_a_wrong_beginning_is_refused(serve: Serve, first: str) -> None:
    served = serve()
    with socket(served, "talk") as talker:
        talker.send(first)
        assert "first message" in last_text(talker)["error"]
    assert not served.supervisor.failures


def test_only_one_talks_at_a_time(serve: Serve) -> None:
    served = serve()
    with socket(served, "talk") as talker:
        talker.send('{"rate": 16000}')
        assert text(talker) == {"playing": True}
        with socket(served, "talk") as other:
            assert "talks already" in last_text(other)["error"]
        talker.send(PIECE)
        wait_for(lambda: served.said)

    def free() -> bool:
        with socket(served, "talk") as again:
            again.send('{"rate": 16000}')
            return "playing" in text(again)

    wait_for(free, 5, "room for another one")


def test_sound_comes_no_faster_than_it_is_played(serve: Serve) -> None:
    served = serve()
    with socket(served, "talk") as talker:
        talker.send('{"rate": 16000}')
        with suppress(ConnectionClosed):  # it may be ended before all is sent
            for _ in range(60):
                talker.send(bytes(3200))
        assert text(talker) == {"playing": True}
        assert "faster" in last_text(talker)["error"]
    assert 9 <= len(served.said) < 60


def test_nobody_talks_for_ever(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_routes, "TALK_S", 0.0)
    served = serve()
    with socket(served, "talk") as talker:
        talker.send('{"rate": 16000}')
        talker.send(PIECE)
        assert text(talker) == {"playing": True}
        assert "the most at a time" in last_text(talker)["error"]


def test_who_says_nothing_gives_the_place_back(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_routes, "IDLE_S", 0.2)
    served = serve()
    with socket(served, "talk") as talker:
        assert "nothing was said" in last_text(talker)["error"]


def test_who_talks_is_told_that_nobody_plays_it(serve: Serve) -> None:
    served = serve()
    served.refusal = NotConnectedError("start the audio node")
    with socket(served, "talk") as talker:
        talker.send('{"rate": 16000}')
        talker.send(PIECE)
        assert text(talker) == {"playing": True}
        assert last_text(talker) == {"error": "start the audio node"}


def test_where_nothing_may_be_changed_one_may_listen_but_not_talk(serve: Serve) -> None:
    served = serve(read_only=True)
    with socket(served, "hear"):
        pass
    with pytest.raises(InvalidStatus) as refused, socket(served, "talk"):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["hear", "talk"])
def test_pages_from_elsewhere_neither_hear_nor_talk(serve: Serve, path: str) -> None:
    served = serve()
    headers = {"Origin": "http://example.com"}
    with (
        pytest.raises(InvalidStatus) as refused,
        socket(served, path, additional_headers=headers),
    ):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["hear", "talk"])
def test_stopping_ends_sound_at_once(serve: Serve, path: str) -> None:
    served = serve()
    with socket(served, path) as connection:
        served.stop()
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=patience(5))
    assert not served.supervisor.failures


def test_volumes_are_told_and_set(serve: Serve) -> None:
    served = serve()
    answer = Client(served.port).json("/api/volume")
    assert answer == (200, {"speaker": 40, "microphone": None})
    for body in ({"speaker": 50}, {"speaker": 0, "microphone": 99.6}):
        assert Client(served.port).post("/api/volume", body) == (200, {"message": "set"})
    assert served.set == [{"speaker": 50}, {"speaker": 0, "microphone": 100}]
    for body, said in (({}, "one of 'speaker'"), ({"speaker": 101}, "speaker"), ({"x": 1}, "x")):
        status, told = Client(served.port).post("/api/volume", body)
        assert status == 422
        assert said in told["error"]
    assert len(served.set) == 2
    assert Client(serve(read_only=True).port).post("/api/volume", {"speaker": 1})[0] == 403
