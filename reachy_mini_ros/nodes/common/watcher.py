# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ends the process that started it when that gives no sign of life: a program of its own.

    python watcher.py PROGRAM SECONDS

rclpy publishes while it holds the interpreter's lock: where Fast DDS waits for ever, no thread of
that process can tell. A byte on stdin is a sign of life, and the end of stdin that of the process.
"""

import os
import select
import signal
import sys
from pathlib import Path

LOOKS = 10
"""Without a sign, before it is ended; counted, as both may have been stopped for any time."""


def main() -> None:
    """Watch until the process ends."""
    program, seconds = sys.argv[1], float(sys.argv[2])
    watched = os.getppid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when the other has
    missed = 0
    while missed < LOOKS:
        if select.select([0], [], [], seconds / LOOKS)[0]:
            if not os.read(0, 4096):
                return
            missed = 0
        elif not _stopped(watched):
            missed += 1
    if os.getppid() != watched:
        return
    where = f"for {seconds:.0f} s a call has let no thread of it go on, where each stands:"
    print(f"{program}: hangs and ends, to be started anew: {where}", file=sys.stderr, flush=True)
    os.kill(watched, signal.SIGABRT)  # of which faulthandler makes these places


def _stopped(pid: int) -> bool:
    """Tell whether a process is stopped, by a signal or by a debugger."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] in "Tt"


if __name__ == "__main__":
    main()
