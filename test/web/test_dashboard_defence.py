# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard against those who say nothing, too much, or nonsense; and against its own bugs."""

import http.client
import json
import logging
import socket
import struct
import time
from typing import Any

import pytest
from harness.dashboard import Serve, Served
from harness.events import EventStream
from harness.pictures import Client, Stream, jpeg
from harness.virtual_time import Clock
from harness.waiting import patience, wait_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reachy_mini_ros.web import connections, encoded, endpoints, events
from reachy_mini_ros.web.commands import COMMANDS
from reachy_mini_ros.web.guesses import FORGOTTEN_S, FREE, LONGEST_S, MOST, Guesses

TOKEN = "correct-horse-battery"


def connected(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), patience(10))


def is_closed(connection: socket.socket) -> bool:
    """Read to the end, which comes or not within the connection's timeout."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("begin", [b"", b"G", b"GET / HTTP/1.1\r\nHost: local"])
def test_a_head_that_does_not_end_ends_the_connection(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    with connected(serve()) as connection:
        connection.sendall(begin)
        assert is_closed(connection)


def test_one_that_comes_byte_by_byte_gets_no_more_time(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    with connected(serve()) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")

        def send() -> bool:
            try:
                connection.sendall(b"x")
            except ConnectionError:
                return True
            return False

        wait_for(send, 5, "the end of the connection")


def test_the_next_head_on_a_connection_is_due_too(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_S", 0.3)
    served = serve()
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=patience(10))
    for _ in range(3):
        connection.request("GET", "/api/status")
        assert connection.getresponse().read()
    assert connection.sock is not None, "one connection is used for all"
    connection.sock.sendall(b"GET / HTTP/1.1\r\n")
    assert is_closed(connection.sock)
    connection.close()


def test_who_looks_for_long_is_left_alone(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("HEAD_S", "IDLE_S"):
        monkeypatch.setattr(connections, limit, 0.1)
    served = serve()
    served.feed(jpeg)
    stream = Stream(served.port)
    with EventStream(served.port) as told:
        until_s = time.monotonic() + 1.0
        while time.monotonic() < until_s:
            assert stream.read()
            assert told.read()
    stream.close()


def test_a_body_that_does_not_come_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "BODY_S", 0.3)
    served = serve()
    with connected(served) as connection:
        connection.sendall(
            b"POST /api/command/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
            b"Content-Type: application/json\r\n\r\n{"
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
    assert not served.commands


def test_connections_are_bounded(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST", 5)
    served = serve()
    held = [connected(served) for _ in range(4)]
    assert Client(served.port).get("/api/status")[0] == 200
    held += [connected(served) for _ in range(4)]
    assert is_closed(held[-1])
    for connection in held:
        connection.close()
    wait_for(lambda: _answers(served), 5)


def _answers(served: Served) -> bool:
    try:
        return Client(served.port).get("/api/status")[0] == 200
    except OSError:
        return False


def test_wrong_tokens_make_wait_ever_longer_but_never_for_ever() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    waits_s = []
    for _ in range(FREE + 12):
        guesses.wrong("192.0.2.7")
        waits_s.append(guesses.wait_s("192.0.2.7"))
        clock.now_s += waits_s[-1]
        assert guesses.wait_s("192.0.2.7") == 0
    assert waits_s[: FREE + 4] == [0.0] * FREE + [1.0, 2.0, 4.0, 8.0]
    assert waits_s[-1] == LONGEST_S
    assert guesses.wait_s("192.0.2.8") == 0
    guesses.wrong("192.0.2.7")
    clock.now_s += FORGOTTEN_S + 1
    guesses.wrong("192.0.2.7")
    assert guesses.wait_s("192.0.2.7") == 0


def test_a_network_of_ipv6_is_one_guesser_and_memory_is_bounded() -> None:
    guesses = Guesses(Clock())
    for number in range(FREE + 1):
        guesses.wrong(f"2001:db8::{number:x}")
    assert guesses.wait_s("2001:db8::ffff") > 0
    assert guesses.wait_s("2001:db8:0:1::1") == 0
    for number in range(2 * MOST):
        guesses.wrong(f"10.0.{number // 256}.{number % 256}")
    assert len(guesses._wrong) == MOST
    guesses.wrong(None)


def test_who_guesses_waits_while_who_has_the_cookie_does_not(serve: Serve) -> None:
    client = Client(serve(token=TOKEN).port)
    cookie = client.get(f"/?token={TOKEN}")[1]["Set-Cookie"].split(";")[0]
    for number in range(FREE + 1):
        how = {"Authorization": "Bearer wrong"} if number % 2 else {}
        path = "/api/status" if number % 2 else "/api/status?token=wrong"
        assert client.get(path, **how)[0] == 401
    for token in ("wrong", TOKEN):
        status, headers, body = client.get(f"/api/status?token={token}")
        assert status == 429
        assert 1 <= int(headers["Retry-After"]) <= 2
        assert "too many wrong tokens" in json.loads(body)["error"]
    assert client.get("/api/status", Cookie=cookie)[0] == 200
    assert client.get("/api/status")[0] == 401, "who gives none guesses nothing"
    wait_for(lambda: client.get(f"/api/status?token={TOKEN}")[0] == 200, 10)


def leave_at_once(connection: socket.socket) -> None:
    """Close with a reset, as a browser that is killed does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("path", ["/api/stream", "/api/stream?width=100", "/api/events"])
