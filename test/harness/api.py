# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Requests made up from the API's own description, and what every answer must be."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error

from harness.waiting import patience
from reachy_mini_ros.web.samples import to_wav

ENDLESS = ("/api/stream", "/api/events", "/api/joints")
LONG = ("/api/movement",)
"""Takes the seconds that are asked for."""
# A command that nobody can carry out now is no fault of the server's: 503 and 504 are described.
UNCHECKED = [not_a_server_error]

WAVS = st.builds(
    to_wav,
    st.binary(min_size=4, max_size=800).map(lambda samples: samples[: len(samples) // 4 * 4]),
    st.integers(8000, 96000),
    st.integers(1, 2),
)
schemathesis.openapi.media_type("audio/wav", WAVS)


class Api:
    """The operations that a dashboard describes."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._schema = schemathesis.openapi.from_url(f"{self.url}/api/openapi.json")
        self.statuses: Counter[int] = Counter()
        self.failures: list[str] = []
        """Answers of 500 and more."""

    def operations(self, start: str = "/") -> Iterator[Any]:
        """Return those whose path begins with ``start``, but WebSockets."""
        for result in self._schema.get_all_operations():
            operation = result.ok()
            socket = "101" in operation.responses.status_codes
            if operation.path.startswith(start) and not socket:
                yield operation

    def try_out(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        """Send made-up requests that fit the description, or that do not; check each answer."""
        json = any(body.media_type == "application/json" for body in operation.body)
        if mode is GenerationMode.NEGATIVE and not (operation.query or json):
            return  # nothing in it can be wrong as the description sees it

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=1 if operation.path in LONG else examples,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def every(case: Case) -> None:
            self._check(case)

        every()

    def _check(self, case: Case) -> None:
        if case.path in ENDLESS:
            request = case.as_transport_kwargs(base_url=self.url)
            with requests.request(**request, stream=True, timeout=patience(10)) as answer:
                status, allowed = answer.status_code, case.operation.responses
                assert str(status) in allowed.status_codes
        else:
            response = case.call(timeout=patience(30))
            status = response.status_code
            if status >= 500:
                self.failures.append(f"{status} {response.text[:200]}")
            case.validate_response(response, excluded_checks=UNCHECKED)
        assert status != 500
        self.statuses[status] += 1
