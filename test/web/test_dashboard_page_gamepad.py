# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser with a gamepad, of which only the browser's own part is made up."""

from dataclasses import replace

import pytest
from harness.browser import Browser
from harness.dashboard import Serve, Served
from harness.waiting import wait_for

from reachy_mini_ros.web.commands import Head, Stop
from reachy_mini_ros.web.robot import MotionState

GAMEPAD = """
  window.gamepad = {connected: true, mapping: "standard", axes: [0, 0, 0, 0],
    buttons: Array.from({length: 17}, () => ({pressed: false, value: 0}))};
  navigator.getGamepads = () => [null, window.gamepad];
"""
LEFT_SHOULDER, RIGHT_SHOULDER, B = 4, 5, 1


@pytest.fixture
def served(browser: Browser, serve: Serve) -> Served:
    """Return a dashboard that a new page with a gamepad shows, of a robot with its motors on."""
    served = serve()
    served.known = replace(served.known, motion=MotionState("idle", False, "enabled"))
    browser.renew(1440, 900)
    browser.page.add_init_script(GAMEPAD)
    browser.open(served.dashboard.url)
    browser.wait_until("document.getElementById('pad').getAttribute('aria-disabled') === 'false'")
    browser.wait_until("!document.getElementById('gamepad').hidden")
    return served


def press(browser: Browser, *buttons: int) -> None:
    """Hold these buttons, and let all others go, for two pictures of the page at least."""
    browser.evaluate(
        f"gamepad.buttons.forEach((b, i) => b.pressed = {list(buttons)}.includes(i)),"
        " new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def push(browser: Browser, *axes: float) -> None:
    browser.evaluate(f"gamepad.axes = {list(axes)}")


def heads(served: Served) -> list[Head]:
    return [command for command in served.commands if isinstance(command, Head)]


@pytest.mark.parametrize("shoulder", [LEFT_SHOULDER, RIGHT_SHOULDER])
def test_the_head_follows_the_sticks_only_while_a_shoulder_button_is_held(
    browser: Browser, served: Served, shoulder: int
) -> None:
    push(browser, -1.0, -1.0, 1.0, 1.0)
    press(browser)
    assert "hold a shoulder button" in browser.text("gamepad")
    assert served.commands == []
    press(browser, shoulder)
    wanted = Head(roll=25, pitch=-28, yaw=50, z=-0.025, mode="stream")
    wait_for(lambda: served.commands[-1:] == [wanted], 5, lambda: str(served.commands[-1:]))
    assert "follows the sticks" in browser.text("gamepad")
    push(browser, 0.05, 0.0, 0.0, 0.0)  # no stick rests in its very middle
    wait_for(lambda: served.commands[-1] == Head(mode="stream"), 5, "straight ahead")
    press(browser)
    push(browser, 1.0, 0.0, 0.0, 0.0)
    assert "hold a shoulder button" in browser.text("gamepad")
    sent = heads(served)[-1]
    press(browser, shoulder)
    wait_for(lambda: heads(served)[-1].yaw == -50, 5, "the new direction")
    assert sent.yaw > -50


def test_b_stops_and_the_shoulder_button_has_to_be_pressed_anew(
    browser: Browser, served: Served
) -> None:
    push(browser, 1.0, 0.0, 0.0, 0.0)
    press(browser)
    press(browser, LEFT_SHOULDER)
    wait_for(lambda: heads(served), 5, "a target")
    press(browser, LEFT_SHOULDER, B)
    wait_for(lambda: Stop() in served.commands, 5, "the stop")
    press(browser, LEFT_SHOULDER)
    assert "hold a shoulder button" in browser.text("gamepad")
    after = served.commands[served.commands.index(Stop()) + 1 :]
    assert [command for command in after if isinstance(command, Head)] == []
    assert served.commands.count(Stop()) == 1
    press(browser)
    count = len(heads(served))
    press(browser, LEFT_SHOULDER)
    wait_for(lambda: len(heads(served)) > count, 5, "a target again")


def test_the_page_s_stop_ends_the_gamepad_s_targets_too(browser: Browser, served: Served) -> None:
    push(browser, 1.0, 0.0, 0.0, 0.0)
    press(browser)
    press(browser, RIGHT_SHOULDER)
    wait_for(lambda: heads(served), 5, "a target")
    browser.page.keyboard.press("Escape")
    wait_for(lambda: Stop() in served.commands, 5, "the stop")
    press(browser, RIGHT_SHOULDER)
    assert "hold a shoulder button" in browser.text("gamepad")


def test_a_shoulder_button_that_is_held_as_the_page_opens_moves_nothing(
    browser: Browser, served: Served
) -> None:
    browser.page.add_init_script("gamepad.buttons[4].pressed = true; gamepad.axes[0] = 1")
    browser.open(served.dashboard.url)
    browser.wait_until("document.getElementById('pad').getAttribute('aria-disabled') === 'false'")
    press(browser, LEFT_SHOULDER)
    press(browser, LEFT_SHOULDER)
    assert "hold a shoulder button" in browser.text("gamepad")
    assert served.commands == []


def test_a_gamepad_that_is_unplugged_or_of_another_layout_is_told(
    browser: Browser, served: Served
) -> None:
    browser.evaluate("gamepad.mapping = ''")
    browser.wait_until("document.getElementById('gamepad').textContent.includes('layout')")
    browser.evaluate("gamepad.connected = false")
    browser.wait_until("document.getElementById('gamepad').hidden")
    browser.evaluate("gamepad.mapping = 'standard', gamepad.connected = true")
    browser.evaluate("dispatchEvent(new Event('gamepadconnected'))")
    browser.wait_until("document.getElementById('gamepad').textContent.includes('shoulder')")


def test_who_may_only_look_has_no_gamepad(browser: Browser, serve: Serve) -> None:
    served = serve(read_only=True)
    browser.renew(1440, 900)
    browser.page.add_init_script(GAMEPAD)
    browser.open(served.dashboard.url)
    browser.wait_until("document.body.dataset.access === 'view'")
    press(browser)
    push(browser, 1.0, 1.0, 0.0, 0.0)
    press(browser, LEFT_SHOULDER)
    press(browser, LEFT_SHOULDER, B)
    assert browser.find("gamepad").is_hidden()
    assert served.commands == []
    assert browser.find("toasts").locator(".toast").count() == 0
