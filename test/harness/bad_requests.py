# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a request over HTTP or with an agent's call: for each input its bad values.

A test compares the inputs here with those of the API's description and with the tools' schemas.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

HUGE = 1e308
CONTROL = "nose\x1b[31m\x07\n[INFO] forged\r"
LONG = "x" * 5000
NUMBERS: tuple[Any, ...] = (
    *(math.nan, math.inf, -math.inf, HUGE, -HUGE, 10**400),
    *(True, "", "20", "NaN", CONTROL, [1], {}),
)
FLAGS: tuple[Any, ...] = (None, 1, 0.0, math.nan, "true", "", CONTROL, [True], {})
NAMES: tuple[Any, ...] = (None, 5, math.nan, True, [], {}, CONTROL, LONG, "a\0b")
WORDS: tuple[Any, ...] = (*NAMES, "", "nothing-of-this-name")
LISTS: tuple[Any, ...] = (None, 5, "0", {}, [], [math.nan], [HUGE], [None], [[0]], [0.0] * 1000)
WHOLE: tuple[bytes, ...] = (
    *(b"", b"null", b"[]", b'"x"', b"{", b"{}}", b"\xff\xfe", b'{"nose": 1}', b"NaN"),
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b"[" * 30_000,
    b'{"nose": "' + b"x" * 70_000 + b'"}',
)
"""Bodies that are wrong wherever JSON is taken."""
NOTHING: dict[str, tuple[Any, ...]] = {}

Fields = Mapping[str, tuple[Any, ...]]

_HEAD = dict.fromkeys(("roll", "pitch", "yaw", "x", "y", "z"), NUMBERS)
_POINT = dict.fromkeys("xyz", NUMBERS)
_SCAN = {"yaw_steps": LISTS, "pitch_steps": LISTS}
_COMMANDS: dict[str, tuple[dict[str, Any], Fields]] = {
    **dict.fromkeys(("stop", "wake_up", "goto_sleep", "media_release"), ({}, NOTHING)),
    **dict.fromkeys(("media_acquire", "photo", "stream_start", "stream_stop"), ({}, NOTHING)),
    **dict.fromkeys(
        ("motors", "automatic_body_yaw", "record", "motion_detection"),
        ({"enabled": True}, {"enabled": FLAGS}),
    ),
    "head": ({"yaw": 5.0}, {**_HEAD, "mode": WORDS}),
    "antennas": ({"left": 5.0}, {"left": NUMBERS, "right": NUMBERS, "mode": WORDS}),
    "body": ({"yaw": 5.0}, {"yaw": NUMBERS, "duration": (*NUMBERS, 0, -1, 1e9), "mode": WORDS}),
    "look_at": ({"x": 1.0, "y": 0.0, "z": 0.2}, _POINT),
    "look_at_pixel": (
        {"u": 1.0, "v": 1.0},
        {**dict.fromkeys("uv", (*NUMBERS, -1)), "width": (*NUMBERS, 0), "height": (*NUMBERS, 0)},
    ),
    "play_move": ({"name": "nod"}, {"name": (*WORDS, "../../etc/passwd", "a/b/c/d")}),
    "play_sound": ({"name": "x"}, {"name": (*WORDS, "/etc/passwd")}),
    "lease": (
        {"action": "acquire", "name": "ann"},
        {"action": WORDS, "name": (*NAMES, "", "a/b"), "seconds": (*NUMBERS, 0, -5)},
    ),
}
_CHANGES = ({"values": {}}, {"values": (None, 5, "x", [], {LONG: 1}, {"x": {}}, {"": 1})})

