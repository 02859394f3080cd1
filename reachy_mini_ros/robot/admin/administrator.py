# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Administers the software of one robot, and watches its apps.

Every command returns one sentence at its end, and raises NotConnectedError, BusyError (it must not
be, as the robot is now), InvalidCommandError or RobotError (the daemon cannot, or refuses).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from reachy_mini_ros.aio import Supervisor, Tasks
from reachy_mini_ros.errors import (
    BusyError,
    InvalidCommandError,
    ReachyMiniRosError,
    TimedOutError,
)
from reachy_mini_ros.robot.admin.answers import CurrentApp
from reachy_mini_ros.robot.admin.api import ONLY_WIRELESS, AdminApi, checked_robot_name
from reachy_mini_ros.robot.admin.daemon_log import DaemonLog, LogLine
from reachy_mini_ros.robot.admin.jobs import Jobs, Progress
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.motion.receipts import UNTOLD, Order

PERIOD_S = 1.0
STARTUP_EVERY = 5
"""Looks at the app for one at the startup app."""
STARTS_S = 10.0
"""For an app to run once it was started."""
UPDATES = {"stable": False, "pre_release": True}
"""What the robot is updated to."""


@dataclass(frozen=True, slots=True)
class AppSituation:
    """Which app has the robot."""

    app: CurrentApp = field(default_factory=CurrentApp)
    lock: str = ""
    """Who holds the robot: ``free``, or ``local_app: NAME``, ``remote_session: NAME``."""
    startup_app: str = ""
    """Starts when the robot wakes up; empty for none."""
    problem: str = ""
    """Why this is not known; empty if it is."""


