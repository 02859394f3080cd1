# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of ``mcp_server``."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from reachy_mini_ros.agent.settings import Caps, Grant, Settings
from reachy_mini_ros.command_line import Parser
from reachy_mini_ros.errors import SetupError

HTTP_PORT = 8043
TOKEN = "REACHY_MINI_TOKEN"
USUAL = Settings()


def parser(program: str, details: str) -> Parser:
    """Return what parses it."""
    made = Parser(
        program,
        "Gives a language model the robot as tools (MCP): over the HTTP API of the dashboard or\n"
        "of the app on the robot; spoken to on stdin and stdout, or over HTTP.",
        details=details,
    )
    add = made.add_argument
    add("--url", default=USUAL.url, help="of the dashboard or the app (default: %(default)s)")
    add("--token-file", type=Path, metavar="FILE", help="with the dashboard's token in it")
    add("--allow", type=_grants, default=[], metavar="GRANTS", help="with commas, see below")
    add("--confirm", type=_grants, default=[], metavar="GRANTS", help="ask on the page each time")
    add("--read-only", action="store_true", help="refuse all that changes anything, but stop")
    add("--name", default="", help="what the agent is called (default: as it says)")
    add("--sounds", type=Path, metavar="FOLDER", help="whose files 'play' may play")
    caps = USUAL.caps
    rate, duration, speed = "--max-rate", "--max-duration", "--max-speed"
    kind = _number(1, 600)
    add(
        rate,
        type=kind,
        default=caps.calls_a_minute,
        metavar="N",
        help="calls a minute (%(default)s)",
    )
    kind = _number(1, 600)
    add(duration, type=kind, default=caps.duration_s, metavar="S", help="of a motion (%(default)s)")
    kind = _number(5, 360)
    add(
        speed,
        type=kind,
        default=caps.speed_deg_s,
        metavar="DEG",
        help="deg/s of gotos (%(default)s)",
    )
    add(
        *("--http",),
        type=_port,
        nargs="?",
        const=HTTP_PORT,
        metavar="PORT",
        help=f"serve http://127.0.0.1:PORT/mcp (default: {HTTP_PORT}) instead of stdin and stdout",
    )
    return made


def settings_of(options: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Return what the options say; raises SetupError for what cannot be."""
    if not options.url.startswith(("http://", "https://")):
        raise SetupError(f"--url {options.url}: it begins with http:// or https://")
    if options.sounds is not None and not options.sounds.expanduser().is_dir():
        raise SetupError(f"--sounds {options.sounds}: there is no such folder")
    return Settings(
        options.url,
        _token(options.token_file, environment),
        options.name,
        frozenset(options.allow),
        frozenset(options.confirm),
        options.read_only,
        Caps(round(options.max_rate), float(options.max_duration), float(options.max_speed)),
        None if options.sounds is None else options.sounds.expanduser().resolve(),
    )


def _token(path: Path | None, environment: Mapping[str, str]) -> str:
    if path is None:
        return environment.get(TOKEN, "").strip()
    try:
        token = path.expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"cannot read the token in {path}: {error}") from None
    if not token or len(token.split()) != 1:
        raise SetupError(f"{path} has to hold the token and nothing else")
    return token


def _grants(text: str) -> list[Grant]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = [grant.value for grant in Grant]
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(known)}")
    return [Grant(name) for name in names]


class _number:  # noqa: N801 - used like a function
    """A number between two limits."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not self._least <= value <= self._most:
            limits = f"{self._least:g} to {self._most:g}"
            raise argparse.ArgumentTypeError(f"'{text}' is no number from {limits}")
        return value


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is no port from 1 to 65535")
    return int(text)
