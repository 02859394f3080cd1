# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's websocket with an IMU added: readings come as a wireless robot's daemon sends them.

Everything else passes through, both ways, untouched.
"""

import asyncio
import contextlib

from reachy_mini.io.protocol import ImuDataMsg
from websockets.asyncio.client import connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed


class ImuRelay:
    """Listens on ``port`` of loopback in front of the daemon on ``daemon_port``."""

    def __init__(self, port: int, daemon_port: int) -> None:
        self.port, self._daemon_port = port, daemon_port
        self.reading: ImuDataMsg | None = None
        """What is sent after each head pose; None for a robot without IMU."""
        self._server: Server | None = None

    async def start(self) -> None:
        self._server = await serve(
            self._relay, "127.0.0.1", self.port, compression=None, close_timeout=0.1
        )

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _relay(self, client: ServerConnection) -> None:
        assert client.request is not None
        address = f"ws://127.0.0.1:{self._daemon_port}{client.request.path}"
        async with connect(address, compression=None, close_timeout=0.1) as daemon:
            # Until either leaves: a daemon that was restarted keeps old sockets open and silent.
            directions = {
                asyncio.create_task(self._pass(client, daemon)),
                asyncio.create_task(self._pass(daemon, client)),
            }
            _, others = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            for other in others:
                other.cancel()

    async def _pass(self, source: Connection, sink: Connection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in source:
                await sink.send(message)
                if self.reading is not None and '"head_pose"' in str(message):
                    await sink.send(self.reading.model_dump_json())
