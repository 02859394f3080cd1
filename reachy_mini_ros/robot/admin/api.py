# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's HTTP API of apps, updates, names and networks."""

import json
import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from reachy_mini_ros.errors import InvalidCommandError, RobotError
from reachy_mini_ros.robot.admin import answers
from reachy_mini_ros.robot.admin.answers import App, CurrentApp, Job, RobotUpdate, SignIn, Wifi
from reachy_mini_ros.robot.daemon.api import TIMEOUT_S, AnswerError, DaemonApi

T = TypeVar("T")

ONLY_WIRELESS = "only on the wireless robot"
SLOW_S = 30.0
"""For what the daemon asks of the internet, or of an app that is to end."""
SIGN_IN_S = 10.0
"""For the daemon to ask whether its token still holds."""
SLOWEST_S = 180.0
"""For the versions of all apps, which it looks for one by one."""
_NAME = re.compile(r"[\w.-]{1,100}")
_SPACE = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")


class AdminApi(DaemonApi):
    """What the daemon offers of the robot's software; errors as for :class:`DaemonApi`.

    What it refuses is a RobotError with its reason, a name that can be none an
    InvalidCommandError. What only the wireless robot's daemon has raises RobotError elsewhere,
    which says so.
    """

    async def installed_apps(self) -> tuple[App, ...]:
        """Return the apps that the robot has."""
        return await self._ask("GET", "/api/apps/list-available/installed", answers.apps)

    async def available_apps(self) -> tuple[App, ...]:
        """Return the apps that there are; the daemon asks the internet for them."""
        path = "/api/apps/list-available/hf_space"
        return await self._ask("GET", path, answers.apps, timeout_s=SLOW_S)

    async def current_app(self) -> CurrentApp:
        """Return the app that runs, or ran last."""
        return await self._ask("GET", "/api/apps/current-app-status", answers.current_app)

    async def start_app(self, name: str) -> CurrentApp:
        """Start an app; a remote session of another one is ended for it."""
        path = f"/api/apps/start-app/{_checked(name)}"
        return await self._ask("POST", path, answers.current_app, timeout_s=SLOW_S)

    async def stop_app(self) -> None:
        """Stop the app that runs; it has 20 s to end."""
        await self._ask("POST", "/api/apps/stop-current-app", _anything, timeout_s=SLOW_S)

    async def restart_app(self) -> CurrentApp:
        """Stop the app that runs, and start it again."""
        path = "/api/apps/restart-current-app"
        return await self._ask("POST", path, answers.current_app, timeout_s=SLOW_S)

    async def startup_app(self) -> str:
        """Return the app that starts when the robot wakes up, empty if none does."""
        return await self._ask("GET", "/api/apps/startup-app", answers.startup_app)

    async def set_startup_app(self, name: str) -> str:
        """Choose an installed app that starts when the robot wakes up; empty for none."""
        if name:
            _checked(name)
        body = {"startup_app": name or None}
        path = "/api/apps/startup-app"
        return await self._ask("PUT", path, answers.startup_app, body, SLOW_S)

    async def install_app(self, what: str) -> str:
        """Install an app by its Space ``owner/name``, or by its name; return the job's id."""
        info: object
        if _SPACE.fullmatch(what):
            url = f"https://huggingface.co/spaces/{what}"
            name = what.split("/")[1]
            info = {"name": name, "source_kind": "hf_space", "url": url, "extra": {"id": what}}
        else:
            info = await self._catalogued(_checked(what))
        return await self._ask("POST", "/api/apps/install", answers.job_id, info, SLOW_S)

    async def remove_app(self, name: str) -> str:
        """Remove an app; return the job's id."""
        path = f"/api/apps/remove/{_checked(name)}"
        return await self._ask("POST", path, answers.job_id, timeout_s=SLOW_S)

    async def update_app(self, name: str) -> str:
        """Install the newest version of an app; return the job's id."""
        path = f"/api/apps/update/{_checked(name)}"
        return await self._ask("POST", path, answers.job_id, timeout_s=SLOW_S)

    async def app_updates(self) -> tuple[str, ...]:
        """Return the names of the apps that have newer versions."""
        path = "/api/apps/check-updates"
        return await self._ask("GET", path, answers.updates, timeout_s=SLOWEST_S)

    async def job(self, id: str) -> Job:
        """Return how far a job is, also one of an update of the robot."""
        return await self._ask("GET", f"/api/apps/job-status/{quote(id, safe='')}", answers.job)

    async def robot_name(self) -> str:
        """Return the robot's name."""
        return await self._ask("GET", "/api/daemon/robot-name", answers.robot_name)

    async def set_robot_name(self, name: str) -> str:
        """Name the robot, 1 to 64 characters; return the name that it took."""
        body = {"name": checked_robot_name(name)}
        return await self._ask("POST", "/api/daemon/robot-name", answers.robot_name, body)

    async def sign_in(self) -> SignIn:
        """Return whether the robot is signed in at Hugging Face; its token stays there."""
        path = "/api/hf-auth/status"
        return await self._ask("GET", path, answers.sign_in, timeout_s=SIGN_IN_S)

    async def wifi(self) -> Wifi:
        """Return how the robot is in the network."""
        return await self._wireless("GET", "/wifi/status", answers.wifi)

    async def install_source(self) -> str:
        """Return what the robot's software was installed from."""
        return await self._wireless("GET", "/update/install-source", answers.install_source)

    async def robot_update(self, pre_release: bool) -> RobotUpdate:
        """Return whether there is newer software for the robot."""
        path = f"/update/available?pre_release={_flag(pre_release)}"
        return await self._wireless("GET", path, answers.robot_update)

    async def update_robot(self, pre_release: bool) -> str:
        """Begin to update the robot, which restarts its daemon at the end; return the job's id."""
        path = f"/update/start?pre_release={_flag(pre_release)}"
        return await self._wireless("POST", path, answers.job_id)

    async def clear_cache(self) -> str:
        """Delete what the robot keeps of Hugging Face: data sets, models."""
        return await self._wireless("POST", "/cache/clear-hf", answers.message)

    async def reset_apps(self) -> str:
        """Delete all apps of the robot."""
        return await self._wireless("POST", "/cache/reset-apps", answers.message)

    async def _catalogued(self, name: str) -> object:
        path = "/api/apps/list-available/hf_space"
        for info in await self._ask("GET", path, answers.infos, timeout_s=SLOW_S):
            if info.get("name") == name:
                return info
        raise InvalidCommandError(
            f"there is no app '{name}' in the robot's list: give its Space as owner/name"
        )

    async def _wireless(self, method: str, path: str, parse: Callable[[object], T]) -> T:
        try:
            return await self._ask(method, path, parse, timeout_s=SLOW_S)
        except AnswerError as error:
            if error.status != 404:
                raise
            raise RobotError(f"{ONLY_WIRELESS}: this daemon has no {path.split('?')[0]}") from None

    async def _ask(
        self,
        method: str,
        path: str,
        parse: Callable[[object], T],
        body: object = None,
        timeout_s: float = TIMEOUT_S,
    ) -> T:
        try:
            answer = await self._request(method, path, json=body, timeout_s=timeout_s)
        except AnswerError as error:
            if error.status in (404, 500) or not (reason := _detail(error.text)):
                raise
            raise RobotError(f"the robot's daemon refuses: {reason}") from None
        return self._parsed(path, parse, answer)


def checked_robot_name(name: str) -> str:
    """Return a name that a robot can have; raises InvalidCommandError if it is none."""
    name = name.strip()
    if not (1 <= len(name) <= 64 and name.isprintable()):
        raise InvalidCommandError("a robot's name has 1 to 64 printable characters")
    return name


def _detail(text: str) -> str:
    """Return the sentence that the daemon gives as reason, empty if it gives none."""
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        return ""
    return detail if isinstance(detail, str) else ""


def _checked(name: str) -> str:
    """Return the name of an app; raises InvalidCommandError if it can be none."""
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise InvalidCommandError(
            "the name of an app has letters, digits, '.', '_' and '-' only, and 100 at most"
        )
    return name


def _flag(value: bool) -> str:
    return str(value).lower()


def _anything(answer: object) -> None:
    pass
