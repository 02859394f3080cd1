# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A relay in front of the real daemon that sees what passes, holds it up, and can change it."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp import web
from reachy_mini.io.protocol import ImuDataMsg


class Relay:
    """Passes HTTP and websockets on to the daemon on ``daemon_port``, both ways, untouched.

    ``on_command`` sees each message to the daemon.
    """

    def __init__(
        self, daemon_port: int, on_command: Callable[[str], None] = lambda message: None
    ) -> None:
        self._daemon = f"127.0.0.1:{daemon_port}"
        self._on_command = on_command
        self.loses: Callable[[str], bool] = lambda message: False
        """Tells which messages, either way, do not come through."""
        self.alters: Callable[[str], str | bytes] = lambda message: message
        """Returns what a client gets instead of a message; bytes are a binary frame."""
        self.answers: dict[str, str] = {}
        """What requests for a path are answered with instead of what the daemon says."""
        self.corrects: Callable[[str, bytes], bytes] = lambda path, answer: answer
        """Returns what a request for a path is answered with, given the daemon's own answer."""
        self.marks: Callable[[str], str] = lambda message: message
        """Returns what goes on its way instead of a message that the daemon has just sent."""
        self.delay_s = 0.0
        """Of all that the daemon sends."""
        self.imu: ImuDataMsg | None = None
        """What a wireless robot's daemon sends 50 times a second; None for a robot without IMU."""
        self.port = 0
        """Where it listens, once it is started."""
        self._flows = asyncio.Event()
        self._flows.set()
        self._clients: set[web.WebSocketResponse] = set()

    async def start(self, port: int) -> None:
        """Listen on ``port`` of loopback."""
        self.port = port
        self._session = aiohttp.ClientSession()
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    async def stop(self) -> None:
        """Close what is open."""
        await self._runner.cleanup()
        await self._session.close()

    async def hold(self, for_s: float) -> None:
        """Keep what the daemon sends, as a network that stalls does, and then send all of it."""
        self.pause()
        await asyncio.sleep(for_s)
        self.go_on()

    def pause(self) -> None:
        """Keep what the daemon sends until :meth:`go_on`."""
        self._flows.clear()

    def go_on(self) -> None:
        """Send all that was kept."""
        self._flows.set()

    async def inject(self, message: str | bytes) -> None:
        """Send a message of our own to every websocket's client; bytes are a binary frame."""
        for client in tuple(self._clients):
            with contextlib.suppress(ConnectionResetError):
                await _send(client, message)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        url = f"http://{self._daemon}{request.path_qs}"
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(request, url)
        if request.path in self.answers:
            return web.Response(text=self.answers[request.path], content_type="application/json")
        kind = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        body = await request.read()
        try:
            async with self._session.request(
                request.method, url, data=body, headers=kind
            ) as answer:
                content = self.corrects(request.path, await answer.read())
        except aiohttp.ClientError:
            return _gone(request)
        await self._flows.wait()
        return web.Response(status=answer.status, body=content, content_type=answer.content_type)

    async def _websocket(self, request: web.Request, url: str) -> web.WebSocketResponse:
        client = web.WebSocketResponse(compress=False)
        await client.prepare(request)
        async with self._session.ws_connect(url) as daemon:
            self._clients.add(client)
            # Until either leaves: a daemon that was restarted keeps old sockets open and silent.
            directions = {
                asyncio.create_task(self._commands(client, daemon)),
                asyncio.create_task(self._states(daemon, client)),
            }
            _, others = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            for other in others:
                other.cancel()
            self._clients.discard(client)
        return client

    async def _commands(self, client: Any, daemon: Any) -> None:
        with contextlib.suppress(ConnectionResetError):
            async for message in client:
                self._on_command(message.data)
                if not self.loses(message.data):
                    await daemon.send_str(message.data)

    async def _states(self, daemon: Any, client: Any) -> None:
        way: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        sending = asyncio.create_task(self._send_on(way, client))
        try:
            async for message in daemon:
                way.put_nowait((time.monotonic() + self.delay_s, self.marks(message.data)))
                if sending.done():
                    break
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send_on(self, way: "asyncio.Queue[tuple[float, str]]", client: Any) -> None:
        with contextlib.suppress(ConnectionResetError):
            while True:
                due_s, message = await way.get()
                if (early_s := due_s - time.monotonic()) > 0.0:
                    await asyncio.sleep(early_s)
                await self._flows.wait()
                if not self.loses(message):
                    await _send(client, self.alters(message))
                if self.imu is not None and '"head_pose"' in message:
                    await client.send_str(self.imu.model_dump_json())


def _gone(request: web.Request) -> web.Response:
    """Have the client's socket end, without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _send(client: web.WebSocketResponse, message: str | bytes) -> None:
    if isinstance(message, bytes):
        await client.send_bytes(message)
    else:
        await client.send_str(message)
