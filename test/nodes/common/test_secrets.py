# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A token and destinations out of files and the environment, and never in a command line."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from harness.processes import Child, Processes, free_port
from harness.ros import RosClient
from harness.waiting import patience
from rcl_interfaces.srv import GetParameters
from rclpy.parameter import parameter_value_to_python
from std_srvs.srv import Trigger

TOKEN = "0123-4567-secret"
URL = "rtmp://127.0.0.1:1/live/secretkey"


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def started(processes: Processes, node: str, environment: str = "", **parameters: object) -> Child:
    """Start a node, with one of the environment variables for its secret."""
    name = {"dashboard": "REACHY_MINI_TOKEN", "stream": "REACHY_MINI_DESTINATIONS"}[node]
    return processes.start_node(node, namespace="/secrets", env={name: environment}, **parameters)


def opens(port: int, token: str) -> bool:
    address = f"http://127.0.0.1:{port}/api/status"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=patience(5)):
            return True
    except urllib.error.HTTPError as error:
        if error.code not in (401, 403):
            raise
        return False


@pytest.mark.parametrize(
    ("parameter", "file", "environment", "expected"),
    [
        ("", f"# of the page\n\n{TOKEN}\n", "", TOKEN),
        ("", "", TOKEN, TOKEN),
        ("", TOKEN, "another-one", TOKEN),
        ("of-the-parameter", TOKEN, "another-one", "of-the-parameter"),
    ],
)
def test_a_token_comes_from_parameter_file_or_environment_in_this_order(
    processes: Processes, tmp_path: Path, parameter: str, file: str, environment: str, expected: str
) -> None:
    given = {"token": parameter} if parameter else {}
    if file:
        given["token_file"] = str(written(tmp_path / "token", file))
    port = free_port()
    dashboard = started(processes, "dashboard", environment, port=port, **given)
    dashboard.wait_for_output("with ?token=...")
    assert opens(port, expected)
    assert not opens(port, "something else")
    dashboard.stop_cleanly()
    assert "others" not in dashboard.output()
    assert expected not in dashboard.output()


def test_a_file_that_others_may_read_is_told_and_taken(
    processes: Processes, tmp_path: Path
) -> None:
    file = written(tmp_path / "token", TOKEN, 0o644)
    port = free_port()
    dashboard = started(processes, "dashboard", port=port, token_file=file)
    dashboard.wait_for_output("with ?token=...")
    assert opens(port, TOKEN)
    dashboard.stop_cleanly()
    (warning,) = [line for line in dashboard.output().splitlines() if "[WARN]" in line]
    assert f"others than its owner may use {file}: chmod 600 {file}" in warning


@pytest.mark.parametrize(
    ("node", "content", "reason"),
    [
        ("dashboard", None, "cannot read {file}: No such file"),
        ("dashboard", b"", "there is nothing in {file}"),
        ("dashboard", b"# only a remark\n", "there is nothing in {file}"),
        ("dashboard", b"short", "the token is shorter than 8 characters"),
        ("dashboard", b"first line\nsecond line\n", "has more than one line"),
        ("dashboard", b"\xff\xfe\x00", "{file} is no text"),
        ("stream", None, "cannot read {file}: No such file"),
        ("stream", b"\n", "there is nothing in {file}"),
        ("stream", b"ftp://user:secretkey@host\n", "destinations: a URL begins with none of"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(
    processes: Processes, tmp_path: Path, node: str, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    name = {"dashboard": "token_file", "stream": "destinations_file"}[node]
    child = started(processes, node, **{name: file})
    line = child.wait_failed()
    assert reason.replace("{file}", str(file)) in line
    assert "secretkey" not in line


def test_destinations_come_from_a_file_and_are_told_to_nobody(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    file = written(tmp_path / "destinations", f"# mine\n{URL}\n{URL}2\n")
    stream = started(processes, "stream", destinations_file=file, hls=False)
    answer = ros.call(Trigger, "/secrets/get_stream_access", timeout_s=20)
    names = [one["name"] for one in json.loads(answer.message)["destinations"]]
    assert names == ["rtmp://127.0.0.1:1/live/...", "rtmp://127.0.0.1:1/live/... (2)"]
    values = ros.call(
        GetParameters,
        "/secrets/stream/get_parameters",
        GetParameters.Request(names=["destinations", "destinations_file"]),
    ).values
    assert [parameter_value_to_python(value) for value in values] == [[], str(file)]
    stream.stop_cleanly()
    assert "secretkey" not in stream.output()


def test_destinations_of_the_environment_give_way_to_the_parameter(
    processes: Processes, ros: RosClient
) -> None:
    stream = started(processes, "stream", f"{URL}\n", destinations="['rtmp://host/live/key']")
    answer = ros.call(Trigger, "/secrets/get_stream_access", timeout_s=20)
    names = [one["name"] for one in json.loads(answer.message)["destinations"]]
    assert names == ["hls", "rtmp://host/live/..."]
    stream.stop_cleanly()
