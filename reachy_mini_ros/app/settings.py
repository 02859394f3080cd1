# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the app goes by: environment variables, and one file with the token."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reachy_mini_ros.errors import NotConnectedError, SetupError
from reachy_mini_ros.files import live_directory
from reachy_mini_ros.hosts import is_loopback
from reachy_mini_ros.robot import discovery

TOKEN_FILE = Path("~/.config/reachy_mini_ros/token")
PAGE_PORT = 8042
LOCAL = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the app runs."""

    host: str = LOCAL
    """Of the robot's daemon."""
    port: int = 8000
    signalling_port: int = 8443
    address: str = "0.0.0.0"
    """Where the page is served."""
    page_port: int = PAGE_PORT
    token: str = ""
    photo_directory: Path = Path("~/Pictures/reachy_mini")
    destinations: tuple[str, ...] = ()
    """URLs to stream to, with their keys."""

    @property
    def record_directory(self) -> Path:
        """Where clips are that other programs record, for the gallery."""
        return Path("~/Videos/reachy_mini").expanduser()

    @property
    def read_only(self) -> bool:
        """Whether commands are refused: others can come, and nothing tells who they are."""
        return not self.token and not is_loopback(self.address)

    @property
    def live_directory(self) -> Path:
        """Where live streams are written."""
        return live_directory("", f"app_{self.page_port}")


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return what the environment says, and the token's file where that says nothing of it.

    Raises SetupError, naming the variable, for a value that is none.
    """
    usual = Settings()
    host = environment.get("REACHY_MINI_HOST") or usual.host
    port = _port(environment, "REACHY_MINI_PORT", usual.port)
    if host == discovery.AUTO:
        try:
            robot = discovery.the_one()
        except NotConnectedError as error:
            raise SetupError(str(error)) from None
        host, port = robot.host, robot.port
    return Settings(
        host,
        port,
        _port(environment, "REACHY_MINI_SIGNALLING_PORT", usual.signalling_port),
        environment.get("REACHY_MINI_PAGE_ADDRESS") or usual.address,
        _port(environment, "REACHY_MINI_PAGE_PORT", usual.page_port),
        environment.get("REACHY_MINI_TOKEN", "").strip() or _token(TOKEN_FILE.expanduser()),
        Path(environment.get("REACHY_MINI_PHOTOS") or usual.photo_directory).expanduser(),
        tuple(environment.get("REACHY_MINI_DESTINATIONS", "").split()),
    )


def _port(environment: Mapping[str, str], name: str, usual: int) -> int:
    text = environment.get(name) or str(usual)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise SetupError(f"{name} is no port: set it to a number from 1 to 65535")
    return int(text)


def _token(path: Path) -> str:
    """Return the only line of a file; empty if it is not there."""
    try:
        mode, text = path.stat().st_mode, path.read_text()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"cannot read the token in {path}: {error}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SetupError(f"others than its owner may read {path}: chmod 600 {path}")
    lines = text.split()
    if len(lines) != 1:
        raise SetupError(f"{path} has to hold the token and nothing else")
    return lines[0]
