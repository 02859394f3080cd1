# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot in 3D on the page, in a real browser: who may do what, for everybody, at all sizes.

How it moves and looks is in test/nodes/dashboard/test_view3d.py.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from harness.browser import CONTRASTS, SOFTWARE_GRAPHICS, WINDOWS, Browser, browsing
from harness.dashboard import Serve, Served
from harness.waiting import wait_for

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.web import commands
from reachy_mini_ros.web.robot import MotionState

OPEN = "document.querySelector('.pose-card').dataset.view === 'solid'"
LOAD_S = 60.0
MARKED = "import('/scene.js').then(({ shown }) => shown.props.mark.visible)"
AZIMUTH = """import("/scene.js").then(({ shown: { camera } }) =>
  Math.atan2(camera.position.y, camera.position.x) * 180 / Math.PI)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing(*SOFTWARE_GRAPHICS) as browser:
        yield browser


def show(browser: Browser, serve: Serve, **settings: object) -> Served:
    """Return a dashboard whose page has the robot in 3D."""
    served = serve(**settings)
    served.known = replace(served.known, motion=MotionState("idle", False, "enabled"))
    served.joints = {"yaw_body": 0.3, "passive_7_z": 0.0}
    browser.renew(1440, 900)
    browser.open(served.dashboard.url)
    browser.wait_until("document.getElementById('connection').dataset.state === 'connected'")
    browser.find("solid-show").click()
    browser.wait_until(OPEN, LOAD_S)
    browser.page.locator("[data-from=front]").click()
    return served


def click(browser: Browser) -> None:
    """Click what is a bit beside the head, towards who looks."""
    canvas = browser.find("solid-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": 0.3 * box["width"], "y": 0.3 * box["height"]})


def looked_at(served: Served) -> list[commands.LookAt]:
    return [each for each in served.commands if isinstance(each, commands.LookAt)]


def test_a_click_is_a_command_for_who_may_give_one(browser: Browser, serve: Serve) -> None:
    served = show(browser, serve)
    click(browser)
    wait_for(lambda: looked_at(served), 10, "the command")
    (point,) = looked_at(served)
    assert point.x > 0.2, "before the robot"
    assert point.y < -0.05, "to its right, which is left of who looks at it"
    assert browser.evaluate(MARKED)
    # What is refused is told, and not marked.
    served.refusal = InvalidCommandError("that is out of reach")
    click(browser)
    browser.wait_until("document.getElementById('toasts').textContent.includes('out of reach')")
    assert not browser.evaluate(MARKED)
    # Without motors nobody asks, and the page says why.
    served.refusal = None
    served.known = replace(served.known, motion=MotionState("idle", False, "disabled"))
    browser.wait_until("document.getElementById('look').disabled")
    click(browser)
    browser.wait_until("document.getElementById('toasts').textContent.includes('motors are off')")
    assert len(looked_at(served)) == 2


def test_who_may_only_look_turns_the_view_alone(browser: Browser, serve: Serve) -> None:
    served = show(browser, serve, read_only=True)
    assert not browser.page.get_by_text("the robot looks there").is_visible()
    click(browser)
    for key, degrees in (("ArrowRight", 10), ("ArrowLeft", 0), ("ArrowLeft", -10)):
        browser.find("solid-canvas").press(key)
        assert browser.evaluate(AZIMUTH) == pytest.approx(degrees, abs=0.1)
    browser.page.locator("[data-from=side]").click()
    assert browser.evaluate(AZIMUTH) == pytest.approx(90, abs=0.1), "its left side"
    box = browser.find("solid-canvas").bounding_box()
    assert box is not None
    mouse = browser.page.mouse
    mouse.move(box["x"] + 150, box["y"] + 150)
    mouse.down()
    mouse.move(box["x"] + 100, box["y"] + 150, steps=5)
    mouse.up()
    assert browser.evaluate(AZIMUTH) > 100
    assert served.commands == []


def test_what_is_not_known_is_not_shown_as_known(browser: Browser, serve: Serve) -> None:
    served = show(browser, serve)
    known = "document.getElementById('solid-canvas').dataset.known"
    browser.wait_until(f"{known} === 'true'")
    served.joints = {"yaw_body": 0.3}
    browser.wait_until(f"{known} === 'false'")
    served.joints = {"yaw_body": 0.3, "passive_7_z": 0.0}
    browser.wait_until(f"{known} === 'true'")
    served.stop()
    browser.wait_until(f"{known} === 'false'", 20)


def test_it_stands_still_and_draws_nothing_while_nothing_moves(
    browser: Browser, serve: Serve
) -> None:
    served = show(browser, serve)
    frames = "import('/scene.js').then(({ shown }) => shown.frames)"
    angle = "import('/scene.js').then(({ shown }) => shown.robot.joints.yaw_body.angle)"
    browser.wait_until(angle, 15, lambda value: abs(value - 0.3) < 1e-6)
    before = browser.evaluate(frames)
    asked = served.asked
    wait_for(lambda: served.asked > asked + 40, 15, "statuses and joints")
    assert browser.evaluate(frames) == before
    served.joints = {"yaw_body": -0.3, "passive_7_z": 0.0}
    browser.wait_until(angle, 15, lambda value: abs(value + 0.3) < 1e-6)
    assert browser.evaluate(frames) > before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_keeps_nobody_out(browser: Browser, serve: Serve, scheme: str) -> None:
    show(browser, serve)
    for width in (390, 1440):
        browser.look(width, 900, scheme=scheme)
        assert browser.barriers() == []
        # WCAG 2.2, 1.4.3: AA for text of any size.
        assert [each for each in browser.evaluate(CONTRASTS) if each[0] < 4.5] == []


def test_it_fits_every_window(browser: Browser, serve: Serve) -> None:
    show(browser, serve)
    for width, height in WINDOWS.values():
        browser.look(width, height)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        canvas = "document.getElementById('solid-canvas')"
        sides = f"[{canvas}.clientWidth, {canvas}.clientHeight, {canvas}.width, {canvas}.height]"
        browser.wait_until(
            sides, 10, lambda four: four[0] >= 260 and four[1] >= 260 and four[:2] == four[2:]
        )
        assert browser.evaluate(f"{canvas}.clientHeight") < height, "all of it can be seen at once"