class Administrator:
    """The software of one robot; everything belongs to one event loop.

    ``on_app`` hears when another app, or none, has the robot, ``on_progress`` each step of a job,
    ``on_log`` each line of a wireless robot's log.
    """

    def __init__(
        self,
        driver: Driver,
        address: tuple[str, int],
        supervisor: Supervisor,
        on_app: Callable[[AppSituation], None],
        on_progress: Callable[[Progress], None],
        on_log: Callable[[LogLine], None],
    ) -> None:
        self._driver = driver
        self._on_app = on_app
        self._on_log = on_log
        self.api = AdminApi(*address)
        self._log = DaemonLog(*address)
        self.jobs = Jobs(self.api, on_progress)
        self.situation = AppSituation(problem="not asked yet")
        self._tasks = Tasks(supervisor)
        self._started = False

    def start(self) -> None:
        """Watch the robot until :meth:`close`; a second time changes nothing."""
        if not self._started:
            self._started = True
            self._tasks.keep("apps", self._watch)

    async def close(self) -> None:
        """End all that, and let jobs go on in the daemon."""
        await self._tasks.end()
        await self.api.close()

    async def start_app(self, name: str, order: Order = UNTOLD) -> str:
        """Start an installed app, and return when it runs."""
        self._refuse_while_moving()
        await self._require_installed(name)
        order.accept()
        app = await self.api.start_app(name)
        end_s = time.monotonic() + STARTS_S
        while app.state == "starting":
            if time.monotonic() > end_s:
                raise TimedOutError(f"{name} does not run within {STARTS_S:g} s")
            await asyncio.sleep(0.1)
            app = await self.api.current_app()
        await self._look()
        return f"{name} is {app.state}"

    async def stop_app(self, order: Order = UNTOLD) -> str:
        """Stop the app that runs, and return when it has ended."""
        order.accept()
        await self.api.stop_app()
        await self._look()
        return "the app was stopped"

    async def restart_app(self, order: Order = UNTOLD) -> str:
        """Stop the app that runs, and start it again."""
        order.accept()
        app = await self.api.restart_app()
        await self._look()
        return f"{app.name} was started again"

    async def set_startup_app(self, name: str, order: Order = UNTOLD) -> str:
        """Choose the app that starts when the robot wakes up; empty for none."""
        if name:
            await self._require_installed(name)
        order.accept()
        chosen = await self.api.set_startup_app(name)
        await self._look(startup=True)
        return f"{chosen} starts when the robot wakes up" if chosen else "no app starts by itself"

    async def install_app(self, what: str, order: Order = UNTOLD) -> str:
        """Install an app by its Space ``owner/name``, or by its name in the robot's list."""
        return await self.jobs.run("install_app", what, lambda: self.api.install_app(what), order)

    async def remove_app(self, name: str, order: Order = UNTOLD) -> str:
        """Remove an installed app that does not run."""
        await self._require_idle(name)
        return await self.jobs.run("remove_app", name, lambda: self.api.remove_app(name), order)

    async def update_app(self, name: str, order: Order = UNTOLD) -> str:
        """Install the newest version of an app that does not run."""
        await self._require_idle(name)
        return await self.jobs.run("update_app", name, lambda: self.api.update_app(name), order)

    async def update_robot(self, to: str, order: Order = UNTOLD) -> str:
        """Update the wireless robot to the newest ``stable`` or ``pre_release`` version."""
        if to not in UPDATES:
            raise InvalidCommandError(f"update_robot takes {' or '.join(UPDATES)}")
        self._refuse_while_moving()
        pre_release = UPDATES[to]
        update = await self.api.robot_update(pre_release)
        if not update.available:
            raise BusyError(f"there is no newer version than the robot's {update.current}")
        begin = lambda: self.api.update_robot(pre_release)  # noqa: E731
        return await self.jobs.run("update_robot", to, begin, order)

    async def set_robot_name(self, name: str, order: Order = UNTOLD) -> str:
        """Name the robot, for all who look for it, from now on."""
        name = checked_robot_name(name)
        order.accept()
        return f"the robot is called {await self.api.set_robot_name(name)}"

    async def clear_cache(self, order: Order = UNTOLD) -> str:
        """Delete what the wireless robot keeps of Hugging Face: data sets and models."""
        order.accept()
        return await self.api.clear_cache() or "cleared"

    async def reset_apps(self, order: Order = UNTOLD) -> str:
        """Delete all apps of the wireless robot."""
        if self.situation.app.state in ("starting", "running", "stopping"):
            raise BusyError(f"{self.situation.app.name} is running: stop it first")
        order.accept()
        return await self.api.reset_apps() or "removed"

    async def apps(self) -> dict[str, Any]:
        """Return the installed apps, the startup app and which of the apps runs."""
        installed = await self.api.installed_apps()
        await self._look(startup=True)
        return {"installed": [asdict(app) for app in installed], **asdict(self.situation)}

    async def available_apps(self) -> list[dict[str, Any]]:
        """Return the apps that there are; the daemon asks the internet for them."""
        return [asdict(app) for app in await self.api.available_apps()]

    async def updates(self) -> dict[str, Any]:
        """Return what there are newer versions of: apps, and the robot itself."""
        apps = await self.api.app_updates()
        try:
            robot: Any = asdict(await self.api.robot_update(UPDATES["stable"]))
        except ReachyMiniRosError as error:
            robot = str(error)
        return {"apps": list(apps), "robot": robot}

    async def overview(self) -> dict[str, Any]:
        """Return name, network, sign-in and version; a text says why one of them is not known."""
        info = await self.api.info()

        async def asked(what: Callable[[], Any], everywhere: bool = False) -> Any:
            if not (info.wireless or everywhere):
                return ONLY_WIRELESS
            try:
                found = await what()
            except ReachyMiniRosError as error:
                return str(error)
            return found if isinstance(found, str) else asdict(found)

        api = self.api
        return {
            "robot_name": await asked(api.robot_name, everywhere=True),
            "model": info.model,
            "daemon_version": info.daemon_version,
            "wifi": await asked(api.wifi),
            "sign_in": await asked(api.sign_in, everywhere=True),
            "install_source": await asked(api.install_source),
        }

    def _refuse_while_moving(self) -> None:
        motion = self._driver.commander.motion
        if motion.running is not None:
            raise BusyError(f"{motion.owner} has the robot: wait for its end or call stop")

    async def _require_installed(self, name: str) -> None:
        names = [app.name for app in await self.api.installed_apps()]
        if name not in names:
            raise InvalidCommandError(
                f"the robot has no app '{name}'; it has {', '.join(sorted(names)) or 'none'}"
            )

    async def _require_idle(self, name: str) -> None:
        await self._require_installed(name)
        app = await self.api.current_app()
        if app.name == name and app.state in ("starting", "running", "stopping"):
            raise BusyError(f"{name} is running: stop it first")

    async def _watch(self) -> None:
        count, logged = 0, False
        while True:
            await self._look(startup=count % STARTUP_EVERY == 0)
            count += 1
            if not logged and (info := self._driver.info) is not None and info.wireless:
                logged = True
                self._tasks.keep("daemon's log", self._follow_log)
            await asyncio.sleep(PERIOD_S)

    async def _look(self, startup: bool = False) -> None:
        known = self.situation
        try:
            startup = startup or bool(known.problem)
            found = AppSituation(
                await self.api.current_app(),
                await self.api.app_lock(),
                await self.api.startup_app() if startup else known.startup_app,
            )
        except ReachyMiniRosError as error:
            found = AppSituation(problem=str(error))
        if found != known:
            self.situation = found
            self._on_app(found)

    async def _follow_log(self) -> None:
        async for line in self._log.lines():
            self._driver.health.note_log(line.text)
            self._on_log(line)