BODIES: dict[str, tuple[dict[str, Any], Fields]] = {
    **{f"POST /api/command/{name}": row for name, row in _COMMANDS.items()},
    "POST /api/volume": ({"speaker": 50}, {"speaker": NUMBERS, "microphone": NUMBERS}),
    "POST /api/scan": (
        {},
        {
            **_SCAN,
            "body_yaw_steps": LISTS,
            "full_360": FLAGS,
            "max_edge": (*NUMBERS, 0, 1.5),
            "quality": (*NUMBERS, 0, 101),
            "max_speed": (*NUMBERS, 0),
        },
    ),
    "POST /api/agents/calls": (
        {"id": "1", "tool": "move", "arguments": "{}", "outcome": "begun"},
        {"id": (None, 5, []), "tool": (None, 5, []), "outcome": WORDS, "text": (None, 5)},
    ),
    "POST /api/agents/questions": (
        {"tool": "move", "arguments": "{}"},
        {"tool": (None, 5, []), "arguments": (None, 5, {})},
    ),
    "POST /api/agents/answers": ({"id": 1, "allow": True}, {"id": NUMBERS, "allow": FLAGS}),
    "POST /api/agents/pause": ({"paused": False}, {"paused": FLAGS}),
    **{
        f"POST /api/admin/{name}": ({}, NOTHING)
        for name in ("stop_app", "restart_app", "clear_cache", "reset_apps")
    },
    **dict.fromkeys(
        (f"POST /api/admin/{name}_app" for name in ("start", "install", "remove", "update")),
        ({"name": "x"}, {"name": (*NAMES, "", "../x", "a/b/c")}),
    ),
    "POST /api/admin/startup_app": ({"name": "x"}, {"name": (*NAMES, "../x")}),
    "POST /api/admin/update_robot": ({"name": "stable"}, {"name": WORDS}),
    "POST /api/admin/robot_name": ({"name": "x"}, {"name": (*NAMES, "")}),
    "PUT /api/settings": (
        {"values": {}},
        {"values": (*_CHANGES[1]["values"], {"nose": 1}, {CONTROL: 1}, {"frame_rate": HUGE})},
    ),
    "POST /api/settings/validate": _CHANGES,
    "POST /api/settings/test": _CHANGES,
    "POST /api/settings/token": (
        {"code": "x", "token": "y"},
        {"code": (*NAMES, ""), "token": (None, 5, LONG)},
    ),
}
"""By method and path: a body that is taken, and of its fields the values that are not."""

_SIZES = ("NaN", "inf", "1e308", "-1", "0", "", "x", quote(CONTROL), "1" * 3000)
_SECONDS = ("NaN", "inf", "-inf", "1e308", "-1", "0", "", "x", quote(CONTROL))
_SOUND = ("?sound=", "?sound=maybe", "?sound=NaN", f"?sound={quote(CONTROL)}")
_FILES = ("nothing.jpg", "..%2f..%2fetc%2fpasswd", "%00", quote(CONTROL), LONG, "%ff%fe", ".")


def _sizes(*names: str) -> tuple[str, ...]:
    return tuple(f"?{name}={size}" for name in names for size in _SIZES)


