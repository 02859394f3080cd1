# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The app's settings behind its page: checked, kept in their files, and then gone by."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reachy_mini_ros.app import settings_file
from reachy_mini_ros.app.settings import Settings
from reachy_mini_ros.app.settings_file import SETTINGS_FILE
from reachy_mini_ros.app.table import PAGE, ROBOT, TABLE, TOKEN, check
from reachy_mini_ros.errors import NotConnectedError, RobotError, SetupError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.robot import discovery
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.web.settings import (
    FoundRobot,
    Given,
    RefusedSettingsError,
    SettingsDocument,
    SettingsStore,
    Value,
    accepted,
)

KEPT = f"Kept in {SETTINGS_FILE} on this machine, the token in a file of its own."
UNLOCK = (
    "Nobody may command yet: there is no token. Choose one, and give the code that stands in the "
    "app's log, which is in the daemon's: journalctl -u reachy-mini-daemon on the wireless robot."
)
CONNECT_S = 3.0
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class AppSettings(SettingsStore):
    """Reads and writes the files; the app begins anew with what was changed."""

    def __init__(
        self,
        settings: Settings,
        on_change: Callable[[], object],
        find: Callable[[], list[discovery.Found]] = discovery.find,
    ) -> None:
        """Take the settings in force; ``on_change`` hears that others are kept now."""
        self._settings = settings
        self._on_change = on_change
        self._find = find
        self._one = asyncio.Lock()
        self.code = _new_code() if settings.read_only else ""

    async def read(self) -> SettingsDocument:
        """Return what is in force."""
        settings = tuple(
            replace(one, value=None, default=None, is_set=bool(one.value)) if one.secret else one
            for one in self._settings.shown
        )
        return SettingsDocument(
            settings=settings, kept=KEPT, problem=self._settings.problem, unlock=UNLOCK
        )

    async def check(self, changes: Mapping[str, Given]) -> dict[str, str]:
        """Return why which of the changes would be refused."""
        return (await asyncio.to_thread(self._checked, changes))[1]

    async def change(self, changes: Mapping[str, Given]) -> str:
        """Keep the changes, and have the app begin anew with them."""
        async with self._one:
            values = await self._accepted(changes)
            try:
                told = await asyncio.to_thread(_keep, values)
            except OSError as error:
                reason = error.strerror or error
                raise RobotError(
                    f"nothing can be kept in {SETTINGS_FILE.parent}: {reason}"
                ) from None
            if not told:
                return "nothing is changed"
            if values.get(TOKEN):
                self.code = ""
            self._on_change()
            return f"{told}: the app begins anew with it"

    async def test(self, changes: Mapping[str, Given]) -> str:
        """Ask the robot's daemon who it is, and whether its media can be reached."""
        values = await self._accepted(
            {name: given for name, given in changes.items() if name in ROBOT}
        )
        host, port, signalling_port = (
            values.get(name, self._settings.values[name]) for name in ROBOT
        )
        if host == discovery.AUTO:
            host, port = await asyncio.to_thread(self._found)
        return await _asked(str(host), int(str(port)), int(str(signalling_port)))

    async def robots(self) -> tuple[FoundRobot, ...]:
        """Return who announces itself; takes some seconds."""
        return tuple(
            FoundRobot(one.name, one.host, one.port, one.model, one.version)
            for one in await asyncio.to_thread(self._find)
        )

    async def _accepted(self, changes: Mapping[str, Given]) -> dict[str, Any]:
        values, refused = await asyncio.to_thread(self._checked, changes)
        if refused:
            raise RefusedSettingsError(refused)
        return values

    def _checked(self, changes: Mapping[str, Given]) -> tuple[dict[str, Any], dict[str, str]]:
        known = {one.name: one for one in self._settings.shown}
        values, refused = accepted(known.values(), changes)
        values |= {name: known[name].default for name, value in values.items() if value is None}
        for name, value in values.items():
            try:
                check(known[name], value)
                if name == "host" and value == discovery.AUTO:
                    self._found()
            except (ValueError, NotConnectedError, SetupError) as error:
                refused[name] = str(error).removeprefix(f"{name}: ")
        if not refused:
            refused = self._page_refused(values)
        return values, refused

    def _page_refused(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return why nobody can listen where the page is to be."""
        before, after = (
            [chosen[name] for name in PAGE]
            for chosen in (self._settings.values, {**self._settings.values, **values})
        )
        if after == before:
            return {}
        address, port = after
        if port != before[1]:
            return _unusable(address, port, "page_port")
        return _unusable(address, 0, "page_address")  # the page itself still has the port

    def _found(self) -> tuple[str, int]:
        robot = discovery.only(self._find())
        return robot.host, robot.port


def _keep(values: Mapping[str, Value]) -> str:
    """Write what differs from the usual, and the token; return what was done, empty for nothing.

    Raises OSError.
    """
    usual = {setting.name: setting.default for setting in TABLE}
    before = settings_file.read()
    after = {**before.values, **{name: values[name] for name in values if name != TOKEN}}
    after = {name: value for name, value in after.items() if value != usual[name]}
    told = ""
    if TOKEN in values and values[TOKEN] != _token_before():
        settings_file.write_token(str(values[TOKEN]))
        told = "saved"
    if after != before.values or before.problem:
        aside = settings_file.write(after)
        told = f"saved; what could not be read is kept as {aside}" if aside else "saved"
    return told


def _token_before() -> str:
    try:
        return settings_file.read_token()
    except SetupError:
        return ""  # whatever is there is no token that counts


def _unusable(address: str, port: int, name: str) -> dict[str, str]:
    """Return why nobody can listen there, by the setting that is to blame."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((address, port))
            tried.listen()
    except OSError as error:
        return {name: f"nobody can listen there: {error.strerror or error}"}
    return {}


async def _asked(host: str, port: int, signalling_port: int) -> str:
    api = DaemonApi(host, port)
    try:
        async with asyncio.timeout(CONNECT_S):
            info = await api.info()
            problem = await api.media_problem()
    except TimeoutError:
        raise NotConnectedError(f"{network_address(host, port)} does not answer") from None
    finally:
        await api.close()
    robot = f"{info.robot_name or 'a robot'} ({info.model}, daemon {info.daemon_version})"
    if not problem:
        problem = await _refusal(host, signalling_port)
    return f"{robot} answers; {problem or 'so do its camera and sound'}"


async def _refusal(host: str, port: int) -> str:
    """Return why nobody listens there; empty if somebody does."""
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or "no answer"
        return f"its camera and sound do not: {network_address(host, port)}: {why}"
    writer.close()
    return ""


def _new_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(12))
    return "-".join(letters[start : start + 4] for start in (0, 4, 8))
