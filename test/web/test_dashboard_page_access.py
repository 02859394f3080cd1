# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, for everybody: keyboard, names, contrast, and what axe-core finds."""

import json
import time
from dataclasses import replace

import pytest
from harness.browser import CONTRASTS, Browser
from harness.dashboard import Served
from harness.pictures import jpeg
from harness.waiting import wait_for

from reachy_mini_ros.web.robot import LeaseHeld, MotionState, Sound, StreamState


def tell(served: Served, *levels: str) -> None:
    wait_for(lambda: served.dashboard.events.listeners == 1)
    for level in levels:
        event = {"level": level, "name": "goto", "message": level}
        served.io.call(served.dashboard.events.publish, "safety", event)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(
    browser: Browser, served: Served, scheme: str
) -> None:
    browser.look(1440, 900, scheme=scheme)
    tell(served, "ok", "warn", "error")
    wait_for(lambda: browser.find("log").locator("li").count() == 3)
    contrasts = browser.evaluate(CONTRASTS)
    assert len(contrasts) > 60
    # WCAG 2.2, 1.4.3: AA for text of any size.
    assert [each for each in contrasts if each[0] < 4.5] == []


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(
    browser: Browser, served: Served, scheme: str, width: int
) -> None:
    browser.look(width, 900, scheme=scheme)
    served.known = replace(
        served.known,
        streams=(StreamState("hls", "active", ("http://127.0.0.1/live/index.m3u8",)),),
        lease=LeaseHeld("ann", time.time() + 60),
        sound=Sound(-30.0, True, False, 45.0),
    )
    served.photos.mkdir(exist_ok=True)
    (served.photos / "1.jpg").write_bytes(jpeg())
    for name in ("choose", "listen", "moves-again"):
        browser.find(name).click()
    tell(served, "ok", "warn", "error")
    for name, entries in (("log", "li"), ("moves", "button"), ("gallery", ".thumb")):
        wait_for(browser.find(name).locator(entries).count, 10, name)
    browser.wait_until("!document.getElementById('lease').hidden")
    browser.wait_until("document.getElementById('stream-list').children.length === 1")
    assert browser.find("pad").get_attribute("aria-disabled") == "false"
    assert browser.barriers() == []
    browser.find("gallery").locator(".thumb").first.click()
    browser.wait_until("!document.getElementById('viewer').hidden")
    assert browser.barriers() == []


def test_axe_would_find_what_has_no_name_and_what_is_faint(
    browser: Browser, served: Served
) -> None:
    browser.evaluate("document.getElementById('pad').removeAttribute('aria-label')")
    browser.evaluate("document.getElementById('wake').style.color = '#999'")
    names = {line.partition(":")[0] for line in browser.barriers()}
    assert names == {"aria-input-field-name", "color-contrast"}


@pytest.mark.parametrize("motion", [None, MotionState("sleeping", False, "disabled", True)])
def test_axe_finds_nothing_where_little_can_be_done(
    browser: Browser, served: Served, motion: MotionState | None
) -> None:
    away = replace(served.known, connection="lost", head=None)
    served.known = away if motion is None else replace(served.known, motion=motion)
    browser.wait_until("document.getElementById('centre').disabled")
    assert browser.barriers() == []


def test_keyboard_reaches_everything_in_order_and_sees_where_it_is(
    browser: Browser, served: Served
) -> None:
    reached: list[str] = []
    while "log-clear" not in reached:
        browser.page.keyboard.press("Tab")
        focus = browser.evaluate(
            "(e => ({id: e.id, mark: getComputedStyle(e).outlineStyle,"
            " name: e.getAttribute('aria-label') || e.innerText || e.labels?.[0]?.innerText}))"
            "(document.activeElement)"
        )
        assert focus["mark"] == "solid", (focus, reached)
        assert focus["name"], focus
        reached.append(focus["id"])
    wanted = ["stop", "shoot", "photo", "look", "choose", "motors", "wake", "sleep"]
    wanted += ["pad", "slide-roll", "slide-body", "moves-again", "listen", "log-clear"]
    assert [name for name in reached if name in wanted] == wanted, json.dumps(reached)
    assert browser.console == []


def test_everything_that_acts_has_a_name(browser: Browser, served: Served) -> None:
    session = browser.page.context.new_cdp_session(browser.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "link", "heading", "region", "slider", "combobox", "searchbox", "switch")
    acting = [node for node in nodes if node.get("role", {}).get("value") in roles]
    assert len(acting) > 25
    for node in acting:
        assert node.get("name", {}).get("value"), node