ADDRESSES: dict[str, tuple[str, ...]] = {
    "GET /api/stream": _sizes("width", "quality", "fps"),
    "GET /api/snapshot": _sizes("width", "quality"),
    "GET /api/video": _SOUND,
    "GET /api/hear.wav": tuple(f"?seconds={value}" for value in _SECONDS),
    "GET /api/events": _SOUND,
    "GET /api/status": _SOUND,
    "GET /api/movement": tuple(f"?seconds={value}" for value in _SECONDS),
    "GET /api/photos/{name}": (*_FILES, *(f"nothing.jpg{size}" for size in _sizes("width"))),
    "DELETE /api/photos/{name}": _FILES,
    "GET /api/model/meshes/{name}": _FILES,
    "GET /api/clips/{name}": _FILES,
    "DELETE /api/clips/{name}": _FILES,
    "GET /api/clips/{name}/still": tuple(f"{name}/still" for name in _FILES),
    "GET /api/timeline/{id}/picture": tuple(
        f"{name}/picture" for name in (*_FILES, "-1", "NaN", "9" * 400)
    ),
    "GET /api/scans/{name}/{file}": (
        *(f"{name}/panorama.jpg" for name in _FILES),
        *(f"nothing/{name}" for name in _FILES),
    ),
    "GET /api/admin/log": tuple(
        f"?after={value}" for value in ("NaN", "1e308", "-1", "", "9" * 400)
    ),
    "GET /live/{path}": ("nothing", "..%2f..%2fetc%2fpasswd", "hls/%00", quote(CONTROL), LONG),
}
"""By method and path: what is wrong behind the part of the path that is the same for all."""
SOUNDS = (
    *(b"", b"RIFF", b"x" * 100, b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0"),
    b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0data\0\0\0\0",
)
"""Bodies of /api/say that are no sound."""


def bodies(row: tuple[dict[str, Any], Fields]) -> Iterator[bytes]:
    """Yield the bad bodies of an address: each of its fields, and what is bad anywhere."""
    good, fields = row
    yield from WHOLE
    for name, values in fields.items():
        for value in values:
            yield json.dumps({**good, name: value}).encode()


_TOOL_HEAD = {name: (*NUMBERS, None) for name in ("roll", "pitch", "yaw", "x", "y", "z")}
TOOLS: dict[str, tuple[dict[str, Any], ...]] = {
    "status": ({"nose": 1},),
    "look": tuple(
        {name: value} for name in ("max_edge", "quality") for value in (*NUMBERS, None, 0, 1.5)
    ),
    "look_at": (
        {},
        {"u": 1.0},
        {"x": 1.0, "y": 0.0},
        {"u": 1.0, "v": 1.0, "width": 10.0, "height": 10.0, "x": 1.0},
        *({"x": 1.0, "y": 0.0, "z": value} for value in (*NUMBERS, None)),
        *({"u": value, "v": 1.0, "width": 10.0, "height": 10.0} for value in (*NUMBERS, -1)),
        {"u": 1.0, "v": 1.0, "width": 0.0, "height": 10.0},
    ),
    "move": (
        {},
        {"head": 5},
        {"head": {"nose": 1.0}},
        {"head": {"mode": "stream"}},
        {"body": {}},
        {"antennas": {}},
        *({"head": {name: value}} for name, values in _TOOL_HEAD.items() for value in values),
        *({"body": {"yaw": value}} for value in (*NUMBERS, None)),
        *({"body": {"yaw": 0.0, "duration": value}} for value in NUMBERS),
        *({"antennas": {"left": value}} for value in (*NUMBERS, None)),
    ),
    "express": (
        *({"action": value} for value in (*WORDS, "play")),
        *({"action": "play", "name": value} for value in (*WORDS, "../x", "a/b/c/d")),
        {"action": "list", "name": "x"},
    ),
    "say_sound": ({}, *({"name": value} for value in (*WORDS, "/etc/passwd"))),
    "play": (
        {},
        *({"name": value} for value in (*WORDS, "../x.wav", "/etc/passwd")),
        {"name": "one of many sounds, 1.wav"},  # which is no sound
    ),
    "listen": (
        *({"seconds": value} for value in (*NUMBERS, 0, -1)),
        *({"wav": value} for value in FLAGS),
    ),
    "scan": (
        *({name: value} for name in ("yaw_steps", "pitch_steps") for value in LISTS),
        *({"width": value} for value in (*NUMBERS, 0)),
        *({"full_360": value} for value in FLAGS),
    ),
    "rest": ({}, *({"state": value} for value in WORDS)),
    "lease": (
        {},
        *({"action": value} for value in (*WORDS, "take")),
        *({"action": "acquire", "seconds": value} for value in (*NUMBERS, 0, -1)),
    ),
    "nothing-of-this-name": ({}, {"x": 1}),
    CONTROL: ({},),
    LONG: ({},),
    "": ({},),
}
"""By tool: arguments that are refused. A stop takes whatever comes with it."""
