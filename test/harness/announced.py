# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network of one machine, in which robots announce themselves, and a program that looks for them.

Run as a module: ``announced NAME=PORT... -- PROGRAM...``. The robots announce themselves as their
daemons do, on loopback; ``late:NAME=PORT`` only when SIGUSR1 comes.
"""

import signal
import subprocess
import sys
from typing import Any

LATE = "late:"

NETWORK = 'ip link set lo up && ip route add 224.0.0.0/4 dev lo && exec "$@"'
COMMAND = ("unshare", "-rn", "sh", "-c", NETWORK, "sh", sys.executable, "-m", "harness.announced")


def possible() -> bool:
    """Tell whether this machine lets us have a network of our own."""
    tried = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def announced(names: list[str]) -> list[Any]:
    """Announce robots, each given as NAME=PORT."""
    from reachy_mini_ros.simulation import zeroconf_patch  # keeps the announcement on loopback

    assert zeroconf_patch
    from reachy_mini.utils.discovery import MdnsServiceRegistration

    found = [name.split("=") for name in names]
    robots = [MdnsServiceRegistration(name, int(port)) for name, port in found]
    for one in robots:
        one.register()
    for one in robots:
        thread = one._register_thread
        assert thread is not None
        thread.join()
    return robots


def main(arguments: list[str]) -> int:
    """Announce the robots while the program runs, and return its exit code.

    SIGINT is for the program alone.
    """
    split = arguments.index("--")
    names = arguments[:split]
    late = [name.removeprefix(LATE) for name in names if name.startswith(LATE)]
    robots = announced([name for name in names if not name.startswith(LATE)])
    # It ends with this process, which a signal may end.
    program = subprocess.Popen(("setpriv", "--pdeathsig=TERM", *arguments[split + 1 :]))
    signal.signal(signal.SIGINT, lambda *_: program.send_signal(signal.SIGINT))
    signal.signal(signal.SIGUSR1, lambda *_: robots.extend(announced(late)))
    code = program.wait()
    for one in robots:
        one.unregister()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
