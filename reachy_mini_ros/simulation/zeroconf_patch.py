# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the daemon's mDNS on loopback; importing this module applies it.

The daemon announces itself on every interface and has no switch for it, so that a simulated robot
would show up, with an address that nothing listens on, beside the real ones of the local network.
Seen with reachy_mini 1.12 and 1.13 and zeroconf 0.154; unnecessary once the daemon has an option
for the interfaces of its announcement.
"""

import socket
from typing import Any

import zeroconf
import zeroconf._core

LOOPBACK = "127.0.0.1"
_DEVICE = b"lo"

_create_sockets = zeroconf._core.create_sockets  # type: ignore[attr-defined]


def _create_on_loopback(*_: Any, **__: Any) -> tuple[socket.socket | None, list[socket.socket]]:
    listening, answering = _create_sockets([LOOPBACK], ip_version=zeroconf.IPVersion.V4Only)
    if listening is not None:
        # It is bound to every address, and would answer what other programs' memberships let in.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _DEVICE)
    return listening, answering


class _LoopbackServiceInfo(zeroconf.ServiceInfo):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["properties"] = {**kwargs["properties"], "address": LOOPBACK}
        super().__init__(*args, **kwargs)


zeroconf._core.create_sockets = _create_on_loopback  # type: ignore[attr-defined]
zeroconf.ServiceInfo = _LoopbackServiceInfo  # type: ignore[misc]
