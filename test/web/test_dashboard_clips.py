# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recorded clips over HTTP and on the page: files of one folder, and nothing else."""

import os
import time
from dataclasses import replace
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from harness.browser import browsing
from harness.dashboard import Serve, Served
from harness.events import EventStream
from harness.pictures import Client, jpeg
from harness.video import record
from harness.waiting import wait_for

from reachy_mini_ros.web.commands import Record
from reachy_mini_ros.web.robot import RecordingState

NAME = "reachy_mini_20231114T221320_000000Z.mp4"
STATES = NAME.replace(".mp4", ".csv")


@pytest.fixture
def served(serve: Serve) -> Served:
    """Serve one clip, and much that is none."""
    served = serve()
    folder = served.clips
    record(folder)
    (folder / "notes.txt").write_text("secret")
    (folder / "broken.mp4").write_bytes(b"no clip")
    (folder / ".hidden.mp4").write_bytes(b"")
    os.mkfifo(folder / "pipe.mp4")
    outside = folder.parent / "outside.mp4"
    outside.write_bytes((folder / NAME).read_bytes())
    (folder / "link.mp4").symlink_to(outside)
    return served


def test_clips_are_listed_with_length_size_and_states(served: Served) -> None:
    status, answer = Client(served.port).json("/api/clips")
    assert status == 200
    [clip] = answer["clips"]
    assert clip.pop("time") == pytest.approx(time.time(), abs=60)
    assert clip == {
        "name": NAME,
        "bytes": (served.clips / NAME).stat().st_size,
        "width": 640,
        "height": 360,
        "length": 1.5,
        "states": STATES,
    }


def test_a_clip_and_its_states_are_sent_as_they_are(served: Served) -> None:
    for name, kind in ((NAME, "video/mp4"), (STATES, "text/csv")):
        status, headers, body = Client(served.port).get(f"/api/clips/{name}")
        assert (status, body) == (200, (served.clips / name).read_bytes())
        assert headers["Content-Type"].partition(";")[0] == kind


def test_a_still_is_the_first_picture(served: Served) -> None:
    for query, shape in (("", (360, 640)), ("?width=320", (180, 320))):
        status, headers, body = Client(served.port).get(f"/api/clips/{NAME}/still{query}")
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR).shape[:2] == shape
    status, answer = Client(served.port).json("/api/clips/broken.mp4/still")
    assert status == 409
    assert "no clip that can be shown" in answer["error"]


NOT_CLIPS = ["notes.txt", ".hidden.mp4", "pipe.mp4", "link.mp4", "nothing.mp4", "../outside.mp4"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_nothing_else_is_reached(served: Served, method: str) -> None:
    before = sorted(served.clips.parent.rglob("*"))
    for name in NOT_CLIPS:
        for path in (quote(name, safe=""), quote(name)):
            assert Client(served.port).json(f"/api/clips/{path}", method)[0] in (403, 404, 405)
    assert sorted(served.clips.parent.rglob("*")) == before


def test_a_clip_is_deleted_with_its_states_and_listeners_are_told(served: Served) -> None:
    with EventStream(served.port) as events:
        assert events.next("clips") == {}  # what was there before is known now
        assert Client(served.port).json(f"/api/clips/{NAME}", "DELETE")[0] == 200
        assert events.next("clips") == {}
    assert not list(served.clips.glob("reachy_mini_*"))
    assert Client(served.port).json("/api/clips") == (200, {"clips": []})


def test_the_page_records_and_shows_clips(served: Served) -> None:
    with browsing() as browser:
        served.known = replace(served.known, recording=RecordingState())
        served.feed(jpeg)
        browser.renew(1440, 900)
        browser.open(served.dashboard.url)
        button, text = browser.find("record"), browser.find("record-text")
        wait_for(button.is_enabled, 10, "the button")
        button.click()
        wait_for(lambda: served.commands == [Record(enabled=True)], 5, "the command")
        served.known = replace(served.known, recording=RecordingState(NAME, time.time() - 65))
        wait_for(lambda: text.inner_text().startswith("1:0"), 5, "the time that runs")
        assert button.get_attribute("aria-pressed") == "true"
        button.click()
        wait_for(lambda: served.commands[1:] == [Record(enabled=False)], 5, "the end")
        served.known = replace(served.known, recording=RecordingState(ended="as long as it may be"))
        wait_for(lambda: text.inner_text() == "Record", 5, "no time")
        toasts = browser.find("toasts")
        limit = toasts.locator("[data-level=ok]", has_text="as long as it may be")
        wait_for(lambda: limit.count() == 1, 5, "the limit, which is no error")
        full = RecordingState(ended="the disk is full", failed=True)
        served.known = replace(served.known, recording=full)
        error = toasts.locator("[data-level=error]", has_text="the disk is full")
        wait_for(lambda: error.count() == 1, 5, "the error")
        clips = browser.find("clips").locator("li")
        wait_for(lambda: clips.count() == 1, 5, "the clip")
        assert clips.locator("a.thumb span").inner_text().startswith("0:01")
        links = clips.locator("a[download]")
        assert [links.nth(at).inner_text() for at in range(2)] == ["Download", "States"]
        still = "document.querySelector('#clips img').naturalWidth === 320"
        wait_for(lambda: browser.evaluate(still), 5, "the still")
        assert browser.console == []
