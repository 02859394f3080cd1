# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A listener of server-sent events."""

import json
import time
from types import TracebackType
from typing import Any, Self

from harness.pictures import Client
from harness.waiting import patience


class EventStream:
    """The events of the dashboard, as they come."""

    def __init__(
        self, port: int, query: str = "", timeout_s: float = 10.0, *, path: str = "/api/events"
    ) -> None:
        self._client = Client(port, timeout_s)
        self.answer = self._client.open(f"{path}{query}")
        if self.answer.status != 200:
            status, body = self.answer.status, self.answer.read().decode()
            self.close()
            raise AssertionError(f"HTTP {status}: {body}")
        assert self.answer.headers["Content-Type"] == "text/event-stream"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def read(self) -> tuple[str, Any] | None:
        """Return the next event's kind and content, None at the end."""
        fields: dict[str, str] = {}
        while line := self.answer.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return (fields["event"], json.loads(fields["data"])) if fields else None

    def next(self, kind: str) -> Any:
        """Return the content of the next event of a kind; fail if others come for long instead."""
        deadline_s = time.monotonic() + patience(30)
        while (event := self.read()) is not None:
            if event[0] == kind:
                return event[1]
            assert time.monotonic() < deadline_s, f"no event {kind}"
        raise AssertionError("the events ended")

    def close(self) -> None:
        self.answer.close()
        self._client.close()
