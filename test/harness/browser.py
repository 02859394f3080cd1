# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Headless Chromium, driven over its DevTools protocol."""

import base64
import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.sync.client import connect

from harness.processes import Processes
from harness.waiting import wait_for

SWITCHES = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-default-apps", "--no-default-browser-check", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--no-proxy-server", "--remote-debugging-port=0"),
)


class Browser:
    """One page of a headless Chromium; skips the test where there is none."""

    def __init__(self, processes: Processes, profile: Path) -> None:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            pytest.skip("chromium is not installed")
        self._child = processes.start(
            program, *SWITCHES, f"--user-data-dir={profile}", "about:blank"
        )
        self._ids = itertools.count(1)
        self._session = ""
        self.console: list[str] = []

    def __enter__(self) -> Self:
        line = self._child.wait_for_output("DevTools listening on ", 30)
        self._socket = connect(line.split()[-1], max_size=None, proxy=None)
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        attached = self.command("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.command(f"{domain}.enable")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session = ""
        self.command("Browser.close")
        self._socket.close()
        self._child.process.wait(10)

    def command(self, method: str, **params: Any) -> Any:
        """Send one command and return its result."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=20))
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.console.append(json.dumps(answer["params"]))

    def open(self, url: str) -> None:
        """Go to an address; does not wait for it to load."""
        self.command("Page.navigate", url=url)

    def look(self, width: int, height: int, *, scheme: str = "light", mobile: bool = False) -> None:
        """Set the window's size in CSS pixels and the preferred colours."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        self.command(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; promises are awaited."""
        result = self.command(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

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

    def screenshot(self) -> NDArray[np.uint8]:
        """Return what the window shows, BGR."""
        data = self.command("Page.captureScreenshot", format="png")["data"]
        image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        return np.asarray(image, np.uint8)
