# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS domains, and with them TCP ports, that no other run of the tests on this machine has."""

import contextlib
import socket

DOMAINS = range(1, 101)
"""Those whose ports lie below the ones that the kernel gives to clients."""
_held: list[socket.socket] = []


def own_domain() -> int:
    """Return the number of a domain that this process has until it ends.

    Held by a name in the network that the domain is of: runs in a chroot of this machine see it.
    """
    for domain in DOMAINS:
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            holder.bind(f"\0reachy_mini_ros domain {domain}")
            _held.append(holder)
            return domain
        holder.close()
    raise AssertionError(f"{len(DOMAINS)} runs of the tests hold a ROS domain each")
