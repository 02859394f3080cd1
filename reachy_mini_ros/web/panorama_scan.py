# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Executable ``panorama_scan``: has a running dashboard, or the app, make a panorama.

Needs no ROS. Ctrl-C cancels the scan: the robot goes back, and what was taken is kept.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from reachy_mini_ros.command_line import Parser, fail, parse

PROGRAM = "panorama_scan"
PERIOD_S = 0.2
ANSWER_S = 20.0
TOKEN_VARIABLE = "REACHY_MINI_TOKEN"


class _FailedError(Exception):
    """The dashboard refused, or cannot be reached; the text says why."""


class _Api:
    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, body: object = None) -> dict[str, Any]:
        """Return the answer; raises _FailedError."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._url}/api/scan", data, self._headers, method=method)
        try:
            with urlopen(request, timeout=ANSWER_S) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except HTTPError as error:
            with contextlib.suppress(ValueError):
                raise _FailedError(json.load(error)["error"]) from None
            raise _FailedError(f"{self._url} answered {error.code}: is it the dashboard?") from None
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise _FailedError(
                f"no dashboard at {self._url} ({reason}): start its node, or the app on the robot, "
                "or give --url"
            ) from None


def main() -> int:
    """Run a scan to its end, tell its progress and where the pictures are."""
    options = _options(sys.argv[1:])
    api = _Api(options.pop("url"), os.environ.get(TOKEN_VARIABLE, ""))
    try:
        state = api.ask("POST", options)
        state = _followed(api, state)
    except _FailedError as error:
        fail(PROGRAM, error)
    words = f"{state['state']}, {state['taken']} of {state['total']} pictures"
    print(f"{words}, in the folder scans/{state['name']} of the dashboard's photo_directory")
    print("\n".join(state["files"]))
    if state["state"] != "done":
        fail(PROGRAM, state["reason"] or state["state"])
    return 0


def _followed(api: _Api, state: dict[str, Any]) -> dict[str, Any]:
    name, told = state["name"], ""
    while state["state"] == "running" and state["name"] == name:
        line = f"{state['done']}/{state['total']} {state['reason']}"
        if line != told:
            print(line, flush=True)
            told = line
        try:
            time.sleep(PERIOD_S)
        except KeyboardInterrupt:
            with contextlib.suppress(_FailedError):  # it may just have ended
                print(api.ask("DELETE")["message"], flush=True)
        state = api.ask("GET")
    return state


def _options(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the options, those of the scan as the API takes them."""

    def degrees(text: str) -> list[float]:
        return [float(one) for one in text.split(",")]

    parser = Parser(
        PROGRAM,
        "Has the dashboard, or the app on the robot, look around and make a panorama.",
        details=f"A token is read from the environment variable {TOKEN_VARIABLE}. Lists of "
        "degrees are written with commas; one that begins with a minus as --yaw-steps=-40,0,40.",
    )
    parser.add_argument("--url", default="http://127.0.0.1:8042", help="of the dashboard")
    for name, what in (
        ("yaw", "of the head to its body, positive to the left"),
        ("pitch", "rows, positive down"),
        ("body-yaw", "of the body"),
    ):
        parser.add_argument(f"--{name}-steps", type=degrees, metavar="DEGREES", help=what)
    parser.add_argument("--full-360", action="store_true", help="all around, instead of yaw steps")
    parser.add_argument("--max-edge", type=int, metavar="PX", help="of each picture")
    parser.add_argument("--quality", type=int, metavar="1-100", help="of the JPEG files")
    speed = "mean speed of each turn at most, degrees a second"
    parser.add_argument("--max-speed", type=float, metavar="DEG", help=speed)
    given = vars(parse(parser, arguments))
    return {name: value for name, value in given.items() if value is not None}


if __name__ == "__main__":
    sys.exit(main())
