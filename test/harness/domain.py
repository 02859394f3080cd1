# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS domains, and with them TCP ports, that no other run of the tests on this machine has."""

import fcntl
import tempfile
from io import BufferedWriter
from pathlib import Path

DOMAINS = range(1, 101)
"""Those whose ports lie below the ones that the kernel gives to clients."""
_held: list[BufferedWriter] = []


def own_domain() -> int:
    """Return the number of a domain that this process has until it ends."""
    folder = Path(tempfile.gettempdir()) / "reachy_mini_ros_domains"
    folder.mkdir(exist_ok=True)
    for domain in DOMAINS:
        file = (folder / str(domain)).open("wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        _held.append(file)
        return domain
    raise AssertionError(f"{len(DOMAINS)} runs of the tests hold a ROS domain each")
