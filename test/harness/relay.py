# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A relay in front of the real daemon that sees what passes, and can add to it."""

import asyncio
import contextlib
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
        self.imu: ImuDataMsg | None = None
        """What a wireless robot's daemon sends 50 times a second; None for a robot without IMU."""

    async def start(self, port: int) -> None:
        """Listen on ``port`` of loopback."""
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

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        url = f"http://{self._daemon}{request.path_qs}"
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(request, url)
        kind = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        body = await request.read()
        async with self._session.request(request.method, url, data=body, headers=kind) as answer:
            return web.Response(
                status=answer.status, body=await answer.read(), content_type=answer.content_type
            )

    async def _websocket(self, request: web.Request, url: str) -> web.WebSocketResponse:
        client = web.WebSocketResponse(compress=False)
        await client.prepare(request)
        async with self._session.ws_connect(url) as daemon:
            # Until either leaves: a daemon that was restarted keeps old sockets open and silent.
            directions = {
                asyncio.create_task(self._commands(client, daemon)),
                asyncio.create_task(self._states(daemon, client)),
            }
            _, others = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            for other in others:
                other.cancel()
        return client

    async def _commands(self, client: Any, daemon: Any) -> None:
        with contextlib.suppress(ConnectionResetError):
            async for message in client:
                self._on_command(message.data)
                if not self.loses(message.data):
                    await daemon.send_str(message.data)

    async def _states(self, daemon: Any, client: Any) -> None:
        with contextlib.suppress(ConnectionResetError):
            async for message in daemon:
                if not self.loses(message.data):
                    await client.send_str(message.data)
                if self.imu is not None and '"head_pose"' in message.data:
                    await client.send_str(self.imu.model_dump_json())