def test_viewers_that_leave_are_nothing_to_tell_of(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    monkeypatch.setattr(events, "PERIOD_S", 0.001)
    served = serve()
    picture = jpeg(noise=True)
    served.feed(lambda: picture, 0.001)
    for _ in range(20):
        with connected(served) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert connection.recv(4096)
            leave_at_once(connection)
    wait_for(lambda: served.dashboard.streams.state().viewers == 0, 5)
    wait_for(lambda: served.dashboard.events.listeners == 0, 5)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_an_event_stream_that_cannot_begin_gives_its_place_back(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve()
    status, broken = served.status, [True]

    def fail(**asked: Any) -> Any:
        if broken:
            raise ZeroDivisionError
        return status(**asked)

    monkeypatch.setattr(served, "status", fail)
    for _ in range(events.MAX_LISTENERS + 1):
        code, answer = Client(served.port).json("/api/events")
        assert code == 500
        assert "internal error, please report it: ZeroDivisionError()" in answer["error"]
    assert served.dashboard.events.listeners == 0
    assert served.supervisor.failures == ("GET /api/events: ZeroDivisionError()",)
    broken.clear()
    with EventStream(served.port) as stream:
        assert stream.next("status")["connection"] == "connected"
    wait_for(lambda: not served.supervisor.failures, 5)


def test_events_go_on_after_a_status_that_failed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve()
    status, broken = served.status, []

    def fail(**asked: Any) -> Any:
        if broken:
            broken.clear()
            raise ZeroDivisionError
        return status(**asked)

    monkeypatch.setattr(served, "status", fail)
    with EventStream(served.port) as stream:
        stream.next("status")
        broken.append(True)
        wait_for(lambda: "events: ZeroDivisionError()" in served.supervisor.failures, 5)
        for _ in range(3):
            stream.next("status")


def test_pictures_encoded_anew_go_on_after_one_that_failed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve()
    served.feed(jpeg)
    transcode, broken = encoded.transcode, []

    def fail(*arguments: Any) -> bytes:
        if broken:
            broken.clear()
            raise ZeroDivisionError
        return transcode(*arguments)

    monkeypatch.setattr(encoded, "transcode", fail)
    stream = Stream(served.port, "/api/stream?width=100")
    assert stream.read()
    broken.append(True)
    wait_for(lambda: served.supervisor.failures, 5)
    assert served.supervisor.failures == ("encoded pictures: ZeroDivisionError()",)
    for _ in range(5):
        assert stream.read()
    stream.close()


numbers = st.integers() | st.floats() | st.sampled_from([10**400, float("inf"), -1, 2**64])
scalars = st.none() | st.booleans() | numbers | st.text()
NAMES = ["yaw", "enabled", "roll", "mode", "right", "u", "v", "name", "x"]
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=5)
    ),
    max_leaves=10,
)
bodies = (
    values.map(lambda value: json.dumps(value).encode())
    | st.binary()
    | st.sampled_from(
        [
            *(b"[" * 60_000, b'{"yaw":' * 8_000, b'{"yaw": ' + b"9" * 5_000 + b"}", b"\xff\xfe{"),
            *(b'{"yaw": 1e999}', b'{"yaw": NaN}', b'{"name": "\\ud800"}', b'{"\\ud800": 1}'),
        ]
    )
)


def test_no_body_is_an_internal_error(serve: Serve) -> None:
    served = serve()
    paths = st.sampled_from([f"/api/command/{name}" for name in COMMANDS])

    @given(paths, bodies)
    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    def check(path: str, body: bytes) -> None:
        status, answer = Client(served.port).post(path, body)
        assert status in (200, 413, 422), (status, answer)
        if status != 200:
            assert "\n" not in answer["error"]

    check()
    assert not served.supervisor.failures


def test_no_path_or_query_is_an_internal_error(serve: Serve) -> None:
    served = serve()
    odd = st.binary(max_size=300).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw))
    paths = st.sampled_from(
        ["/api/photos/", "/live/", "/api/stream?width=", "/api/events?sound=", "/api/snapshot?a="]
    )

    @given(paths, odd | st.sampled_from(["..%2f", "%00", "a" * 4000 + ".jpg", "%ff.jpg", "1e999"]))
    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    def check(path: str, rest: str) -> None:
        status = Client(served.port).get(path + rest, "HEAD")[0]
        assert status < 500 or status == 503, status

    check()
    assert not served.supervisor.failures
