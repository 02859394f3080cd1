# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page where the robot cannot be had in 3D: the drawing stays, and why is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.browser import NO_GRAPHICS, SOFTWARE_GRAPHICS, Browser, browsing
from harness.dashboard import Serve

from reachy_mini_ros.robot import sdk

TOLD = "document.getElementById('solid-note').textContent"


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with browsing(*request.param) as browser:
        yield browser


def opens(browser: Browser, reason: str) -> list[str]:
    """Press the button, and return what was asked for; the drawing is still there."""
    asked: list[str] = []
    browser.page.on("request", lambda request: asked.append(request.url))
    browser.wait_until("document.getElementById('connection').dataset.state === 'connected'")
    browser.find("solid-show").click()
    browser.wait_until(TOLD, 20, lambda text: reason in text)
    assert browser.find("robot").is_visible()
    assert not browser.find("solid-canvas").is_visible()
    assert browser.find("solid-show").get_attribute("aria-expanded") == "false"
    assert browser.text("solid-show") == "3D"
    return asked


@pytest.mark.parametrize("browser", [NO_GRAPHICS], indirect=True)
def test_without_webgl_nothing_is_loaded(browser: Browser, serve: Serve) -> None:
    browser.open(serve().dashboard.url)
    assert not [url for url in opens(browser, "no WebGL") if "scene" in url or "vendor" in url]
    assert browser.console == []


@pytest.mark.parametrize("browser", [SOFTWARE_GRAPHICS], indirect=True)
def test_without_the_sdk_s_model_it_is_told_and_comes_with_it(
    browser: Browser, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sdk, "_folder", lambda: tmp_path)
        browser.open(serve().dashboard.url)
        opens(browser, "the SDK's model of the robot is not there")
    browser.find("solid-show").click()
    browser.wait_until("document.querySelector('.pose-card').dataset.view === 'solid'", 60)
    assert browser.text("solid-note") == ""
    assert not browser.find("robot").is_visible()
