# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's HTTP API, as far as the websocket does not offer the same."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import aiohttp

from reachy_mini_ros.errors import MalformedError, NotConnectedError, PreemptedError, RobotError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon import answers, parsing
from reachy_mini_ros.robot.state import RobotInfo
from reachy_mini_ros.texts import shown

T = TypeVar("T")

TIMEOUT_S = 3.0
_CLOSING_S = 0.5
LARGEST = 2**20
"""Bytes of the largest answer; a data set of a thousand moves has a tenth of that."""
LARGEST_UPDATE = 2**16
LOADING_S = 30.0
"""For the moves of a data set, which the daemon reads anew each time; it does nothing else then."""


class AnswerError(RobotError):
    """The daemon answered with an error's status."""

    def __init__(self, status: int, path: str, text: str) -> None:
        super().__init__(f"the daemon answers {status} to {path}: {text}")
        self.status = status
        self.text = text


class DaemonApi:
    """Calls to one daemon; use it on one event loop and :meth:`close` it there.

    Every method raises NotConnectedError if the daemon does not answer, and RobotError if its
    answer is an error: MalformedError if it is none that can be understood.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = network_address(host, port)
        self._opened: aiohttp.ClientSession | None = None
        self._own_moves: deque[str] = deque(maxlen=16)
        self.malformed = 0
        """Answers that were not what they should be."""
        self.last_error = ""
        """What the last of them was."""

    async def close(self) -> None:
        """Close the kept connections."""
        if self._opened is not None:
            await self._opened.close()

    async def info(self) -> RobotInfo:
        """Return what the daemon tells of itself."""
        return await self._get("/api/daemon/status", sdk.parse_status)

    async def media_status(self) -> answers.MediaStatus:
        """Return whether the daemon has camera and sound."""
        return await self._get("/api/media/status", answers.media_status)

    async def media_problem(self) -> str:
        """Return why the daemon gives neither pictures nor sound, empty if it should."""
        media = await self.media_status()
        if media.released:
            return (
                "another program released the robot's camera and sound: the service media/acquire "
                f"or POST http://{self._address}/api/media/acquire takes them back"
            )
        if media.no_media:
            return "the daemon runs without camera and sound (--no-media)"
        if not media.available:
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
            answer = await self._request("POST", path, timeout_s=LOADING_S)
            uuid = self._parsed(path, answers.begun_move, answer)
            self._own_moves.append(uuid)
            if on_begun is not None:
                on_begun()
            async for message in updates:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                update = self._update(message.data)
                if update is None or update.uuid != uuid or update.kind == "move_started":
                    continue
                if update.kind == "move_cancelled":
                    raise PreemptedError(f"{move} was ended by another client")
                if update.kind != "move_completed":
                    raise RobotError(f"{update.kind.replace('_', ' ')} {update.details}")
                return
        raise NotConnectedError(f"the daemon at {self._address} went away during the move")

    async def recorded_moves(self, dataset: str) -> list[str]:
        """Return the names of the moves in a data set, ``owner/dataset``.

        The daemon takes it from its cache, or downloads it. Raises RobotError if it can do neither.
        """
        path = f"/api/move/recorded-move-datasets/list/{dataset}"
        try:
            return await self._get(path, answers.names, timeout_s=LOADING_S)
        except AnswerError as error:
            if error.status not in (404, 500):
                raise
            raise RobotError(
                f"the robot has no data set '{dataset}' in its cache and could not download it: "
                "check the name, or give the robot access to the internet once"
            ) from None

    async def foreign_moves(self) -> set[str]:
        """Return the ids of the moves that other clients have started over HTTP and that run."""
        return set(await self._running_moves()) - set(self._own_moves)

    async def app_lock(self) -> str:
        """Return which app holds the robot, `free` if none does. It keeps no other client out."""
        return await self._get("/api/daemon/robot-app-lock-status", answers.app_lock)

    async def set_head_tracking(self, enable: bool) -> bool:
        """Let the head follow faces, or not; return whether the robot can."""
        path = f"/api/media/tracking/{'enable' if enable else 'disable'}"
        done, _ = self._parsed(path, answers.outcome, await self._request("POST", path))
        return done

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
        for uuid in await self._running_moves():
            try:
                await self._request("POST", "/api/move/stop", json={"uuid": uuid})
            except (RobotError, NotConnectedError):
                # A move that has just ended by itself is answered with an error.
                continue

    async def _running_moves(self) -> list[str]:
        return await self._get("/api/move/running", answers.running_moves)

    def _update(self, raw: str) -> answers.MoveUpdate | None:
        """Return an update of a move, None if it is malformed, which may be another move's."""
        try:
            return answers.move_update(parsing.load(raw, LARGEST_UPDATE))
        except MalformedError as error:
            self.malformed += 1
            self.last_error = f"update of a move dropped: {error}"
            return None

    @asynccontextmanager
    async def _move_updates(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        url = f"http://{self._address}/api/move/ws/updates"
        try:
            updates = await self._session().ws_connect(url, max_msg_size=LARGEST_UPDATE)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise self._away(error) from None
        try:
            yield updates
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_S):
                    await updates.close()

    async def _get(
        self, path: str, parse: Callable[[object], T], timeout_s: float = TIMEOUT_S
    ) -> T:
        return self._parsed(path, parse, await self._request("GET", path, timeout_s=timeout_s))

    def _parsed(self, path: str, parse: Callable[[object], T], answer: object) -> T:
        try:
            return parse(answer)
        except MalformedError as error:
            raise self._misunderstood(path, error) from None

    async def _request(
        self,
        method: str,
        path: str,
        json: object = None,
        data: aiohttp.FormData | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> object:
        """Return what JSON the daemon answers, whatever that is."""
        url = f"http://{self._address}{path}"
        try:
            async with self._session().request(
                method, url, json=json, data=data, timeout=_timeout(timeout_s)
            ) as answer:
                status = answer.status
                async with asyncio.timeout(timeout_s):
                    body = await _body(answer)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise self._away(error) from None
        if status >= 400:
            text = shown(body[:1000].decode(errors="replace").strip())
            raise AnswerError(status, path, text)
        try:
            return parsing.load(body, LARGEST)
        except MalformedError as error:
            raise self._misunderstood(path, error) from None

    def _misunderstood(self, path: str, error: MalformedError) -> MalformedError:
        self.malformed += 1
        self.last_error = f"the daemon's answer to {path} is not understood: {error}"
        return MalformedError(self.last_error)

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(timeout=_timeout(TIMEOUT_S))
        return self._opened

    def _away(self, error: Exception) -> NotConnectedError:
        reason = str(error) or type(error).__name__
        return NotConnectedError(f"the daemon at {self._address} does not answer: {reason}")


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """Return an answer as far as it is not too large, which the byte beyond shows."""
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > LARGEST:
            answer.close()
            break
    return bytes(body)


def _timeout(read_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_S, sock_read=read_s)
