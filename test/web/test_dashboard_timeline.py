# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What happened in the last day: kept by the server, over HTTP and on the page."""

import asyncio
import os
import threading
import time
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from harness.browser import browsing
from harness.dashboard import Serve, Served
from harness.events import EventStream
from harness.pictures import Client, jpeg
from harness.video import record
from harness.virtual_time import Clock
from harness.waiting import wait_for

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.web import timeline
from reachy_mini_ros.web.commands import MotionDetection
from reachy_mini_ros.web.pictures import Pictures
from reachy_mini_ros.web.robot import PictureMotion
from reachy_mini_ros.web.timeline import Kind, Timeline


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> Timeline:
    return Timeline(Pictures(lambda _: None), Supervisor(), clock=clock)


def told(served: Served) -> list[dict[str, Any]]:
    status, answer = Client(served.port).json("/api/timeline")
    assert status == 200
    return list(answer["happenings"])


def follow(served: Served, kind: Kind, goes_on: bool) -> None:
    done = threading.Event()
    served.io.call(served.dashboard.timeline.follow, kind, goes_on)
    served.io.call(done.set)
    assert done.wait(10)


def test_what_lasts_has_an_end_and_goes_on_after_a_short_pause(
    kept: Timeline, clock: Clock
) -> None:
    begun_s = clock.now_s
    for goes_on in (False, True, True, False, False, True, False):
        kept.follow(Kind.MOTION, goes_on)
        clock.now_s += 2
    [one] = kept.happenings()
    assert (one.time, one.until, one.count) == (begun_s + 2, begun_s + 12, 2)
    clock.now_s += timeline.AGAIN_S
    kept.follow(Kind.MOTION, True)
    assert [one.until for one in kept.happenings()] == [None, begun_s + 12]
    kept.lose(Kind.MOTION)
    assert kept.happenings()[0].until == kept.happenings()[0].time


def test_the_same_again_is_counted(kept: Timeline, clock: Clock) -> None:
    changes: list[Any] = []
    kept.on_change = changes.append
    for _ in range(1000):
        kept.note(Kind.SAFETY, "goto: refused: it is asleep", "warn")
        clock.now_s += 0.01
    kept.note(Kind.SAFETY, "goto: refused: it is away", "warn")
    assert [one.count for one in kept.happenings()] == [1, 1000]
    assert len(changes) < 100, "a listener is not told each"


def test_only_what_is_news_of_the_connection_is_kept(kept: Timeline) -> None:
    for state in ("connecting", "connected", "connecting", "connected", "lost", "", "connected"):
        kept.connection(state)
    assert [one.text for one in kept.happenings()] == ["connected", "lost", "connected"]
    assert kept.happenings()[1].level == "error"


def test_it_is_bounded_in_number_and_age(kept: Timeline, clock: Clock) -> None:
    kept.connection("connected")
    for number in range(timeline.KEPT + 50):
        kept.note(Kind.SAFETY, f"number {number}")
        clock.now_s += 60
    happenings = kept.happenings()
    assert len(happenings) == timeline.KEPT + 1, "one kind takes no place of another"
    ids = [one.id for one in happenings]
    assert ids == sorted(set(ids), reverse=True)
    clock.now_s = happenings[10].time + timeline.AGE_S
    assert kept.happenings() == happenings[:11]
    clock.now_s += timeline.AGE_S
    assert kept.happenings() == ()


