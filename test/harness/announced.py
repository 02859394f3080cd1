# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network of one machine, in which robots announce themselves, and a program that looks for them.

Run as a module: ``announced NAME=PORT... -- PROGRAM...``. The robots announce themselves as their
daemons do, on loopback.
"""

import subprocess
import sys

NETWORK = 'ip link set lo up && ip route add 224.0.0.0/4 dev lo && exec "$@"'
COMMAND = ("unshare", "-rn", "sh", "-c", NETWORK, "sh", sys.executable, "-m", "harness.announced")


def possible() -> bool:
    """Tell whether this machine lets us have a network of our own."""
    tried = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def main(arguments: list[str]) -> int:
    """Announce the robots while the program runs, and return its exit code."""
    from reachy_mini_ros.simulation import zeroconf_patch  # keeps the announcement on loopback

    assert zeroconf_patch
    from reachy_mini.utils.discovery import MdnsServiceRegistration

    split = arguments.index("--")
    robots = [name.split("=") for name in arguments[:split]]
    announced = [MdnsServiceRegistration(name, int(port)) for name, port in robots]
    for one in announced:
        one.register()
    for one in announced:
        thread = one._register_thread
        assert thread is not None
        thread.join()
    # It ends with this process, which a signal may end.
    program = ("setpriv", "--pdeathsig=TERM", *arguments[split + 1 :])
    code = subprocess.run(program, check=False).returncode
    for one in announced:
        one.unregister()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
