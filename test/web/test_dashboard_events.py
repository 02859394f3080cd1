# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Server-sent events: the status as it changes, and what else happens."""

import time
from dataclasses import replace
from typing import Any

import pytest
from harness.dashboard import Serve, Served
from harness.events import EventStream
from harness.pictures import Client
from harness.waiting import wait_for

from reachy_mini_ros.web import events as module


def listening(served: Served) -> int:
    return served.dashboard.events.listeners


def without_time(status: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in status.items() if key != "time"}


def test_the_first_event_is_the_status_at_once(serve: Serve) -> None:
    served = serve()
    with EventStream(served.port) as stream:
        kind, content = stream.read() or ("", {})
        assert kind == "status"
        assert without_time(content) == without_time(Client(served.port).json("/api/status")[1])


def test_a_change_is_told_without_waiting_for_the_next_second(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_S", 1000.0)
    served = serve()
    with EventStream(served.port) as stream:
        for connection in ("lost", "connecting", "connected"):
            served.known = replace(served.known, connection=connection)
            while stream.next("status")["connection"] != connection:
                pass


def test_the_status_is_told_now_and_then_without_a_change(serve: Serve) -> None:
    with EventStream(serve().port) as stream:
        times = [stream.next("status")["time"] for _ in range(4)]
    assert times[3] - times[1] > 1.5, "once a second"


def test_changes_come_at_ten_hertz_at_most(serve: Serve) -> None:
    served = serve()
    with EventStream(served.port) as stream:
        stream.next("status")
        stream.next("status")
        times_s = []
        for number in range(10):
            served.known = replace(served.known, robot={"number": str(number)})
            stream.next("status")
            times_s.append(time.monotonic())
        assert times_s[-1] - times_s[0] > 0.5


def test_other_events_reach_every_listener_in_order(serve: Serve) -> None:
    served = serve()
    with EventStream(served.port) as one, EventStream(served.port) as other:
        for stream in (one, other):
            stream.next("status")
        for number in range(20):
            served.io.call(served.dashboard.events.publish, "safety", {"message": number})
        for stream in (one, other):
            assert [stream.next("safety")["message"] for _ in range(20)] == list(range(20))


def test_nobody_is_asked_while_nobody_listens_and_sound_only_if_wanted(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PERIOD_S", 0.001)
    served = serve()
    with EventStream(served.port) as stream:
        stream.next("status")
        stream.next("status")
        assert served.sound_asked == 0
        with EventStream(served.port, "?sound=1") as loud:
            loud.next("status")
            assert served.sound_asked > 0
    wait_for(lambda: listening(served) == 0)
    asked = served.asked
    for _ in range(30):  # which takes many periods
        assert Client(served.port).get("/")[0] == 200
    assert served.asked == asked


def test_a_slow_listener_loses_old_states_only_and_slows_nobody(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PERIOD_S", 0.002)
    served = serve()
    bulk = "x" * 100_000  # so that the system's own buffers are full soon
    number = 0
    with EventStream(served.port) as slow, EventStream(served.port) as quick:
        slow.next("status")
        while number < 300:
            number += 1
            served.known = replace(served.known, robot={"number": str(number), "bulk": bulk})
            while int(quick.next("status")["robot"].get("number", 0)) < number:
                pass
        served.io.call(served.dashboard.events.publish, "safety", {"message": "last"})
        seen = []
        while not seen or seen[-1] < number:
            seen.append(int(slow.next("status")["robot"].get("number", 0)))
    assert seen == sorted(seen)
    assert len(set(seen)) < number, "it jumped ahead"


def test_more_listeners_than_the_limit_are_told_so(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LISTENERS", 1)
    served = serve()
    with EventStream(served.port):
        status, answer = Client(served.port).json("/api/events")
        assert status == 503
        assert "limit" in answer["error"]
    wait_for(lambda: listening(served) == 0)
    EventStream(served.port).close()


def test_stopping_ends_the_events(serve: Serve) -> None:
    served = serve()
    with EventStream(served.port) as stream:
        stream.next("status")
        served.stop()
        while stream.read() is not None:
            pass
