# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The API's description, and what is answered to whatever fits it or does not."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from harness.api import Api
from harness.dashboard import Served, serving
from harness.pictures import Client, jpeg
from schemathesis import GenerationMode

from reachy_mini_ros.errors import NotConnectedError
from reachy_mini_ros.web import agents, samples

EXAMPLES = 15


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve pictures and two photos, and obey all commands."""
    with pytest.MonkeyPatch.context() as patch, serving() as serve:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(agents, "QUESTION_S", 0.1)  # nobody answers
        patch.setattr(samples, "SILENT_S", 0.1)  # nothing is heard
        one = serve()
        one.photos.mkdir()
        (one.photos / "one.jpg").write_bytes(jpeg(1))
        picture = jpeg(2)
        one.feed(lambda: picture, 0.005)
        one.known = replace(one.known, joints={"yaw_body": 0.0})  # a scan can begin
        yield one


def description(port: int) -> dict[str, Any]:
    answer: dict[str, Any] = Client(port).json("/api/openapi.json")[1]
    return answer


def test_description_has_exactly_the_addresses_that_are_served(served: Served) -> None:
    routes = {
        (re.sub(r"{(\w+):[^}]+}", r"{\1}", resource.canonical), route.method)
        for resource in served.dashboard.application.router.resources()
        for route in resource
        if resource.canonical.startswith(("/api/", "/live/"))
    }
    described = {
        (path, method.upper())
        for path, operations in description(served.port)["paths"].items()
        for method in operations
    }
    assert described == routes
    assert len(described) > 20


def test_every_failure_is_described_as_json(served: Served) -> None:
    for path, operations in description(served.port)["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status not in ("101", "200"):
                    assert "Failure" in str(answer["content"]["application/json"]), path


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_asked_is_answered_as_described(served: Served, mode: GenerationMode) -> None:
    api = Api(served.port)
    for operation in api.operations():
        api.try_out(operation, mode, EXAMPLES)
    if mode is GenerationMode.POSITIVE:
        assert api.statuses[200] > 100
        assert api.statuses[422] == 0, "what fits the description is taken"
    else:
        assert api.statuses[422] > 100


def test_commands_that_nobody_obeys_are_answered_as_described(served: Served) -> None:
    served.refusal = NotConnectedError("nobody is there")
    api = Api(served.port)
    for operation in api.operations("/api/command/"):
        api.try_out(operation, GenerationMode.POSITIVE, 3)
    served.refusal = None
    assert set(api.statuses) == {503}


def test_docs_name_exactly_the_addresses_of_the_description(served: Served) -> None:
    text = (Path(__file__).parents[2] / "docs" / "dashboard_api.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \|", text, re.MULTILINE))
    described = {
        (method.upper(), path)
        for path, operations in description(served.port)["paths"].items()
        for method in operations
    }
    assert documented == described
