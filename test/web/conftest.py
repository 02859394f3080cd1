# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Dashboards for one test each, and a browser for the tests of a module."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from harness.browser import Browser, browsing
from harness.dashboard import Serve, Served, serving
from harness.pictures import jpeg

from reachy_mini_ros.web.robot import MotionState


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as start:
        yield start


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def served(browser: Browser, serve: Serve) -> Served:
    """Return a dashboard that a new page shows, of a robot with its motors on."""
    served = serve()
    served.known = replace(served.known, motion=MotionState("idle", False, "enabled"))
    served.feed(jpeg)
    browser.renew(1440, 900)
    browser.open(served.dashboard.url)
    browser.wait_for_state("live")
    browser.wait_until("!document.getElementById('wake').disabled")
    return served
