# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is switched on, off or over on the robot, apart from its motion.

Each method returns one sentence, accepts its order when it begins, and raises NotConnectedError,
RobotError (the robot cannot) or BusyError (it must not, as it is now).
"""

import asyncio
import time

from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import BusyError, NotConnectedError, RobotError, TimedOutError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.motion.commander import Commander
from reachy_mini_ros.robot.motion.receipts import UNTOLD, Order

LONGEST_S = 15.0
"""For the daemon to start or stop; a real robot finds its motors meanwhile."""
PERIOD_S = 0.1


class DaemonSwitches:
    """The switches of one robot; everything runs on the event loop."""

    def __init__(self, link: RobotLink, api: DaemonApi, commander: Commander) -> None:
        self._link = link
        self._api = api
        self._commander = commander

    async def gravity_compensation(self, enable: bool, order: Order = UNTOLD) -> str:
        """Let the head be moved by hand and stay where it is left, or hold it again."""
        self._commander.present()
        order.accept()
        mode = "gravity_compensation" if enable else "enabled"
        await self._commander.set_motor_mode(mode)
        if enable:
            await self._commander.stop()
        return f"gravity compensation {_on(enable)}"

    async def automatic_body_yaw(self, enable: bool, order: Order = UNTOLD) -> str:
        """Let the daemon turn the body along with the head, or not; for all its clients."""
        await self._link.send(sdk.automatic_body_yaw_message(enable))
        return f"automatic body yaw {_on(enable)}; the daemon does not confirm it"

    async def head_tracking(self, enable: bool, order: Order = UNTOLD) -> str:
        """Let the daemon follow faces with the head, or not."""
        await self._need_media(enable)
        order.accept()
        if not await self._api.set_head_tracking(enable):
            raise RobotError("head tracking is unavailable: the robot has no picture or no model")
        return f"head tracking {_on(enable)}"

    async def wobbling(self, enable: bool, order: Order = UNTOLD) -> str:
        """Let the daemon move the head to what the robot says, or not."""
        await self._need_media(enable)
        order.accept()
        await self._api.set_wobbling(enable)
        return f"wobbling {_on(enable)}"

    async def release_media(self, order: Order = UNTOLD) -> str:
        """Make the daemon give up camera and sound, for all its clients."""
        order.accept()
        await self._api.hold_media(False)
        return "media released: nobody gets picture or sound from the daemon now"

    async def acquire_media(self, order: Order = UNTOLD) -> str:
        """Make the daemon take camera and sound again."""
        order.accept()
        await self._api.hold_media(True)
        if problem := await self._api.media_problem():
            raise RobotError(f"media are unavailable: {problem}")
        return "media acquired"

    async def start_daemon(self, order: Order = UNTOLD) -> str:
        """Start a stopped daemon's backend; the robot is not woken up."""
        info = await self._api.info()
        if info.daemon_state == "running":
            return "the daemon runs already"
        if info.model == "mockup":
            raise BusyError(
                "a simulated robot's daemon that was stopped would look for real motors if it were "
                "started: start the simulation anew"
            )
        order.accept()
        await self._api.order_daemon("start?wake_up=false")
        await self._wait_for("running")
        return "the daemon runs"

    async def stop_daemon(self, order: Order = UNTOLD) -> str:
        """Stop the daemon's backend where the robot is; it is not put to sleep."""
        if (await self._api.info()).model == "mockup":
            raise BusyError(
                "a simulated robot's daemon cannot be started again once it is stopped: use "
                "daemon/restart, or end the simulation"
            )
        order.accept()
        if self._link.connection is Connection.CONNECTED:
            await self._commander.stop()
        await self._api.order_daemon("stop?goto_sleep=false")
        await self._wait_for("stopped")
        return "the daemon is stopped"

    async def restart_daemon(self, order: Order = UNTOLD) -> str:
        """Start the daemon's backend anew, and return when state comes from it."""
        if (await self._api.info()).daemon_state == "stopped":
            raise BusyError("the daemon is stopped, and does not restart from there: daemon/start")
        since_ns = time.monotonic_ns()
        sockets = self._link.reconnects
        was_connected = self._link.connection is Connection.CONNECTED
        order.accept()
        await self._api.order_daemon("restart")
        until_s = time.monotonic() + LONGEST_S
        # The old socket goes on for a moment: only a new one tells of the new backend.
        while self._link.state is None or (was_connected and self._link.reconnects == sockets):
            if time.monotonic() > until_s:
                raise TimedOutError(f"no state came from the daemon within {LONGEST_S} s")
            await asyncio.sleep(PERIOD_S)
        return f"the daemon was restarted in {(time.monotonic_ns() - since_ns) / 1e9:.1f} s"

    async def _need_media(self, enable: bool) -> None:
        if enable and (problem := await self._api.media_problem()):
            raise RobotError(f"unavailable: {problem}")

    async def _wait_for(self, state: str) -> None:
        until_s = time.monotonic() + LONGEST_S
        while True:
            try:
                info = await self._api.info()
            except NotConnectedError:
                info = None
            if info is not None and info.daemon_state == state:
                return
            if info is not None and info.daemon_state == "error":
                raise RobotError(f"the daemon is in error: {info.error}")
            if time.monotonic() > until_s:
                raise TimedOutError(f"the daemon was not {state} within {LONGEST_S} s")
            await asyncio.sleep(PERIOD_S)


def _on(enable: bool) -> str:
    return "on" if enable else "off"
