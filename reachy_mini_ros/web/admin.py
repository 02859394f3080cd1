# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands and questions about the robot's software, where that may be changed from here."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from reachy_mini_ros.web.commands import LABEL_PATTERN, Command, Done

QUESTIONS = {
    "apps": ("list_apps", "The installed apps, which of them runs, and the startup app."),
    "available": ("list_available_apps", "The apps that there are; asked of the internet."),
    "updates": ("check_updates", "What has newer versions: apps, and the robot itself."),
    "overview": ("overview", "The robot's name, versions, Wi-Fi and sign-in."),
}
"""By the last part of their path: the question, and what is answered."""

_PLAIN = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_NAME = f"^{_PLAIN}$"
AppName = Annotated[str, Field(min_length=1, max_length=100, pattern=_NAME)]


class StopApp(Command):
    """Stop the app that runs."""


class RestartApp(Command):
    """Stop the app that runs, and start it again."""


class ClearCache(Command):
    """Delete what the wireless robot keeps of Hugging Face."""


class ResetApps(Command):
    """Delete all apps of the wireless robot."""


class Named(Command):
    """A command about something by its name."""

    name: AppName


class StartApp(Named):
    """Start an installed app; answered when it runs."""


class RemoveApp(Named):
    """Remove an app; answered when the robot has begun."""


class UpdateApp(Named):
    """Install the newest version of an app; answered when the robot has begun."""


class InstallApp(Command):
    """Install an app by its Space owner/name, or by its name; answered when the robot has begun."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=f"^{_PLAIN}(/{_PLAIN})?$")]


class StartupApp(Command):
    """Choose the app that starts when the robot wakes up; empty for none."""

    name: Annotated[str, Field(max_length=100, pattern=f"^({_PLAIN})?$")]


class RobotName(Command):
    """Name the robot."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=LABEL_PATTERN)]


class UpdateRobot(Command):
    """Update the wireless robot; answered when it has begun."""

    name: Literal["stable", "pre_release"] = "stable"


COMMANDS: dict[str, type[Command]] = {
    "stop_app": StopApp,
    "restart_app": RestartApp,
    "clear_cache": ClearCache,
    "reset_apps": ResetApps,
    "start_app": StartApp,
    "startup_app": StartupApp,
    "install_app": InstallApp,
    "remove_app": RemoveApp,
    "update_app": UpdateApp,
    "update_robot": UpdateRobot,
    "robot_name": RobotName,
}
"""By the last part of their path."""
NAMED = tuple(name for name, command in COMMANDS.items() if "name" in command.model_fields)
"""Those that are about something."""
LASTING = ("install_app", "remove_app", "update_app", "update_robot")
"""Jobs: answered when they have begun."""


@dataclass(frozen=True, slots=True)
class AppState:
    """Which app has the robot."""

    name: str
    """Of the app that runs or ran last, empty for none."""
    state: str
    lock: str
    """Who holds the robot, ``free`` for nobody."""
    startup_app: str
    problem: str = ""
    """Why this is not known, or why the app failed."""


@dataclass(frozen=True, slots=True)
class JobState:
    """How far the job is that runs, or ran last."""

    command: str
    what: str
    status: str
    percent: int | None
    line: str
    """The newest of its log."""


@dataclass(frozen=True, slots=True)
class AdminState:
    """What is known without asking the robot; None for what it did not tell."""

    app: AppState | None = None
    job: JobState | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the daemon's log."""

    level: str
    """``debug``, ``info``, ``warn``, ``error`` or ``fatal``."""
    text: str


@dataclass(frozen=True, slots=True)
class LogLines:
    """What the daemon's log has had to say since it was asked last."""

    last: int
    """To be given as ``after`` the next time."""
    lines: tuple[LogLine, ...] = ()


class Admin(ABC):
    """Who administers a robot; every method is called on the event loop's thread."""

    @abstractmethod
    def state(self) -> AdminState:
        """Return what is known now; asking keeps the sources on for a while."""

    @abstractmethod
    def log(self, after: int) -> LogLines:
        """Return the daemon's lines after a number; asking keeps them coming for a while."""

    @abstractmethod
    async def ask(self, question: str) -> dict[str, Any]:
        """Return the answer to one of :data:`QUESTIONS`; raises like :meth:`.Robot.obey`."""

    @abstractmethod
    async def obey(self, name: str, argument: str | None) -> Done:
        """Carry out one of :data:`COMMANDS`; raises like :meth:`.Robot.obey`."""
