# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Real JPEG pictures, and a reader of multipart streams, for the tests of the dashboard."""

import http.client
import json
from typing import Any

import cv2
import numpy as np

from harness.waiting import patience, wait_for

GREEN = (60, 200, 40)
"""BGR."""


def jpeg(number: int = 0, *, colour: tuple[int, int, int] = GREEN, noise: bool = False) -> bytes:
    """Return a 640x360 JPEG, different for each number; with noise about 150 kB large."""
    image = np.empty((360, 640, 3), np.uint8)
    image[:] = colour
    if noise:
        image[:] = np.random.default_rng(number).integers(0, 256, image.shape, np.uint8)
    cv2.putText(image, str(number), (250, 200), cv2.FONT_HERSHEY_SIMPLEX, 3, (0, 0, 0), 5)
    encoded, data = cv2.imencode(".jpg", image)
    assert encoded
    return data.tobytes()


class Client:
    """Plain HTTP to the dashboard, one connection a request."""

    def __init__(self, port: int, timeout_s: float = 10.0) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience(timeout_s))

    def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Return status, headers and body; an underscore in a header's name is a hyphen."""
        try:
            answer = self.open(path, method, **headers)
            return answer.status, answer.headers, answer.read()
        finally:
            self.close()

    def post(
        self, path: str, body: Any = None, method: str = "POST", **headers: str
    ) -> tuple[int, Any]:
        """Send JSON, and return status and the parsed answer; bytes are sent as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        named = {"Content-Type": "application/json"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self.connection.request(method, path, content, named)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            self.close()

    def json(self, path: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
        """Return status and the parsed body."""
        status, _, body = self.get(path, method, **headers)
        return status, json.loads(body)

    def open(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        """Return the answer with its body unread."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, headers=named)
        return self.connection.getresponse()

    def close(self) -> None:
        self.connection.close()


class Stream:
    """An MJPEG stream, read part by part by the rules of multipart."""

    def __init__(self, port: int, path: str = "/api/stream", timeout_s: float = 10.0) -> None:
        self.client = Client(port, timeout_s)
        self.answer = self.client.open(path)
        if self.answer.status != 200:
            self.close()
            raise AssertionError(f"HTTP {self.answer.status}")
        kind, _, self._boundary = self.answer.headers["Content-Type"].partition("; boundary=")
        assert kind == "multipart/x-mixed-replace"
        assert self._line() == f"--{self._boundary}"

    @classmethod
    def of_topic(cls, port: int, path: str = "/api/stream") -> "Stream":
        """Return a stream once the dashboard's subscription and a publisher have met."""

        def opened() -> "Stream | None":
            try:
                return cls(port, path)
            except AssertionError as error:
                if "503" not in str(error):
                    raise
                return None

        stream = wait_for(opened, 20, "pictures on the topic")
        assert stream is not None
        return stream

    def read(self) -> bytes | None:
        """Return the next part's JPEG, None at the end of the stream."""
        headers = {}
        while line := self._line():
            name, _, value = line.partition(": ")
            headers[name] = value
        if not headers:
            return None
        assert headers["Content-Type"] == "image/jpeg"
        body = self.answer.read(int(headers["Content-Length"]))
        assert self._line() == ""
        assert self._line() == f"--{self._boundary}"
        return body

    def close(self) -> None:
        self.answer.close()
        self.client.close()

    def _line(self) -> str:
        return self.answer.readline().decode().rstrip("\r\n")
