# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Secrets that were not typed: everybody on the machine can read a command line, but not a file."""

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from reachy_mini_ros.errors import SetupError

LONGEST_BYTES = 64 * 1024
_FOR_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


def secret_lines(file: str, name: str, setting: str, warn: Callable[[str], object]) -> list[str]:
    """Return a secret, its lines, from where it was not typed.

    That is ``file``, which ``setting`` named, without empty lines and those that begin with
    ``#``, or else the environment variable ``REACHY_MINI_{NAME}``; none if there is neither.

    Raises SetupError if the file cannot be read or has nothing in it; ``warn`` hears if others
    than its owner may use it.
    """
    if not file:
        return _lines(os.environ.get(f"REACHY_MINI_{name.upper()}", ""))
    path = Path(file).expanduser()
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            lines = _lines(opened.read(LONGEST_BYTES).decode())
    except OSError as error:
        raise SetupError(f"{setting}: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SetupError(f"{setting}: {path} is no text") from None
    if not lines:
        raise SetupError(f"{setting}: there is nothing in {path}")
    if mode & _FOR_OTHERS:
        warn(f"others than its owner may use {path}: chmod 600 {path}")
    return lines


def one_line(lines: Sequence[str], setting: str) -> str:
    """Return the token out of its file; raises SetupError if there is more in it."""
    if len(lines) > 1:
        raise SetupError(f"{setting}: the file has more than one line")
    return "".join(lines)


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]