def test_its_pictures_are_bounded_in_memory(
    kept: Timeline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = cv2.imencode(".jpg", np.zeros((180, 320, 3), np.uint8))[1].tobytes()
    monkeypatch.setattr(timeline, "PICTURES_BYTES", 3 * len(small))
    monkeypatch.setattr(timeline, "PICTURE_EVERY_S", 0.0)

    async def fill() -> None:
        for _ in range(5):
            kept.follow(Kind.MOTION, True, small)
            await asyncio.gather(*kept._tasks._running)
            kept.follow(Kind.MOTION, False)
            clock.now_s += 60

    asyncio.run(fill())
    assert [one.picture for one in kept.happenings()] == [True] * 3 + [False] * 2
    assert [kept.picture(one.id) for one in kept.happenings()] == [small] * 3 + [None] * 2
    later = Timeline(Pictures(lambda _: None), Supervisor(), clock=clock)
    later.adopt(kept)
    assert later.happenings() == kept.happenings()
    later.follow(Kind.MOTION, True)
    assert [later.picture(one.id) for one in later.happenings()] == [None] + [small] * 3 + [
        None
    ] * 2


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve()


def test_pictures_are_of_what_comes_in_anyway(served: Served) -> None:
    event = {"level": "warn", "name": "goto", "message": "refused: far"}
    served.io.call(served.dashboard.on_safety, event)
    wait_for(lambda: len(told(served)) == 1, 5, "the event")
    served.publish(jpeg())
    with EventStream(served.port) as events:
        events.next("status")
        follow(served, Kind.SPEECH, True)
        assert events.next("timeline")["picture"] is False
        assert events.next("timeline")["picture"] is True
    [speech, safety] = told(served)
    assert safety["text"] == "goto: refused: far"
    assert (safety["kind"], safety["level"], safety["picture"]) == ("safety", "warn", False)
    status, headers, body = Client(served.port).get(f"/api/timeline/{speech['id']}/picture")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    shown = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape[1] == timeline.PICTURE_WIDTH
    assert served.demands == [], "nobody was asked for pictures"
    for other in (safety["id"], "0", "x", "9" * 40):
        assert Client(served.port).json(f"/api/timeline/{other}/picture")[0] == 404


def test_a_clip_of_the_time_is_told(served: Served) -> None:
    follow(served, Kind.MOTION, True)
    path = record(served.clips).path
    assert told(served)[0]["clip"] == path.name
    os.utime(path, (path.stat().st_mtime - 60,) * 2)
    assert told(served)[0]["clip"] is None, "it was over"
    path.unlink()
    assert told(served)[0]["clip"] is None


def test_the_page_shows_what_happened_also_after_it_is_loaded_again(served: Served) -> None:
    served.feed(jpeg)
    served.publish(jpeg())
    event = {"level": "warn", "name": "goto", "message": "refused: far"}
    served.io.call(served.dashboard.on_safety, event)
    still = PictureMotion(False)
    on = {"lifecycle": "active", "connection": "connected", "reason": ""}
    served.known = replace(served.known, picture_motion=still, camera=on)
    with browsing() as browser:
        browser.renew(390, 844)
        browser.open(served.dashboard.url)
        entries = browser.find("happenings").locator("li")
        wait_for(lambda: entries.count() == 1, 10, "what was before")
        wait_for(browser.find("camera").is_visible, 5, "that the camera is on")
        off = {**on, "connection": "connecting"}
        served.known = replace(served.known, camera=off)
        wait_for(browser.find("camera").is_hidden, 5, "that it is off")
        switch = browser.find("detect")
        wait_for(switch.is_enabled, 5, "the switch")
        assert browser.find("motion").is_hidden()
        switch.click()
        wait_for(lambda: served.commands == [MotionDetection(enabled=True)], 5, "the command")
        moves = PictureMotion(True, True, 0.25)
        served.known = replace(served.known, picture_motion=moves)
        wait_for(lambda: browser.text("motion-text") == "moves, 25.0 %", 5, "the level")
        assert switch.get_attribute("aria-checked") == "true"
        follow(served, Kind.MOTION, True)
        wait_for(lambda: entries.count() == 2, 5, "motion")
        record(served.clips, time.time_ns())
        for again in (False, True):
            if again:
                browser.open(served.dashboard.url)
            wait_for(lambda: entries.first.locator("a").count() == 1, 10, "its clip")
            wait_for(lambda: entries.locator("img").count() == 2, 5, "a picture of each")
            assert "Motion the picture moved, now" in str(entries.first.text_content())
            assert browser.find("lanes").locator("i").count() == 2
        entries.first.get_by_role("button").click()
        browser.wait_until("document.getElementById('shot').naturalWidth === 320")
        browser.find("dismiss").click()
        browser.page.locator("#timeline-title").scroll_into_view_if_needed()
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390
        assert browser.console == []
