# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium without a window, driven by Playwright; it reaches loopback only."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, sync_playwright

from harness.waiting import patience, wait_for

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first is the same engine without windows, for half the CPU time."""
SWITCHES = (
    *("--disable-quic", "--no-proxy-server", "--disable-dev-shm-usage"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)

SOFTWARE_GRAPHICS = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""Switches for WebGL without a graphics card."""
NO_GRAPHICS = ("--disable-3d-apis",)
"""Switches for none."""

WINDOWS = {
    "small": (360, 640),
    "phone": (390, 844),
    "tablet": (768, 1024),
    "desktop": (1440, 900),
    "wall": (2560, 1440),
}
"""Sizes of windows, CSS pixels."""

CONTRASTS = """() => {
  const parse = (text) => text.match(/[0-9.]+/g).map(Number);
  const clear = (colour) => colour.length === 4 && colour[3] === 0;
  const light = (colour) => colour.slice(0, 3)
    .map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const under = (node) => {
    const colour = parse(getComputedStyle(node).backgroundColor);
    return clear(colour) && node.parentElement ? under(node.parentElement) : colour;
  };
  const found = [];
  for (const node of document.querySelectorAll("body *:not(svg *)")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility({visibilityProperty: true})) continue;
    if (node.closest("[aria-disabled=true], :disabled")) continue;
    const [text, back] = [parse(getComputedStyle(node).color), under(node)].map(light);
    const ratio = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
    found.push([ratio, node.id || node.className || node.tagName, node.textContent.trim()]);
  }
  return found;
}"""
"""The contrast of each text that can be read to its ground, with who and what it is."""


class Browser:
    """One page of a Chromium; skips the test where there is none.

    One at a time in a thread: while it is open, the thread counts as running an event loop.
    """

    page: Page

    def __init__(self, *switches: str) -> None:
        """``switches`` are further ones of Chromium's."""
        self._switches = [*SWITCHES, *switches]
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None:
            pytest.skip(f"{PROGRAMS[0]} is not installed")
        self._program = program
        self.console: list[str] = []
        """Errors and warnings of the page, and exceptions in it."""
        self.violations: list[str] = []
        """Of the content security policy, by any page."""
        self.hosts: set[str] = set()
        """That the page asked for anything."""

    def __enter__(self) -> Self:
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(
            executable_path=self._program, args=self._switches, timeout=patience(30) * 1e3
        )
        self.renew()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._chromium.close()
        self._playwright.stop()

    def renew(self, width: int = 1280, height: int = 800, **options: Any) -> Page:
        """Open a page that knows nothing of those before, and return it."""
        for context in self._chromium.contexts:
            context.close()
        self.console.clear()
        self.page = self._chromium.new_page(viewport={"width": width, "height": height}, **options)
        self.page.set_default_timeout(patience(15) * 1e3)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", self._on_request)
        return self.page

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(message.text)
        if "Content Security" in message.text:
            self.violations.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith(("blob:", "data:")):
            self.hosts.add(str(urlsplit(request.url).hostname))

    def open(self, url: str) -> None:
        """Go to an address."""
        self.page.goto(url, wait_until="domcontentloaded")

    def look(self, width: int, height: int, *, scheme: str = "light") -> None:
        """Set the window's size in CSS pixels and the preferred colours."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")

    def find(self, name: str) -> Locator:
        """Return the element of that id."""
        return self.page.locator(f"#{name}")

    def text(self, name: str) -> str:
        """Return the text of the element of that id."""
        return str(self.find(name).text_content())

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; promises are awaited."""
        return self.page.evaluate(expression)

    def wait_until(
        self, expression: str, timeout_s: float = 15.0, expected: Callable[[Any], bool] = bool
    ) -> Any:
        """Wait until the expression's value is as expected, and return it."""
        values: list[Any] = []

        def reached() -> bool:
            values[:] = [self.evaluate(expression)]
            return expected(values[0])

        wait_for(reached, timeout_s, expression)
        return values[0]

    def wait_for_state(self, state: str, timeout_s: float = 15.0) -> None:
        """Wait until the page says that of its picture: ``live``, ``silent``, ``away``, ..."""
        self.wait_until(f"document.getElementById('stage')?.dataset.state === '{state}'", timeout_s)

    def barriers(self) -> list[str]:
        """Return what axe-core finds in the page that keeps people out, a line each."""
        violations = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {node['html'][:200]}" for one in violations for node in one["nodes"]]

    def screenshot(self) -> NDArray[np.uint8]:
        """Return what the window shows, BGR."""
        data = np.frombuffer(self.page.screenshot(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None
        return np.asarray(image, np.uint8)


@contextmanager
def browsing(*switches: str) -> Iterator[Browser]:
    """Open a browser; at the end no page of it may have complained or asked another host."""
    with Browser(*switches) as browser:
        yield browser
        assert not browser.violations
        assert browser.hosts <= {"127.0.0.1", "localhost"}, browser.hosts
