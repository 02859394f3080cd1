# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Slows those who guess the token."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

FREE = 5
"""Wrong tokens that may just be mistyped."""
FIRST_S, LONGEST_S = 1.0, 60.0
"""The wait after the next wrong one; it doubles with each."""
FORGOTTEN_S = 600.0
"""A mistake is forgotten after so long."""
MOST = 1024
"""Addresses that are remembered, those with the latest mistakes."""


class Guesses:
    """Counts wrong tokens by the address that they came from."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str | None) -> float:
        """Return how long no token from there is looked at."""
        count, last_s = self._wrong.get(_network(address), (0, 0.0))
        if count <= FREE:
            return 0.0
        wait_s = min(LONGEST_S, FIRST_S * 2.0 ** min(count - FREE - 1, 30))
        return max(0.0, last_s + wait_s - self._clock())

    def wrong(self, address: str | None) -> None:
        """Take note of a wrong token."""
        network, now_s = _network(address), self._clock()
        count, last_s = self._wrong.pop(network, (0, now_s))
        self._wrong[network] = (1 if now_s - last_s > FORGOTTEN_S else count + 1), now_s
        if len(self._wrong) > MOST:
            self._wrong.popitem(last=False)

    def right(self, address: str | None) -> None:
        """Forget the mistakes made there."""
        self._wrong.pop(_network(address), None)


def _network(address: str | None) -> str:
    """Return what one person has of addresses: one of IPv4, 2**64 of IPv6."""
    try:
        host = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if host.version == 6:
        return str(ipaddress.ip_network((host, 64), strict=False))
    return str(host)
