# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the app goes by: environment variables, then the settings file, then what is usual."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reachy_mini_ros.app import settings_file
from reachy_mini_ros.app.table import TABLE, TOKEN, check, variable
from reachy_mini_ros.errors import NotConnectedError, SetupError
from reachy_mini_ros.files import live_directory
from reachy_mini_ros.hosts import is_loopback
from reachy_mini_ros.media.recording import Limits
from reachy_mini_ros.media.streaming.encoder import Quality
from reachy_mini_ros.robot import discovery, driver
from reachy_mini_ros.robot.motion.limit_values import limits_of
from reachy_mini_ros.robot.state import Interpolation
from reachy_mini_ros.web.settings import Setting, Value

LOCAL = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the app runs."""

    values: Mapping[str, Any] = field(repr=False)
    """By the names of the table; a host that was looked for is the one that was found."""
    shown: tuple[Setting, ...] = field(repr=False)
    """The table with what was set, which holds secrets, and why which cannot be set elsewhere."""
    problem: str = ""
    """What of all that does not count, and why."""

    @property
    def host(self) -> str:
        """Of the robot's daemon."""
        return str(self.values["host"])

    @property
    def port(self) -> int:
        """Of the robot's daemon."""
        return int(self.values["port"])

    @property
    def signalling_port(self) -> int:
        """Of the robot's WebRTC."""
        return int(self.values["signalling_port"])

    @property
    def address(self) -> str:
        """Where the page is served."""
        return str(self.values["page_address"])

    @property
    def page_port(self) -> int:
        """Of the page."""
        return int(self.values["page_port"])

    @property
    def token(self) -> str:
        """Who has it may command; empty for none."""
        return str(self.values[TOKEN])

    @property
    def photo_directory(self) -> Path:
        """Of the gallery."""
        return Path(self.values["photos"]).expanduser()

    @property
    def record_directory(self) -> Path:
        """Where clips are recorded."""
        return Path("~/Videos/reachy_mini").expanduser()

    @property
    def record_limits(self) -> Limits:
        """Where a clip ends."""
        return Limits(self.values["record_max_s"], self.values["record_max_mb"])

    @property
    def record_motion(self) -> bool:
        """Whether what moves is recorded unasked."""
        return bool(self.values["record_on"] == "motion")

    @property
    def read_only(self) -> bool:
        """Whether commands are refused: others can come, and nothing tells who they are."""
        return not self.token and not is_loopback(self.address)

    @property
    def live_directory(self) -> Path:
        """Where live streams are written."""
        return live_directory("", f"app_{self.page_port}")

    @property
    def quality(self) -> Quality:
        """Of streams."""
        return Quality(self.values["bitrate"], self.values["keyframe_interval"])

    @property
    def driving(self) -> driver.Settings:
        """How the robot is moved."""
        return driver.Settings(
            limits=limits_of(self.values),
            goto_duration_s=self.values["goto.duration"],
            goto_method=Interpolation(self.values["goto.method"]),
        )


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return what is set.

    Raises SetupError, naming the variable, for a value in the environment that is none.
    """
    kept = settings_file.read()
    known = [_set(setting, kept.values, environment) for setting in TABLE]
    values: dict[str, Any] = {setting.name: setting.value for setting in known}
    found, missing = _robot(values["host"])
    problem = "; ".join(text for text in (kept.problem, missing) if text)
    return Settings(values | found, tuple(known), problem)


def _set(setting: Setting, kept: Mapping[str, Value], environment: Mapping[str, str]) -> Setting:
    """Return a setting with its value."""
    name = variable(setting.name)
    given = environment.get(name, "").strip()
    if given:
        try:
            value = check(setting, setting.parse(given))
        except ValueError as error:
            raise SetupError(f"{name}: {error}") from None
        return replace(setting, value=value, fixed=f"the environment variable {name} sets it")
    if setting.name == TOKEN:
        return replace(setting, value=settings_file.read_token())
    return replace(setting, value=kept.get(setting.name, setting.default))


def _robot(host: str) -> tuple[dict[str, Any], str]:
    """Return what changes if the robot is to be looked for, and why none was found.

    The page is there all the same: it is where another host is set.
    """
    if host != discovery.AUTO:
        return {}, ""
    try:
        robot = discovery.the_one()
    except (NotConnectedError, SetupError) as error:
        return {"host": LOCAL}, f"{error}; {LOCAL} is taken until the app is started again"
    return {"host": robot.host, "port": robot.port}, ""
