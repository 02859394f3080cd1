# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the daemon answers about the robot's software, checked before it goes anywhere.

Every function takes JSON as it was loaded and raises MalformedError, and nothing else, if that is
not what it should be. Only what is named here goes on: a token that an answer had would not.
"""

from dataclasses import dataclass
from typing import Any

from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon import parsing
from reachy_mini_ros.texts import LONGEST_SENTENCE, shown

LONGEST_LINE = 500
"""Characters that are kept of a line of a log."""


@dataclass(frozen=True, slots=True)
class App:
    """One of the robot's apps, installed or not."""

    name: str
    description: str
    space: str
    """Hugging Face Space that it comes from, ``owner/name``; empty if it is not known."""
    page: str
    """Address of its own page; empty without one."""


@dataclass(frozen=True, slots=True)
class CurrentApp:
    """The app that runs, or ran last."""

    name: str = ""
    state: str = ""
    """``starting``, ``running``, ``stopping``, ``done`` or ``error``; empty if none ran yet."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """What the daemon does in the background."""

    status: str
    """``pending``, ``in_progress``, ``done`` or ``failed``."""
    lines: tuple[str, ...]
    """Its log so far."""


@dataclass(frozen=True, slots=True)
class Wifi:
    """How the wireless robot is in the network."""

    mode: str
    """``wlan``, ``hotspot``, ``disconnected`` or ``busy``."""
    network: str
    """That it is connected to; empty for none."""
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who the robot is for Hugging Face."""

    signed_in: bool
    user: str


@dataclass(frozen=True, slots=True)
class RobotUpdate:
    """Whether there is newer software for the robot itself."""

    available: bool
    current: str
    newest: str


def apps(answer: object) -> tuple[App, ...]:
    """Parse a list of apps."""
    return tuple(_app(parsing.mapping(one, "an app")) for one in parsing.items(answer, "the apps"))


def infos(answer: object) -> tuple[dict[str, Any], ...]:
    """Return a list of apps as the daemon takes them to install."""
    return tuple(parsing.mapping(one, "an app") for one in parsing.items(answer, "the apps"))


def current_app(answer: object) -> CurrentApp:
    """Parse the status of the app that runs; the daemon answers null before the first."""
    if answer is None:
        return CurrentApp()
    status = parsing.mapping(answer, "the app's status")
    info = parsing.mapping(status.get("info"), "the app")
    error = _line(status.get("error"), LONGEST_SENTENCE)
    return CurrentApp(shown(parsing.text(info, "name")), parsing.text(status, "state"), error)


def startup_app(answer: object) -> str:
    """Return the app that starts when the robot wakes up, empty if none does."""
    return _line(parsing.mapping(answer, "the startup app").get("startup_app"))


def job_id(answer: object) -> str:
    """Return the id of a job that was begun."""
    return shown(parsing.text(parsing.mapping(answer, "the job"), "job_id"))


def job(answer: object) -> Job:
    """Parse the status of a job."""
    status = parsing.mapping(answer, "the job's status")
    lines = parsing.items(status.get("logs"), "the job's log")
    return Job(parsing.text(status, "status"), tuple(_line(line, LONGEST_LINE) for line in lines))


def updates(answer: object) -> tuple[str, ...]:
    """Return the names of the apps of which there are newer versions."""
    found = parsing.mapping(answer, "the updates").get("apps_with_updates")
    listed = [parsing.mapping(one, "an update") for one in parsing.items(found, "the updates")]
    return tuple(shown(parsing.text(one, "app_name")) for one in listed)


def robot_name(answer: object) -> str:
    """Return the robot's name."""
    return _line(parsing.mapping(answer, "the robot's name").get("name"))


def wifi(answer: object) -> Wifi:
    """Parse the state of the Wi-Fi."""
    status = parsing.mapping(answer, "the Wi-Fi's status")
    known = parsing.items(status.get("known_networks"), "the known networks")
    network = _line(status.get("connected_network"))
    return Wifi(parsing.text(status, "mode"), network, tuple(map(_line, known)))


def sign_in(answer: object) -> SignIn:
    """Parse whether the robot is signed in at Hugging Face."""
    status = parsing.mapping(answer, "the sign-in")
    return SignIn(parsing.flag(status, "is_logged_in"), _line(status.get("username")))


def robot_update(answer: object) -> RobotUpdate:
    """Parse whether there is newer software for the robot."""
    parts = parsing.mapping(parsing.mapping(answer, "the update").get("update"), "the update")
    daemon = parsing.mapping(parts.get(sdk.PACKAGE), "the daemon's update")
    return RobotUpdate(
        parsing.flag(daemon, "is_available"),
        shown(parsing.text(daemon, "current_version")),
        shown(parsing.text(daemon, "available_version")),
    )


def install_source(answer: object) -> str:
    """Return what the robot's software was installed from, in words."""
    source = parsing.mapping(answer, "the install source")
    return shown(", ".join(f"{key} {value}" for key, value in source.items() if value))


def message(answer: object) -> str:
    """Return the sentence that an answer has."""
    return _line(parsing.mapping(answer, "the answer").get("message"))


def _app(info: dict[str, Any]) -> App:
    extra = info.get("extra")
    extra = extra if isinstance(extra, dict) else {}
    card = extra.get("cardData")
    card = card if isinstance(card, dict) else {}
    description = info.get("description") or card.get("short_description")
    return App(
        shown(parsing.text(info, "name")),
        _line(description, LONGEST_SENTENCE),
        _line(extra.get("id")),
        _line(extra.get("custom_app_url")),
    )


def _line(value: object, longest: int = LONGEST_SENTENCE) -> str:
    return "" if value is None else shown(value, longest)
