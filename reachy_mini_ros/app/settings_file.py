# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The app's two files: the settings, and the token, which only its owner may read."""

import contextlib
import itertools
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reachy_mini_ros.app.table import TABLE, TOKEN, check
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.files import write_atomically
from reachy_mini_ros.texts import LONGEST_NAME, shown
from reachy_mini_ros.web.settings import Value

FOLDER = Path("~/.config/reachy_mini_ros")
SETTINGS_FILE = FOLDER / "settings.json"
TOKEN_FILE = FOLDER / "token"
LARGEST = 2**20


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file holds."""

    values: Mapping[str, Value] = field(default_factory=dict)
    problem: str = ""
    """Why some or all of it does not count."""


def read() -> Kept:
    """Return what is kept; what is wrong is left out, and told."""
    path = SETTINGS_FILE.expanduser()
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(LARGEST))
    except FileNotFoundError:
        return Kept()
    except OSError as error:
        return Kept(problem=_problem(f"it cannot be read ({error.strerror})"))
    except (ValueError, RecursionError):  # of JSON and of UTF-8
        return Kept(problem=_problem("it is not JSON"))
    if not isinstance(content, dict):
        return Kept(problem=_problem("it is no object with settings"))
    known = {setting.name: setting for setting in TABLE if setting.name != TOKEN}
    values, wrong = {}, []
    for name, given in content.items():
        try:
            if name not in known:
                raise ValueError("there is no such setting")
            values[name] = check(known[name], known[name].accept(given))
        except ValueError as error:
            wrong.append(f"{shown(name, LONGEST_NAME)}: {error}")
    return Kept(values, _problem("; ".join(wrong)) if wrong else "")


def _problem(what: str) -> str:
    return (
        f"{SETTINGS_FILE}: {what}. Defaults are used for what is wrong in it; when settings are "
        "saved, it is kept under another name"
    )


def write(values: Mapping[str, Value]) -> str:
    """Keep settings, and return the name of what was there and wrong; empty if nothing was.

    Raises OSError.
    """
    path = SETTINGS_FILE.expanduser()
    aside = _set_aside(path) if read().problem else ""
    write_atomically(path, json.dumps(values, indent=2).encode() + b"\n", private=True)
    return aside


def _set_aside(path: Path) -> str:
    names = (path.with_name(f"{path.name}.kept.{number}") for number in itertools.count(1))
    free = next(name for name in names if not name.exists())
    path.rename(free)
    return free.name


def read_token() -> str:
    """Return the only line of the token's file; empty if it is not there. Raises SetupError."""
    path = TOKEN_FILE.expanduser()
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


def write_token(token: str) -> None:
    """Keep the token, or none if it is empty; raises OSError."""
    path = TOKEN_FILE.expanduser()
    if token:
        write_atomically(path, f"{token}\n".encode(), private=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
