# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Opening the daemon's websocket, and at which stage that fails."""

import asyncio
import errno
import re
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidMessage,
    InvalidStatus,
    WebSocketException,
)

from reachy_mini_ros.errors import NotConnectedError, RobotError
from reachy_mini_ros.hosts import is_literal, is_loopback, network_address
from reachy_mini_ros.robot.state import RobotInfo
from reachy_mini_ros.texts import shown

PATH = "/ws/sdk"
TIMEOUT_S = 1.0
BY_NAME_TIMEOUT_S = 3.0
"""For a name that has to be looked up first, which mDNS may take its time for."""
LARGEST = 2**26
"""Bytes of a message that ends the connection; shorter ones are at most dropped."""
_ADVICE = {
    "starting": "wait",
    "stopped": "start it (service daemon/start)",
    "error": "restart it (service daemon/restart)",
}
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


class SilentError(NotConnectedError):
    """Something accepts connections and does not answer: the same as an open, silent one."""


async def opened(host: str, port: int) -> ClientConnection:
    """Return an open websocket to a daemon.

    Raises SilentError, or else NotConnectedError, which says how far it came.
    """
    address = network_address(host, port)
    by_name = not is_loopback(host) and not is_literal(host)
    timeout_s = BY_NAME_TIMEOUT_S if by_name else TIMEOUT_S
    accepted = False

    def accept(*arguments: Any, **options: Any) -> ClientConnection:
        nonlocal accepted
        accepted = True
        return ClientConnection(*arguments, **options)

    try:
        if by_name:
            await _look_up(host, port, timeout_s)
        return await connect(
            f"ws://{address}{PATH}",
            compression=None if is_loopback(host) else "deflate",
            open_timeout=timeout_s,
            ping_interval=None,
            proxy=None,
            max_size=LARGEST,
            create_connection=accept,  # type: ignore[arg-type]
        )
    except TimeoutError:
        if accepted:
            raise SilentError(
                f"{address} accepts the connection and does not answer within {timeout_s:g} s: "
                "the daemon hangs, or something else listens there"
            ) from None
        raise NotConnectedError(
            f"cannot connect to {address}: no answer within {timeout_s:g} s: the robot is off, on "
            "another network, or behind a firewall"
        ) from None
    except (OSError, WebSocketException, ValueError) as error:  # ValueError: a bad host name
        raise NotConnectedError(_reason(host, address, error)) from None


def closed_text(address: str, closed: ConnectionClosed) -> str:
    """Return why a connection is open no more."""
    if closed.sent is not None and not closed.rcvd_then_sent:
        return f"closed the connection to {address}: {shown(closed.sent.reason or closed.sent)}"
    if closed.rcvd is None:
        return f"the connection to {address} broke off"
    return f"{address} closed the connection ({shown(closed.rcvd)})"


async def why_silent(
    ask_info: Callable[[], Awaitable[RobotInfo]], within_s: float
) -> tuple[RobotInfo | None, str]:
    """Return what a daemon that sends no state says of itself when asked, and that in words."""
    try:
        async with asyncio.timeout(within_s):
            info = await ask_info()
    except (NotConnectedError, TimeoutError):
        return None, "over HTTP no answer either: the daemon hangs, or the network is gone"
    except RobotError as error:
        return None, str(error)
    why = f"the daemon is '{info.daemon_state}'"
    why += f" ({info.error})" if info.error else ""
    why += f": {_ADVICE[info.daemon_state]}" if info.daemon_state in _ADVICE else ""
    return info, why


async def _look_up(host: str, port: int, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise socket.gaierror(0, f"no answer within {timeout_s:g} s") from None


def _reason(host: str, address: str, error: Exception) -> str:
    if _number(error) == errno.ECONNREFUSED:
        return f"nothing listens on {address}: the daemon does not run, or has another port"
    return f"cannot connect to {address}: {_stage(host, error)}"


def _stage(host: str, error: Exception) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        why = error.strerror if isinstance(error, socket.gaierror) else "it cannot be a name"
        return f"the name '{shown(host)}' is not found ({why}): give the robot's address instead"
    if _number(error) in _NO_ROUTE:
        return "no route there: this machine, or the robot, is not on that network"
    if isinstance(error, InvalidStatus):
        answer = error.response
        said = (answer.body or b"")[:1000].decode(errors="replace").strip() or answer.reason_phrase
        if answer.status_code == HTTPStatus.FORBIDDEN:  # the daemon checks the header Host
            return (
                f"the daemon refuses the name '{shown(host)}' (HTTP 403): give the robot's "
                "address, or a name that ends in .local"
            )
        return (
            f"something else than the robot's daemon answers there (HTTP {answer.status_code} to "
            f"{PATH}: {shown(said, 80)}): check the port"
        )
    if isinstance(error, InvalidMessage | ConnectionError):
        return "what listens there does not answer in HTTP (but in TLS, perhaps): check the port"
    return shown(error)


def _number(error: Exception) -> int | None:
    """Return the number of an error of the system; of several addresses' errors one's."""
    if not isinstance(error, OSError):
        return None
    numbers = {int(number) for number in re.findall(r"\[Errno (\d+)\]", str(error))}
    if error.errno is not None:
        numbers.add(error.errno)
    # One that was reached says more than those that were not.
    return errno.ECONNREFUSED if errno.ECONNREFUSED in numbers else next(iter(numbers), None)
