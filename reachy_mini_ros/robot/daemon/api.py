# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's HTTP API, as far as the websocket does not offer the same."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from reachy_mini_ros.errors import NotConnectedError, PreemptedError, RobotError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.state import RobotInfo

TIMEOUT_S = 3.0
_CLOSING_S = 0.5
LOADING_S = 30.0
"""For the moves of a data set, which the daemon reads anew each time; it does nothing else then."""


class _AnswerError(RobotError):
    """The daemon answered with an error's status."""

    def __init__(self, status: int, path: str, text: str) -> None:
        super().__init__(f"the daemon answers {status} to {path}: {text}")
        self.status = status


class DaemonApi:
    """Calls to one daemon; use it on one event loop and :meth:`close` it there.

    Every method raises NotConnectedError if the daemon does not answer, and RobotError if its
    answer is an error.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = network_address(host, port)
        self._opened: aiohttp.ClientSession | None = None
        self._own_moves: deque[str] = deque(maxlen=16)

    async def close(self) -> None:
        """Close the kept connections."""
        if self._opened is not None:
            await self._opened.close()

    async def info(self) -> RobotInfo:
        """Return what the daemon tells of itself."""
        return sdk.parse_status(await self._request("GET", "/api/daemon/status"))

    async def camera_specs(self) -> dict[str, Any]:
        """Return name, resolutions, K (3x3, of the full sensor) and D of the robot's camera."""
        specs: dict[str, Any] = await self._request("GET", "/api/camera/specs")
        return specs

    async def media_problem(self) -> str:
        """Return why the daemon gives neither pictures nor sound, empty if it should."""
        media = await self._request("GET", "/api/media/status")
        if media["released"]:
            return (
                "another program released the robot's camera and sound: the service media/acquire "
                f"or POST http://{self._address}/api/media/acquire takes them back"
            )
        if media["no_media"]:
            return "the daemon runs without camera and sound (--no-media)"
        if not media["available"]:
            return "the daemon could not start its camera and sound; its log says why"
        return ""

    async def set_motor_mode(self, mode: str) -> None:
        """Set `enabled`, `disabled` or `gravity_compensation`."""
        await self._request("POST", f"/api/motors/set_mode/{mode}")

    async def play(self, move: str, on_begun: Callable[[], None] | None = None) -> None:
        """Play `wake_up`, `goto_sleep` or a recorded move, and return when the motion has ended.

        A recorded move is ``recorded-move-dataset/<owner>/<dataset>/<move>``; ``on_begun`` is
        called when the daemon has it.

        Raises RobotError also if the move failed, PreemptedError if somebody stopped it over HTTP.
        Stopped over the websocket, it ends like any other: the daemon does not tell.
        """
        async with self._move_updates() as updates:
            path = f"/api/move/play/{move}"
            uuid = (await self._request("POST", path, timeout_s=LOADING_S))["uuid"]
            if on_begun is not None:
                on_begun()
            self._own_moves.append(uuid)
            async for message in updates:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                update = message.json()
                if update["uuid"] != uuid or update["type"] == "move_started":
                    continue
                if update["type"] == "move_cancelled":
                    raise PreemptedError(f"{move} was ended by another client")
                if update["type"] != "move_completed":
                    raise RobotError(f"{update['type'].replace('_', ' ')} {update['details']}")
                return
        raise NotConnectedError(f"the daemon at {self._address} went away during the move")

    async def recorded_moves(self, dataset: str) -> list[str]:
        """Return the names of the moves in a data set, ``owner/dataset``.

        The daemon takes it from its cache, or downloads it. Raises RobotError if it can do neither.
        """
        path = f"/api/move/recorded-move-datasets/list/{dataset}"
        try:
            answer = await self._request("GET", path, timeout_s=LOADING_S)
        except _AnswerError as error:
            if error.status not in (404, 500):
                raise
            raise RobotError(
                f"the robot has no data set '{dataset}' in its cache and could not download it: "
                "check the name, or give the robot access to the internet once"
            ) from None
        return [str(name) for name in answer]

    async def foreign_moves(self) -> set[str]:
        """Return the ids of the moves that other clients have started over HTTP and that run."""
        moves = await self._request("GET", "/api/move/running")
        return {str(move["uuid"]) for move in moves} - set(self._own_moves)

    async def app_lock(self) -> str:
        """Return which app holds the robot, `free` if none does. It keeps no other client out."""
        lock = await self._request("GET", "/api/daemon/robot-app-lock-status")
        holder = lock.get("holder_name")
        return f"{lock['state']}: {holder}" if holder else str(lock["state"])

    async def set_head_tracking(self, enable: bool) -> bool:
        """Let the head follow faces, or not; return whether the robot can."""
        answer = await self._request(
            "POST", f"/api/media/tracking/{'enable' if enable else 'disable'}"
        )
        return bool(answer["status"] == "ok")

    async def set_wobbling(self, enable: bool) -> None:
        """Let the head move to what the robot says, or not."""
        await self._request("POST", f"/api/media/wobbling/{'enable' if enable else 'disable'}")

    async def hold_media(self, hold: bool) -> None:
        """Let the daemon take camera and sound, or give them up, for all its clients."""
        await self._request("POST", f"/api/media/{'acquire' if hold else 'release'}")

    async def order_daemon(self, order: str) -> None:
        """Order `restart`, `start?wake_up=...` or `stop?goto_sleep=...`; does not wait for it."""
        await self._request("POST", f"/api/daemon/{order}")

    async def stop_moves(self) -> None:
        """Stop every move that was started over HTTP, whoever started it."""
        for move in await self._request("GET", "/api/move/running"):
            try:
                await self._request("POST", "/api/move/stop", json=move)
            except (RobotError, NotConnectedError):
                # A move that has just ended by itself is answered with an error.
                continue

    @asynccontextmanager
    async def _move_updates(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        url = f"http://{self._address}/api/move/ws/updates"
        try:
            updates = await self._session().ws_connect(url)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise self._away(error) from None
        try:
            yield updates
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_S):
                    await updates.close()

    async def _request(
        self,
        method: str,
        path: str,
        json: object = None,
        data: aiohttp.FormData | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Any:
        url = f"http://{self._address}{path}"
        try:
            async with self._session().request(
                method, url, json=json, data=data, timeout=_timeout(timeout_s)
            ) as answer:
                if answer.status >= 400:
                    text = (await answer.text())[:200]
                    raise _AnswerError(answer.status, path, text)
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise self._away(error) from None

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(timeout=_timeout(TIMEOUT_S))
        return self._opened

    def _away(self, error: Exception) -> NotConnectedError:
        reason = str(error) or type(error).__name__
        return NotConnectedError(f"the daemon at {self._address} does not answer: {reason}")


def _timeout(read_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_S, sock_read=read_s)
