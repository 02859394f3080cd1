# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings as the page shows and changes them, whoever keeps them."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.texts import LONGEST_NAME, shown

Value = bool | int | float | str | tuple[str, ...]
Given = bool | int | float | str | list[str] | None
"""A value as JSON has it; None for the default."""
Kind = Literal["boolean", "integer", "number", "text", "list"]
KINDS: dict[type, Kind] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    tuple: "list",
}
NEEDED = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "text": "a text of one line",
    "list": "a list of texts of one line",
}
LONGEST_TEXT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that can be set."""

    name: str
    section: str
    kind: Kind
    description: str = ""
    value: Value | None = None
    """What holds now; null of a secret, and of what is in no known form."""
    default: Value | None = None
    """Null where it is not known."""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    is_set: bool = True
    """Of a secret: whether there is one."""
    fixed: str = ""
    """Why it cannot be set here; empty if it can."""

    @property
    def bounds(self) -> str:
        """The range or the choices, for people; empty if there are none."""
        if self.minimum is None or self.maximum is None:
            return ", ".join(self.choices)
        return f"{self.minimum:g} to {self.maximum:g}"

    def accept(self, given: object) -> Value:
        """Return what is given, in the setting's type; raises ValueError with the reason.

        The text of the error does not have a secret in it.
        """
        value = _converted(self.kind, given)
        told = "the value" if self.secret else shown(given, LONGEST_NAME)
        if value is None:
            raise ValueError(f"{told} is not {NEEDED[self.kind]}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{told} is not one of {self.bounds}")
        if isinstance(value, int | float) and not self._in_range(value):
            raise ValueError(f"{told} is outside {self.bounds}")
        return value

    def parse(self, text: str) -> Value:
        """Return what a text says, as of an environment variable; raises likewise."""
        text = text.strip()
        given: object = text
        if self.kind == "list":
            given = text.split()
        elif self.kind == "boolean":
            given = {"true": True, "false": False}.get(text.lower())
        elif self.kind in ("integer", "number"):
            given = _number(text)
        if given is None:
            raise ValueError(f"{shown(text, LONGEST_NAME)} is not {NEEDED[self.kind]}")
        return self.accept(given)

    def _in_range(self, value: float) -> bool:
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return low <= value <= high


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsDocument:
    """All settings, in the order in which they are shown."""

    settings: tuple[Setting, ...]
    kept: str
    """Where they are kept, or that they are not, in a sentence."""
    problem: str = ""
    """What is wrong with what was kept, or with who keeps it."""
    unlock: str = ""
    """How the first token is set, where commands are refused for want of one."""
    read_only: bool = False
    """Changes are refused."""


@dataclass(frozen=True, slots=True)
class FoundRobot:
    """A robot that announces itself in the network."""

    name: str
    host: str
    port: int
    model: str
    version: str


class RefusedSettingsError(InvalidCommandError):
    """Settings that cannot be: why, for each of them by its name."""

    def __init__(self, reasons: Mapping[str, str], before: str = "") -> None:
        """``before`` is said first."""
        told = "; ".join(f"{shown(name, LONGEST_NAME)}: {why}" for name, why in reasons.items())
        super().__init__(before + told)
        self.reasons = dict(reasons)


class SettingsStore(ABC):
    """Who keeps settings; every method is called on the event loop's thread.

    All but the last may raise NotConnectedError if nobody is there to answer, TimedOutError if
    nobody does.
    """

    code = ""
    """Who knows it may set the first token; empty where there is none to be set."""

    @abstractmethod
    async def read(self) -> SettingsDocument:
        """Return what is set; no secret is in it."""

    @abstractmethod
    async def check(self, changes: Mapping[str, Given]) -> dict[str, str]:
        """Return why which of the changes would be refused, and change nothing."""

    @abstractmethod
    async def change(self, changes: Mapping[str, Given]) -> str:
        """Make the changes, and return what follows; raises RefusedSettingsError, RobotError."""

    @abstractmethod
    async def test(self, changes: Mapping[str, Given]) -> str:
        """Return what the robot tells of itself, with ``changes`` tried and not made.

        Raises RefusedSettingsError for such changes, NotConnectedError or RobotError if the robot
        does not answer as one.
        """

    @abstractmethod
    async def robots(self) -> tuple[FoundRobot, ...]:
        """Return the robots that announce themselves; raises SetupError if that cannot be asked."""


def accepted(
    settings: Iterable[Setting], changes: Mapping[str, Given]
) -> tuple[dict[str, Value | None], dict[str, str]]:
    """Return the changes in the settings' types, None for a default, and why which are refused."""
    known = {setting.name: setting for setting in settings}
    values: dict[str, Value | None] = {}
    refused: dict[str, str] = {}
    for name, given in changes.items():
        try:
            values[name] = _accepted(known.get(name), given)
        except ValueError as error:
            refused[name] = str(error)
    return values, refused


def _accepted(setting: Setting | None, given: Given) -> Value | None:
    if setting is None:
        raise ValueError("there is no such setting")
    if setting.fixed:
        raise ValueError(f"it cannot be set here: {setting.fixed}")
    if given is None and setting.default is None:
        raise ValueError("its default is not known here")
    return None if given is None else setting.accept(given)


def _converted(kind: Kind, given: object) -> Value | None:
    """Return a value in the type of a kind, None if it is not of it."""
    match kind, given:
        case "boolean", bool():
            return given
        case (("boolean" | "integer" | "number"), bool()):
            return None
        case "integer", int():
            return given
        case "number", int() | float() if math.isfinite(given):
            return float(given)
        case "text", str() if _is_line(given):
            return given
        case "list", list() | tuple() if all(isinstance(one, str) for one in given):
            return tuple(given) if all(map(_is_line, given)) else None
    return None


def _is_line(text: str) -> bool:
    return len(text) <= LONGEST_TEXT and (text.isprintable() or not text)


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
