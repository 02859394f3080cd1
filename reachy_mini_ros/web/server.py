# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One HTTP server: an application on one address and port."""

import asyncio
import errno
import ssl

from aiohttp import web

from reachy_mini_ros.errors import UnavailableError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.web.connections import Connection
from reachy_mini_ros.web.https import HANDSHAKE_S


class Server:
    """Listens from :meth:`start` to :meth:`stop`; lives on one asyncio loop."""

    def __init__(
        self,
        application: web.Application,
        address: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        port_setting: str = "the parameter 'port'",
    ) -> None:
        """``tls`` for HTTPS; ``port_setting``: what the port is set by, for people."""
        self._address = address
        self._port = port
        self._tls = tls
        self._port_setting = port_setting
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.5)
        self._listening: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where its page is."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{network_address(self._address, self._port)}/"

    async def start(self) -> None:
        """Begin to listen; raises UnavailableError if the address or the port cannot be had."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._listening = await loop.create_server(
                *(self._connect, self._address, self._port),
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_S if self._tls else None,
            )
        except OSError as error:
            await self._runner.cleanup()
            raise UnavailableError(self._listening_failed(error)) from None

    def close(self) -> None:
        """Listen no more; what is being answered goes on."""
        if self._listening is not None:
            self._listening.close()

    async def stop(self) -> None:
        """End all connections and listen no more."""
        self.close()
        await self._runner.cleanup()

    def _connect(self) -> Connection:
        assert self._runner.server is not None
        return Connection(self._runner.server)

    def _listening_failed(self, error: OSError) -> str:
        port, setting = self._port, self._port_setting
        if error.errno == errno.EADDRINUSE:
            return f"port {port} on {self._address} is in use: set {setting} to a free one"
        if error.errno == errno.EACCES:
            return f"port {port} needs more rights: set {setting} to 1024 or more"
        reason = error.strerror or error
        return f"the dashboard cannot listen on {self._address} ({reason}): set 'address'"
