# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which connections a process has, as the kernel sees them."""

from pathlib import Path

_ESTABLISHED = "01"


def connections(pid: int, port: int) -> int:
    """Return how many TCP connections a process has to ``port`` on loopback."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[len("socket:[") : -1])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(
        row[9] in inodes and row[3] == _ESTABLISHED and int(row[2].rpartition(":")[2], 16) == port
        for row in rows
    )
