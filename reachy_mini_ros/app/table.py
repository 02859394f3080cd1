# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that can be set of the app, one table: for the page, the file and the environment."""

import re
from collections.abc import Iterator
from typing import Any

from reachy_mini_ros.hosts import is_literal
from reachy_mini_ros.media.streaming import target
from reachy_mini_ros.robot.motion import options
from reachy_mini_ros.web.access import MINIMUM_TOKEN_LENGTH
from reachy_mini_ros.web.settings import KINDS, Setting, Value

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.?")
TOKEN = "token"
PHOTOS = "photos"
PAGE = ("page_address", "page_port")
ROBOT = ("host", "port", "signalling_port")
NOT_HERE = "a page is not to choose which files it shows; set {} instead"
"""Why a setting is not changed by a page."""


def variable(name: str) -> str:
    """Return the environment variable that goes before a setting's value in the file."""
    return f"REACHY_MINI_{name.upper().replace('.', '_')}"


def _setting(
    section: str,
    name: str,
    default: Value,
    description: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    *,
    secret: bool = False,
) -> Setting:
    return Setting(
        name=name,
        section=section,
        kind=KINDS[type(default)],
        description=description,
        value=default,
        default=default,
        minimum=minimum,
        maximum=maximum,
        choices=choices,
        secret=secret,
        fixed=NOT_HERE.format(variable(name)) if name == PHOTOS else "",
    )


def _table() -> Iterator[Setting]:
    robot = "robot"
    yield _setting(
        *(robot, "host", "127.0.0.1"),
        "Name or address of the robot's daemon; auto: the one that announces itself, with its port",
    )
    yield _setting(robot, "port", 8000, "Port of the robot's daemon", 1, 65535)
    yield _setting(robot, "signalling_port", 8443, "Port of the robot's media", 1, 65535)
    yield _setting(
        *("camera", "frame_rate", 15.0),
        *("JPEG pictures a second, at most those of the robot; not of its own video", 1.0, 60.0),
    )
    yield _setting("camera", "jpeg_quality", 80, "Quality of JPEG pictures", 1, 100)
    yield _setting("camera", PHOTOS, "~/Pictures/reachy_mini", "Folder of the photos")
    yield _setting(
        *("camera", "record_max_s", 600.0),
        *("Length that a clip ends at, s; 0: no limit", 0.0, 86400.0),
    )
    yield _setting(
        *("camera", "record_max_mb", 500.0),
        *("Size that a clip ends at, MB; 0: no limit", 0.0, 100000.0),
    )
    yield _setting(
        *("camera", "record_on", "never"),
        "When clips are recorded unasked; for motion pictures are decoded all the time",
        choices=("never", "motion"),
    )
    yield _setting(
        *("sound", "activity_threshold", -40.0),
        *("Level above which activity begins, dBFS", -90.0, 0.0),
    )
    yield _setting(
        *("streams", "destinations", ()),
        "Servers to stream to: rtmp://, rtmps://, rtsp:// or, where FFmpeg knows it, srt:// URLs "
        "with their keys, with blanks between them",
        secret=True,
    )
    yield _setting(
        *("streams", "bitrate", 2500, "Of the picture where it is encoded, kbit/s", 100, 20000)
    )
    yield _setting(*("streams", "keyframe_interval", 2.0, "Seconds between key frames", 0.5, 10.0))
    yield _setting(
        *("dashboard", "page_address", "0.0.0.0"),
        "Address of this machine that the page is served on; any but loopback is read-only without "
        "a token",
    )
    yield _setting(
        *("dashboard", "page_port", 8042),
        *("Port of the page; the robot's dashboard opens 8042", 1, 65535),
    )
    yield _setting(
        *("dashboard", TOKEN, ""),
        "Who has it may look and command, nobody else may look: 8 characters or more",
        secret=True,
    )
    for option in (*options.GOTO, *options.LIMITS):
        yield _setting("limits", *option)


TABLE = tuple(_table())


def check(setting: Setting, value: Any) -> Value:
    """Return a value that a setting accepted, if it makes sense; raises ValueError with why not."""
    match setting.name:
        case "host" if not (_NAME.fullmatch(value) or is_literal(value)):
            raise ValueError("that is neither the name of a host, nor an address, nor auto")
        case "page_address" if value != "localhost" and not is_literal(value):
            raise ValueError("that is no address: 0.0.0.0 for all of this machine's, 127.0.0.1")
        case "token" if value and (len(value) < MINIMUM_TOKEN_LENGTH or not _is_word(value)):
            raise ValueError(
                f"a token has {MINIMUM_TOKEN_LENGTH} characters or more, of ASCII, and no blanks"
            )
        case "destinations":
            target.servers(value)
    return value  # type: ignore[no-any-return]


def _is_word(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
