# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, at the sizes of windows: what is where, and nothing over anything."""

from dataclasses import replace

import numpy as np
import pytest
from harness.browser import WINDOWS, Browser
from harness.dashboard import Serve, Served
from harness.pictures import jpeg
from harness.waiting import wait_for

from reachy_mini_ros.web.robot import HeadPose, MotionState, StreamState


@pytest.fixture(autouse=True)
def _new_page(browser: Browser) -> None:
    browser.renew()


def shown(browser: Browser, serve: Serve, window: str, **known: object) -> Served:
    """Return a dashboard that a window of that size shows."""
    served = serve()
    served.known = replace(served.known, **known)  # type: ignore[arg-type]
    served.feed(jpeg)
    browser.look(*WINDOWS[window])
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    return served


def box(browser: Browser, name: str) -> tuple[float, float, float, float]:
    """Return an element's left, top, right and bottom in the window, px."""
    found = browser.find(name).bounding_box()
    assert found is not None, f"{name} is not shown"
    left, top = found["x"], found["y"]
    return left, top, left + found["width"], top + found["height"]


TOOL_ROWS = "new Set([...document.querySelectorAll('.tool')].map((tool) => tool.offsetTop)).size"


@pytest.mark.parametrize("window", WINDOWS)
def test_nothing_is_wider_than_the_window_and_stop_is_in_it(
    browser: Browser, serve: Serve, window: str
) -> None:
    served = serve()
    served.feed(jpeg)
    width, height = WINDOWS[window]
    browser.look(width, height)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    browser.find("listen").click()
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(TOOL_ROWS) == (2 if window in ("small", "phone") else 1)
    for place in ("0", "document.body.scrollHeight"):
        browser.evaluate(f"scrollTo(0, {place})")
        box = browser.find("stop").bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
        assert 0 <= box["y"] < box["y"] + box["height"] <= height
        assert box["height"] >= 44


@pytest.mark.parametrize("window", WINDOWS)
def test_a_robot_asleep_shows_what_wakes_it_before_anything_is_scrolled(
    browser: Browser, serve: Serve, window: str
) -> None:
    asleep = MotionState("sleeping", False, "disabled", True)
    shown(browser, serve, window, motion=asleep)
    browser.wait_until("!document.getElementById('asleep').hidden")
    assert browser.text("owner") == "Asleep"
    *_, stop_bottom = box(browser, "stop")
    foot = box(browser, "stop")[1] if stop_bottom > WINDOWS[window][1] / 2 else WINDOWS[window][1]
    for name in ("asleep", "wake"):
        _, top, _, bottom = box(browser, name)
        assert 0 <= top < bottom <= foot, name


def test_nothing_is_seen_beside_the_stop_button_of_a_phone(browser: Browser, serve: Serve) -> None:
    shown(browser, serve, "phone")
    _, top, _, bottom = box(browser, "stop")

    def foot(scrolled: int) -> np.ndarray:
        browser.evaluate(f"scrollTo(0, {scrolled})")
        return browser.screenshot()[int(top) - 4 : int(bottom) + 4]

    first = foot(0)
    for scrolled in (300, 700, 1200):
        assert np.array_equal(first, foot(scrolled)), scrolled


def test_a_wall_has_no_empty_column(browser: Browser, serve: Serve) -> None:
    shown(browser, serve, "wall", streams=(StreamState("hls", "stopped"),))
    height = browser.evaluate("document.querySelector('main').getBoundingClientRect().bottom")
    below = """(x) => Math.max(...[...document.querySelectorAll("main .card")]
        .map((card) => card.getBoundingClientRect())
        .filter((card) => card.left < x && x < card.right).map((card) => card.bottom))"""
    for part in ("stage", "pad", "plots"):
        left, _, right, _ = box(browser, part)
        assert browser.page.evaluate(below, (left + right) / 2) > 0.75 * height, part


def test_the_controls_stay_beside_what_is_looked_at(browser: Browser, serve: Serve) -> None:
    shown(browser, serve, "desktop")
    browser.evaluate("scrollTo(0, document.body.scrollHeight)")
    wait_for(lambda: browser.evaluate("scrollY") > 300, 5, "the page's end")
    _, top, _, bottom = box(browser, "pad")
    assert 0 < top < bottom < WINDOWS["desktop"][1]


def test_a_phone_on_its_side_has_no_page_within_the_page(browser: Browser, serve: Serve) -> None:
    shown(browser, serve, "phone")
    browser.look(844, 390)
    control = "document.querySelector('.control')"
    assert browser.evaluate(f"{control}.scrollHeight - {control}.clientHeight") == 0


def test_antennas_that_hang_are_seen(browser: Browser, serve: Serve) -> None:
    head = HeadPose(0.0, 30.0, 0.0, 0.0, 0.0, -0.05)
    hanging = {"yaw_body": 0.0, "right_antenna": 175.0, "left_antenna": -175.0}
    shown(browser, serve, "desktop", head=head, joints=hanging)
    browser.wait_until("document.getElementById('left').textContent.endsWith('175°')")

    def orange() -> int:
        left, top, right, bottom = (round(value) for value in box(browser, "skull"))
        skull = browser.screenshot()[top:bottom, left:right].astype(int)
        return int((np.abs(skull - (0x1A, 0x43, 0xB8)).max(axis=2) < 12).sum())

    browser.find("robot").scroll_into_view_if_needed()
    wait_for(lambda: orange() > 60, 5, "antennas before the head")
