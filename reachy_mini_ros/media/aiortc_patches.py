# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The two changes that aiortc needs to talk to the robot; importing this module applies them.

* Ciphers: aiortc's DTLS offers no cipher that GStreamer's ``webrtcsink`` accepts, so that the
  handshake with a robot always fails. Seen with aiortc 1.16; unnecessary once a release contains
  https://github.com/aiortc/aiortc/pull/1392.
* Loopback: aioice never gathers 127.0.0.1, so that two peers on one machine, where nothing may leave
  it, find no path. Seen with aioice 0.10; unnecessary once aioice has a setting for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any

import aioice.ice
from aiortc.rtcdtlstransport import RTCCertificate

_CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"
)


class Loopback(Enum):
    """What the ICE candidates of a connection are to be."""

    NEVER = "never"
    ALSO = "also"
    ONLY = "only"


_loopback: ContextVar[Loopback] = ContextVar("loopback", default=Loopback.NEVER)


@contextmanager
def gathering(loopback: Loopback) -> Iterator[None]:
    """Hold ``loopback`` for what is gathered inside, in this task.

    Wrap ``setLocalDescription`` in it: that is where aiortc gathers.
    """
    token = _loopback.set(loopback)
    try:
        yield
    finally:
        _loopback.reset(token)


_create_ssl_context = RTCCertificate._create_ssl_context
_get_host_addresses = aioice.ice.get_host_addresses


def _with_robot_ciphers(self: RTCCertificate, *args: Any, **kwargs: Any) -> Any:
    context = _create_ssl_context(self, *args, **kwargs)
    context.set_cipher_list(_CIPHERS)
    return context


def _with_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    loopback = _loopback.get()
    if loopback is Loopback.ONLY:
        return ["127.0.0.1"]
    addresses: list[str] = _get_host_addresses(use_ipv4, use_ipv6)
    return [*addresses, "127.0.0.1"] if loopback is Loopback.ALSO else addresses


RTCCertificate._create_ssl_context = _with_robot_ciphers  # type: ignore[method-assign]
aioice.ice.get_host_addresses = _with_loopback
