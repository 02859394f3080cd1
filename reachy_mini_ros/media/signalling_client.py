# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The connection to the robot's signalling server, step by step, so that it can say what failed."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidMessage, WebSocketException

from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.hosts import network_address
from reachy_mini_ros.media import signalling
from reachy_mini_ros.media.stage import Stage
from reachy_mini_ros.texts import shown

DEADLINE_S = 3.0
"""How long each step may take."""

Addresses = list[tuple[socket.AddressFamily, Any]]


@asynccontextmanager
async def signalling_connection(
    host: str, port: int, at: Callable[[Stage], None]
) -> AsyncIterator[ClientConnection]:
    """Give a websocket to the signalling server of a robot; ``at`` hears of each step.

    Raises RobotError, with what to do, if there can be none now.
    """
    url = f"ws://{network_address(host, port)}"
    at(Stage.NAME)
    addresses = await _look_up(host, port, url)
    at(Stage.CONNECT)
    stream = await _connect(addresses, url)
    at(Stage.SIGNALLING)
    signals = await _shake_hands(stream, url)
    async with signals:
        yield signals


async def receive(signals: ClientConnection, timeout_s: float) -> signalling.Message | None:
    """Return what the server says next; None if that is nothing of use, or nothing in time.

    Raises RobotError for what is no signalling.
    """
    try:
        async with asyncio.timeout(timeout_s):
            text = await signals.recv()
    except TimeoutError:
        return None
    return signalling.parse(text)


async def _look_up(host: str, port: int, url: str) -> Addresses:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(DEADLINE_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        why = f"not found within {DEADLINE_S:g} s"
    except (socket.gaierror, UnicodeError) as error:  # the latter for what can be no name
        why = f"not known ({getattr(error, 'strerror', None) or error})"
    else:
        return [(family, address) for family, _, _, _, address in found]
    raise RobotError(f"{url}: the host's name is {why}: check robot_host, or give its address")


async def _connect(addresses: Addresses, url: str) -> socket.socket:
    """Return a connection to the first address that takes one."""
    errors: list[OSError] = []
    for family, address in addresses:
        stream = socket.socket(family, socket.SOCK_STREAM)
        stream.setblocking(False)
        try:
            async with asyncio.timeout(DEADLINE_S / len(addresses)):
                await asyncio.get_running_loop().sock_connect(stream, address)
        except OSError as error:  # TimeoutError too
            stream.close()
            errors.append(error)
        except BaseException:
            stream.close()
            raise
        else:
            return stream
    raise RobotError(_why_not_connected(errors, url))


def _why_not_connected(errors: list[OSError], url: str) -> str:
    if any(isinstance(error, ConnectionRefusedError) for error in errors):
        return f"nothing listens on {url}: is the robot's daemon on, with its media?"
    if all(isinstance(error, TimeoutError) and error.errno is None for error in errors):
        return f"{url} does not answer: is the robot on, and a firewall not in the way of TCP?"
    if any(error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH) for error in errors):
        return f"{url} cannot be reached from this network: is the robot on, in the same one?"
    return f"{url}: {errors[0].strerror or errors[0]}"


async def _shake_hands(stream: socket.socket, url: str) -> ClientConnection:
    try:
        return await connect(
            url,
            sock=stream,
            # The robot logs a warning for every ping.
            ping_interval=None,
            compression=None,
            proxy=None,
            open_timeout=DEADLINE_S,
            close_timeout=0.5,
        )
    except TimeoutError:
        why = "takes the connection and does not answer the websocket's handshake"
    except InvalidHandshake as error:
        why = _what_answers(error)
    except (WebSocketException, OSError) as error:
        why = f"closes the connection before the websocket's handshake ({shown(error)})"
    raise RobotError(f"{url} {why}: check robot_host and signalling_port")


def _what_answers(error: InvalidHandshake) -> str:
    """Tell what it is, if not a websocket."""
    if not isinstance(error, InvalidMessage):
        return f"speaks HTTP and refuses a websocket ({shown(error)})"
    if isinstance(error.__cause__, EOFError):
        return "closes the connection without an answer, as a server does that waits for TLS"
    return "speaks no HTTP, in which a websocket begins"
