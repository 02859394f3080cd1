# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the daemon's mDNS on loopback; importing this module applies it.

The daemon announces itself on every interface and has no switch for it, so that a simulated robot
would show up, with an address that nothing listens on, beside the real ones of the local network.
Seen with reachy_mini 1.12 and 1.13 and zeroconf 0.154; unnecessary once the daemon has an option
for the interfaces of its announcement.
"""

from typing import Any

import zeroconf

LOOPBACK = "127.0.0.1"


class _LoopbackZeroconf(zeroconf.Zeroconf):
    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__(interfaces=[LOOPBACK], ip_version=zeroconf.IPVersion.V4Only)


class _LoopbackServiceInfo(zeroconf.ServiceInfo):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["properties"] = {**kwargs["properties"], "address": LOOPBACK}
        super().__init__(*args, **kwargs)


zeroconf.Zeroconf = _LoopbackZeroconf  # type: ignore[misc]
zeroconf.ServiceInfo = _LoopbackServiceInfo  # type: ignore[misc]
