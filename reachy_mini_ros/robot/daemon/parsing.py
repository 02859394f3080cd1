# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JSON of the daemon, checked field by field.

Everything here raises MalformedError, and nothing else, whatever it is given.
"""

import json
from typing import Any

import numpy as np

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.texts import shown

_JSON_NAMES = {bool: "true or false", dict: "an object", list: "a list", type(None): "null"}


def load(raw: str | bytes, longest: int) -> Any:
    """Return what a JSON text of at most ``longest`` bytes (or characters) says."""
    if len(raw) > longest:
        raise MalformedError(f"{len(raw)} bytes, of {longest} at most")
    try:
        return json.loads(raw.decode() if isinstance(raw, bytes) else raw)
    except ValueError as error:
        raise MalformedError(f"no JSON: {shown(error, 80)}") from None
    except RecursionError:
        raise MalformedError("no JSON: nested too deep") from None


def mapping(value: object, what: str) -> dict[str, Any]:
    """Return an object of JSON."""
    if not isinstance(value, dict):
        raise MalformedError(f"{what} is {_kind(value)}, not an object")
    return value


def items(value: object, what: str) -> list[Any]:
    """Return a list."""
    if not isinstance(value, list):
        raise MalformedError(f"{what} is {_kind(value)}, not a list")
    return value


def text(message: dict[str, Any], key: str) -> str:
    """Return a text as it came: it may be an id or a name, and is shortened where it is shown."""
    value = message.get(key)
    if not isinstance(value, str):
        raise MalformedError(f"'{key}' is {_kind(value)}, not a text")
    return value


def flag(message: dict[str, Any], key: str) -> bool:
    """Return what is true or false."""
    value = message.get(key)
    if not isinstance(value, bool):
        raise MalformedError(f"'{key}' is {_kind(value)}, not true or false")
    return value


def number(message: dict[str, Any], key: str, most: float) -> float:
    """Return a number of at most ``most``, either way."""
    value: Any = message.get(key)
    # Compared as it is: an integer of JSON may be too large for a float.
    if type(value) not in (float, int) or not -most <= value <= most:
        raise MalformedError(f"'{key}' is {_kind(value)}, not a number of {most:g} at most")
    return float(value)


def numbers(message: dict[str, Any], key: str, count: int, most: float) -> Matrix:
    """Return ``count`` numbers of at most ``most``, either way."""
    values = message.get(key)
    check_numbers(values, key, count, most)
    return np.array(values, dtype=np.float64)


def check_numbers(values: Any, key: str, count: int, most: float) -> None:
    """Check a list of ``count`` numbers of at most ``most``, either way.

    In plain Python: for so few numbers that takes a fraction of numpy's time, and true, texts and
    integers without bounds are not taken for numbers on the way.
    """
    if type(values) is not list or len(values) != count:
        raise MalformedError(f"'{key}' is {_kind(values)}, not a list of {count}")
    for value in values:
        if (type(value) is not float and type(value) is not int) or not -most <= value <= most:
            raise MalformedError(f"'{key}' has {_kind(value)}, not a number of {most:g} at most")


def _kind(value: object) -> str:
    """Return what a value is, in a few words; never the whole value, which may be of any size."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**15 else "a huge integer"
    if isinstance(value, str):
        return f"the text '{shown(value, 40)}'"
    return _JSON_NAMES.get(type(value), "nothing known")
