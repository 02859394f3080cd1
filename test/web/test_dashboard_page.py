# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: the picture, its states, and what can be read."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from harness.browser import WINDOWS, Browser
from harness.dashboard import Serve
from harness.pictures import GREEN, jpeg
from harness.waiting import wait_for

from reachy_mini_ros.web.robot import (
    HeadAngles,
    HeadPose,
    Latency,
    MotionState,
    Percentiles,
    Rates,
    Sound,
    Status,
    StreamState,
)

MINUS = "\u2212"
ORANGE = (20, 120, 240)


@pytest.fixture(autouse=True)
def _new_page(browser: Browser) -> None:
    browser.renew()


def share_of(browser: Browser, colour: tuple[int, int, int]) -> float:
    """Return how much of the window has that colour, 0 to 1."""
    difference = np.abs(browser.screenshot().astype(int) - colour).max(axis=2)
    return float((difference < 12).mean())


@pytest.mark.parametrize(("window", "least"), [("desktop", 0.3), ("phone", 0.17), ("wall", 0.3)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_live_picture_fills_the_page_and_is_the_newest(
    browser: Browser, serve: Serve, window: str, least: float, scheme: str
) -> None:
    served = serve()
    shown = [jpeg(colour=GREEN)]
    served.feed(lambda: shown[0])
    browser.look(*WINDOWS[window], scheme=scheme)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    assert share_of(browser, GREEN) > least
    shown[0] = jpeg(colour=ORANGE)
    wait_for(lambda: share_of(browser, ORANGE) > least, 10, "the newer picture")
    assert share_of(browser, GREEN) < 0.01


def test_read_outs_show_the_status_and_nothing_of_what_is_not_known(
    browser: Browser, serve: Serve
) -> None:
    served = serve()
    served.known = Status(
        "connected",
        {"robot_name": "Kitchen", "model": "wireless", "daemon_version": "1.2.3"},
        HeadPose(-1.25, 10.0, 21.5, 0.0, 0.0, -0.012),
        HeadAngles(0.0, 12.0, 30.0),
        joints={"yaw_body": -40.0, "right_antenna": 10.0, "left_antenna": -11.0},
        motion=MotionState("streaming", True, "gravity_compensation"),
        streams=(StreamState("hls", "active", ("http://127.0.0.1/live/index.m3u8",)),),
        rates=Rates(joint_states_hz=49.8),
        latency=Latency(Percentiles(20.0, 33.0)),
    )
    served.feed(jpeg, 1 / 15)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    browser.wait_until("document.getElementById('yaw').textContent === '21.5°'")
    assert browser.page.title() == "Reachy Mini"
    expected = {
        "connection-text": "Connected",
        "owner": "Streaming",
        "motors-text": "By hand",
        "motor_mode": "gravity compensation",
        "robot_name": "Kitchen",
        "model": "wireless",
        "daemon_version": "1.2.3",
        "pitch": "10.0°",
        "target-yaw": "30.0°",
        "z": f"{MINUS}12 mm",
        "body": f"{MINUS}40°",
        "left": f"{MINUS}11°",
        "right": "10°",
    }
    assert {name: browser.text(name) for name in expected} == expected
    assert "active" in browser.text("stream-list")
    assert browser.find("stream-list").get_by_role("link").count() == 1
    browser.wait_until(
        r"/^640 \S 360 \S 1\d\.\d Hz \S JPEG$/.test(document.getElementById('format').textContent)"
    )
    values = browser.find("plots").locator("b")
    wait_for(lambda: values.nth(2).text_content() == "33.0 ms", 5, "the latency")
    assert values.nth(3).text_content() == "49.8 Hz"
    served.known = Status("connected", {"robot_name": "Kitchen"})
    browser.wait_until("document.getElementById('yaw').textContent === '\u2013'")
    assert {browser.text(name) for name in ("z", "body", "left", "owner", "target-yaw")} == {
        "\u2013"
    }
    assert browser.find("streams").is_hidden()


def test_a_picture_that_stopped_is_taken_away_and_comes_back(
    browser: Browser, serve: Serve
) -> None:
    served = serve()
    served.feed(jpeg)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    served.silence()
    browser.wait_for_state("silent")
    assert browser.text("state") == "Camera silent"
    assert share_of(browser, GREEN) < 0.01
    assert browser.find("shoot").is_disabled()
    served.known = Status("lost")
    browser.wait_for_state("away")
    assert browser.text("state") == "Robot away"
    assert browser.text("why") == "The robot is away."
    served.feed(jpeg)
    browser.wait_for_state("live", 8)
    assert share_of(browser, GREEN) > 0.25


def test_page_reconnects_by_itself_when_the_dashboard_is_back(
    browser: Browser, serve: Serve
) -> None:
    first = serve()
    first.feed(jpeg)
    browser.open(first.dashboard.url)
    browser.wait_for_state("live")
    first.stop()
    browser.wait_for_state("unreachable")
    assert browser.text("connection-text") == "Offline"
    assert browser.find("wake").is_disabled()
    second = serve(port=first.port)
    second.known = replace(second.known, robot={"robot_name": "second"})
    second.feed(jpeg)
    browser.wait_for_state("live", 10)
    browser.wait_until("document.getElementById('robot_name').textContent === 'second'")
    wait_for(lambda: second.dashboard.events.listeners == 1, 10, "the page listening again")


def test_a_page_in_the_background_asks_for_nothing(browser: Browser, serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    wait_for(lambda: served.dashboard.events.listeners == 1)
    # Without a window system no page is ever hidden: the browser's own words, then its event.
    for hidden in ("true", "false"):
        browser.evaluate(
            f"Object.defineProperty(document, 'hidden', {{value: {hidden}, configurable: true}});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        listeners = 0 if hidden == "true" else 1
        wait_for(lambda count=listeners: served.dashboard.events.listeners == count)
        wait_for(lambda count=listeners: served.dashboard.streams.state().viewers == count)
    browser.wait_for_state("live")


def test_snapshot_is_shown_and_downloaded_as_it_came(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    served = serve()
    served.feed(jpeg)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    browser.find("shoot").press("Enter")
    browser.wait_until("document.getElementById('shot').naturalWidth === 640")
    assert browser.evaluate("document.activeElement.id") == "save"
    with browser.page.expect_download() as download:
        browser.find("save").press("Enter")
    assert download.value.suggested_filename.startswith("reachy_mini_2")
    download.value.save_as(tmp_path / "saved.jpg")
    assert (tmp_path / "saved.jpg").read_bytes() == jpeg()
    assert browser.find("remove").is_hidden()
    browser.find("dismiss").click()
    assert browser.find("viewer").is_hidden()
    assert browser.evaluate("document.activeElement.id") == "shoot"


def test_size_quality_and_rate_are_chosen_and_remembered(browser: Browser, serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    assert browser.find("width").is_hidden()
    browser.find("choose").click()
    browser.find("width").select_option("320")
    browser.find("fps").select_option("5")
    text = "document.getElementById('format').textContent"
    small = rf"/^320 \S 180 \S [456]\.\d Hz \S JPEG$/.test({text})"
    browser.wait_until(small)
    browser.open(served.dashboard.url)
    browser.wait_until(small)
    assert browser.find("fps").input_value() == "5"
    browser.find("width").select_option("")
    browser.find("fps").select_option("")
    browser.wait_until("document.getElementById('format').textContent.startsWith('640')")


def test_sound_is_asked_for_only_while_its_card_is_open(browser: Browser, serve: Serve) -> None:
    served = serve()
    served.known = replace(served.known, sound=Sound(-30.0, True, False, 45.0))
    served.feed(jpeg)
    browser.open(served.dashboard.url)
    browser.wait_until("document.getElementById('yaw').textContent === '3.0°'")
    assert served.sound_asked == 0
    browser.find("listen").click()
    browser.wait_until(f"document.getElementById('level').textContent === '{MINUS}30 dBFS'")
    assert browser.text("dial-text") == "45° left"
    assert browser.text("activity") == "yes"
    assert browser.text("speech") == "no"
    assert browser.find("meter").get_attribute("aria-valuenow") == "-30"
    browser.find("listen").click()

    def silent() -> bool:
        asked, with_sound = served.asked, served.sound_asked
        wait_for(lambda: served.asked > asked + 3)
        return served.sound_asked == with_sound

    wait_for(silent, 5, "a status without sound")
    assert browser.text("yaw") == "3.0°"


def test_safety_events_are_listed_told_where_they_matter_and_saved(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    served = serve()
    browser.open(served.dashboard.url)
    wait_for(lambda: served.dashboard.events.listeners == 1)
    for level, message in (("ok", "all well"), ("warn", "too far"), ("warn", "too far")):
        event = {"level": level, "name": "goto", "message": message}
        served.io.call(served.dashboard.events.publish, "safety", event)
    entries = browser.find("log").locator("li")
    wait_for(lambda: entries.count() == 2, 5, "the events")
    wait_for(lambda: "2\u00d7" in str(entries.first.text_content()), 5, "the count")
    toasts = browser.find("toasts").locator(".toast")
    assert toasts.count() == 1
    assert "too far" in str(toasts.text_content())
    with browser.page.expect_download() as download:
        browser.find("log-save").click()
    assert download.value.suggested_filename.startswith("reachy_mini_events_2")
    assert download.value.suggested_filename.endswith(".txt")
    download.value.save_as(tmp_path / "saved.txt")
    saved = (tmp_path / "saved.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split(" ", 1)[1] for line in saved] == [
        "OK goto all well",
        "WARN goto too far (2 times)",
    ]
    assert all(datetime.fromisoformat(line.split(" ")[0]).tzinfo for line in saved)
    browser.find("log-clear").click()
    assert entries.count() == 0
    assert browser.find("log-save").is_disabled()


def test_token_in_the_link_is_enough_and_does_not_stay_in_the_address(
    browser: Browser, serve: Serve
) -> None:
    served = serve(token="correct-horse")
    served.feed(jpeg)
    browser.open(f"{served.dashboard.url}?token=correct-horse")
    browser.wait_for_state("live")
    assert browser.page.url == served.dashboard.url
    served.stop()
    serve(port=served.port, token="another-token").feed(jpeg)
    browser.wait_until("document.getElementById('state').textContent === 'Not allowed in'", 20)
    assert "token" in browser.text("hint")
