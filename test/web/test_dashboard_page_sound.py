# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, with a microphone that Chromium makes up: hear and talk."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from harness.browser import Browser, browsing
from harness.dashboard import Serve, Served
from harness.pictures import jpeg
from harness.waiting import wait_for

from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.web.hearing import SoundFormat

PRESSED = "document.getElementById('{}').getAttribute('aria-pressed')"
FAKE_MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
RECORD = """
  window.played = [];
  window.gains = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when) {
    window.played.push([when, this.buffer.duration, this.context.currentTime]);
    return start.call(this, when);
  };
  const set = AudioParam.prototype.setTargetAtTime;
  AudioParam.prototype.setTargetAtTime = function (value, ...rest) {
    window.gains.push(value);
    return set.call(this, value, ...rest);
  };
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing(*FAKE_MICROPHONE) as browser:
        yield browser


@pytest.fixture
def served(browser: Browser, serve: Serve) -> Served:
    served = serve()
    served.feed(jpeg)
    browser.renew()
    browser.page.add_init_script(RECORD)
    browser.open(served.dashboard.url)
    wait_for(lambda: served.dashboard.events.listeners == 1)
    return served


def sounding(served: Served) -> Any:
    """Have the robot hear something without an end."""

    async def run() -> None:
        while True:
            served.hearing.publish(bytes(640), SoundFormat(16_000, 1))
            await asyncio.sleep(0.02)

    return served.io.submit(run())


def played(browser: Browser) -> list[list[float]]:
    answer: list[list[float]] = browser.evaluate("window.played")
    return answer


def hold(browser: Browser, name: str) -> None:
    browser.find(name).scroll_into_view_if_needed()
    browser.find(name).hover()
    browser.page.mouse.down()


def test_the_robot_is_heard_while_the_button_is_on(browser: Browser, served: Served) -> None:
    assert served.hearing_demands == []
    heard = sounding(served)
    browser.find("hear").click()
    wait_for(lambda: len(played(browser)) > 100, 15, "a hundred pieces")
    pieces = played(browser)
    gaps = [after[0] - before[0] - before[1] for before, after in pairwise(pieces)]
    assert sum(abs(gap) < 1e-6 for gap in gaps) > 0.8 * len(gaps), "pieces without gaps"
    assert all(gap > -1e-6 for gap in gaps), "none over another"
    assert all(-0.001 <= when - now <= 0.3 for when, _, now in pieces), "close behind"
    browser.find("hear").click()
    wait_for(lambda: served.hearing.listeners == 0, 5, "the end")
    heard.cancel()
    assert not browser.console


def test_hearing_comes_back_with_the_dashboard(
    browser: Browser, served: Served, serve: Serve
) -> None:
    browser.find("hear").click()
    wait_for(lambda: served.hearing.listeners == 1)
    served.stop()
    second = serve(port=served.port)
    wait_for(lambda: second.hearing.listeners == 1, 10, "the listener again")


def test_that_nothing_is_heard_is_told(browser: Browser, served: Served) -> None:
    browser.find("hear").click()
    toast = browser.find("toasts").locator(".toast")
    wait_for(lambda: "microphone sends nothing" in str(toast.text_content()), 10, "a word")
    heard = sounding(served)
    browser.wait_until("document.getElementById('hear').dataset.state === 'playing'")
    heard.cancel()


@pytest.mark.parametrize("way", ["pointer", "key"])
def test_who_holds_the_button_is_played_by_the_robot(
    browser: Browser, served: Served, way: str
) -> None:
    heard = sounding(served)
    browser.find("hear").click()
    wait_for(lambda: played(browser), 10, "sound")
    if way == "pointer":
        hold(browser, "talk")
    else:
        browser.find("talk").focus()
        browser.page.keyboard.down("Space")
    wait_for(lambda: len(served.said) > 100, 15, "two seconds of sound")
    assert browser.evaluate(PRESSED.format("talk")) == "true"
    assert browser.evaluate("window.gains") == [0], "half duplex"
    if way == "pointer":
        browser.page.mouse.up()
    else:
        browser.page.keyboard.up("Space")
    browser.wait_until("window.gains.length === 2")
    assert browser.evaluate("window.gains") == [0, 1]
    said = len(served.said)
    browser.wait_until("document.getElementById('talk-level').style.transform === 'scaleX(0)'")
    rates = {rate for rate, _ in served.said}
    [rate_hz] = rates
    assert all(len(samples) == 2 * rate_hz // 50 for _, samples in served.said)
    # Chromium's microphone beeps.
    sound = np.frombuffer(b"".join(samples for _, samples in served.said), "<i2")
    assert np.abs(sound).max() > 1000
    start = len(played(browser))
    wait_for(lambda: len(played(browser)) > start + 20)
    assert len(served.said) <= said + 5, "nothing is said any more"
    heard.cancel()
    assert not browser.console


def test_the_level_of_the_own_voice_is_shown(browser: Browser, served: Served) -> None:
    hold(browser, "talk")
    level = "document.getElementById('talk-level').style.transform"
    browser.wait_until(f"Number(/scaleX\\((.*)\\)/.exec({level})?.[1]) > 0.2")
    browser.page.mouse.up()


def test_why_nobody_plays_it_is_told(browser: Browser, served: Served) -> None:
    served.refusal = NotConnectedError("start the audio node")
    hold(browser, "talk")
    toast = browser.find("toasts").locator(".toast")
    wait_for(lambda: "start the audio node" in str(toast.text_content()), 10, "the reason")
    browser.wait_until(f"{PRESSED.format('talk')} === 'false'")
    browser.page.mouse.up()


def test_a_page_that_is_not_secure_says_why_it_cannot_talk(
    browser: Browser, served: Served
) -> None:
    assert browser.find("talk").is_enabled()
    browser.page.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
    browser.open(served.dashboard.url)
    browser.wait_until("document.getElementById('talk').disabled")
    assert "HTTPS" in str(browser.find("talk").get_attribute("title"))
    assert browser.find("hear").is_enabled()


def test_volumes_are_shown_and_set(browser: Browser, served: Served) -> None:
    browser.find("listen").click()
    browser.wait_until("document.getElementById('volume-speaker-text').textContent === '40 %'")
    assert browser.text("volume-microphone-text") == "as it is"
    assert browser.find("volume-speaker").input_value() == "40"
    browser.find("volume-speaker").press("ArrowRight")
    wait_for(lambda: served.set == [{"speaker": 45}], 5, f"{served.set}")
    served.refusal = NotConnectedError("start the audio node")
    browser.find("volume-microphone").press("ArrowRight")
    browser.wait_until("document.getElementById('volume-note').textContent.includes('audio node')")
