# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``mcp_server``: the robot as tools for a language model."""

import os
import sys
from typing import TYPE_CHECKING

from reachy_mini_ros.signals import end_at_signals

if TYPE_CHECKING:
    from reachy_mini_ros.agent.settings import Settings

PROGRAM = "mcp_server"
DETAILS = """\
Without --allow an agent may ask for the status, and stop the robot. What may be granted:
  motion      move, look_at, express, rest, lease
  camera      look; with motion: scan
  microphone  listen
  speaker     say_sound, play
  streams     where the robot streams to, in the status

The token of the dashboard stands in the environment variable REACHY_MINI_TOKEN, or in a file."""


def main() -> None:
    """Serve until the agent's program, or a signal, ends it; exit 1 with one line if it cannot."""
    end_at_signals()
    from reachy_mini_ros.command_line import fail
    from reachy_mini_ros.errors import SetupError

    try:
        settings, port = _options()
        try:
            from reachy_mini_ros.agent import serve
        except ImportError as error:
            if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "uvicorn"):
                raise
            raise SetupError(
                'it needs the package mcp: pip install "reachy_mini_ros[agent]"'
            ) from None
        if port is None:
            serve.over_stdio(settings)
        else:
            serve.over_http(settings, port)
    except SetupError as error:
        fail(PROGRAM, error)


def _options() -> "tuple[Settings, int | None]":
    """Return what the command line says, and the port where it is to be reached over HTTP."""
    from reachy_mini_ros.agent.options import parser, settings_of

    options = parser(PROGRAM, DETAILS).parse_args(sys.argv[1:])
    return settings_of(options, os.environ), options.http


if __name__ == "__main__":
    main()
