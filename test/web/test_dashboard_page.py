# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: what a person sees."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from harness.browser import Browser
from harness.dashboard import Serve
from harness.pictures import GREEN, jpeg
from harness.processes import Processes

from reachy_mini_ros.web.robot import HeadPose, Status

STATE = "document.getElementById('stage')?.dataset.state"
ORANGE = (20, 120, 240)


@pytest.fixture(scope="module")
def browser(processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(processes, tmp_path_factory.mktemp("profile")) as page:
        page.look(1280, 800)
        yield page
        assert not [line for line in page.console if "Content Security" in line], page.console


def text(browser: Browser, name: str) -> str:
    return str(browser.evaluate(f"document.getElementById('{name}').textContent"))


def share_of(browser: Browser, colour: tuple[int, int, int]) -> float:
    """Return how much of the window has that colour, 0 to 1."""
    difference = np.abs(browser.screenshot().astype(int) - colour).max(axis=2)
    return float((difference < 12).mean())


@pytest.mark.parametrize(("width", "height", "least"), [(1280, 800, 0.35), (390, 844, 0.17)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_live_picture_fills_the_page_and_is_the_newest(
    browser: Browser, serve: Serve, width: int, height: int, least: float, scheme: str
) -> None:
    served = serve()
    shown = [jpeg(colour=GREEN)]
    served.feed(lambda: shown[0])
    browser.look(width, height, scheme=scheme)
    browser.open(served.dashboard.url)
    browser.wait_until(f"{STATE} === 'live'")
    assert share_of(browser, GREEN) > least
    shown[0] = jpeg(colour=ORANGE)
    browser.wait_until(
        "new Promise(done => requestAnimationFrame(() => setTimeout(done, 200, true)))"
    )
    assert share_of(browser, ORANGE) > least
    assert share_of(browser, GREEN) < 0.01
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not browser.evaluate(wide)


def test_read_outs_show_the_status(browser: Browser, serve: Serve) -> None:
    served = serve()
    served.known = Status(
        "connected",
        {
            "robot_name": "Kitchen",
            "model": "wireless",
            "daemon_version": "1.2.3",
            "motor_mode": "gravity_compensation",
        },
        HeadPose(-1.25, 10.0, 21.5, 0.0, 0.0, 0.0),
    )
    served.feed(jpeg, 1 / 15)
    browser.open(served.dashboard.url)
    browser.wait_until(f"{STATE} === 'live' && document.getElementById('yaw').textContent > ''")
    browser.wait_until("document.getElementById('yaw').textContent === '21.5°'")
    assert browser.evaluate("document.title") == "Reachy Mini"
    assert text(browser, "connection-text") == "Connected"
    assert text(browser, "robot_name") == "Kitchen"
    assert text(browser, "model") == "wireless"
    assert text(browser, "motor_mode") == "gravity compensation"
    assert text(browser, "daemon_version") == "1.2.3"
    assert text(browser, "pitch") == "10.0°"
    browser.wait_until(
        r"/^640 \S 360 \S 1\d\.\d Hz$/.test(document.getElementById('format').textContent)"
    )
    served.known = Status("connected", {"robot_name": "Kitchen"})
    browser.wait_until("document.getElementById('yaw').textContent.length === 1")


def test_a_picture_that_stopped_is_taken_away_and_comes_back(
    browser: Browser, serve: Serve
) -> None:
    served = serve()
    served.feed(jpeg)
    browser.look(1280, 800)
    browser.open(served.dashboard.url)
    browser.wait_until(f"{STATE} === 'live'")
    served.silence()
    browser.wait_until(f"{STATE} === 'silent'")
    assert text(browser, "state") == "Camera silent"
    assert share_of(browser, GREEN) < 0.01
    assert browser.evaluate("document.getElementById('shoot').disabled")
    served.known = Status("lost")
    browser.wait_until(f"{STATE} === 'away'")
    assert text(browser, "state") == "Robot away"
    served.feed(jpeg)
    browser.wait_until(f"{STATE} === 'live'", 5)
    assert share_of(browser, GREEN) > 0.35


def test_page_reconnects_by_itself_when_the_dashboard_is_back(
    browser: Browser, serve: Serve
) -> None:
    first = serve()
    first.feed(jpeg)
    browser.open(first.dashboard.url)
    browser.wait_until(f"{STATE} === 'live'")
    first.stop()
    browser.wait_until(f"{STATE} === 'unreachable'")
    assert text(browser, "connection-text") == "Offline"
    second = serve(port=first.port)
    second.feed(jpeg)
    browser.wait_until(f"{STATE} === 'live'", 10)
    assert share_of(browser, GREEN) > 0.35


def test_snapshot_button_shows_the_picture_and_offers_it_for_download(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    served = serve()
    served.feed(jpeg)
    browser.look(1280, 800)
    browser.open(served.dashboard.url)
    browser.wait_until(f"{STATE} === 'live'")
    # By keyboard: the button is the first thing that can be reached.
    for kind in ("keyDown", "keyUp"):
        browser.command("Input.dispatchKeyEvent", type=kind, key="Tab", windowsVirtualKeyCode=9)
    assert browser.evaluate("document.activeElement.innerText").strip() == "Snapshot"
    browser.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    for kind, extra in (("keyDown", {"text": "\r"}), ("keyUp", {})):
        browser.command(
            "Input.dispatchKeyEvent", type=kind, key="Enter", windowsVirtualKeyCode=13, **extra
        )
    browser.wait_until("document.getElementById('shot').naturalWidth === 640")
    browser.evaluate("document.getElementById('save').click()")
    browser.wait_until("true", 10, lambda _: bool(list(tmp_path.glob("reachy_mini_*.jpg"))))
    assert next(tmp_path.glob("reachy_mini_*.jpg")).read_bytes() == jpeg()
    browser.evaluate("document.getElementById('dismiss').click()")
    assert browser.evaluate("document.getElementById('snapshot').hidden")


def test_token_in_the_link_is_enough_and_does_not_stay_in_the_address(
    browser: Browser, serve: Serve
) -> None:
    served = serve(token="correct-horse")
    served.feed(jpeg)
    browser.open(f"{served.dashboard.url}?token=correct-horse")
    browser.wait_until(f"{STATE} === 'live'")
    assert browser.evaluate("location.href") == served.dashboard.url


def test_everything_that_acts_has_a_name(browser: Browser, serve: Serve) -> None:
    served = serve()
    served.feed(jpeg)
    browser.open(served.dashboard.url)
    browser.wait_until(f"{STATE} === 'live'")
    nodes = browser.command("Accessibility.getFullAXTree")["nodes"]
    for node in nodes:
        role = node.get("role", {}).get("value")
        if role in ("button", "link", "image", "heading", "region", "complementary"):
            assert node.get("name", {}).get("value"), node
