# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ends the process that started it when that gives no sign of life: a program of its own.

    python watcher.py PROGRAM SECONDS

rclpy publishes while it holds the interpreter's lock: where Fast DDS waits for ever, no thread of
that process can tell. A byte on stdin is a sign of life, and the end of stdin that of the process.

Fast DDS (2.14 and 3.2, up to now) does so where a subscriber was killed while it took a message out
of shared memory. Who sends to its port just as that is found out waits again and again for a lock
that it holds itself (``get_and_remove_blocked_processing`` calls ``listener_processing_stop``), but
only if the port is known to be a dead one's. So the ports of the dead are removed before, as
``fastdds shm clean`` does; they are found out after 1 s at the earliest.

A port is opened under a lock, a semaphore with a name. Who is killed in that leaves it locked, and
the next to open a port of that number wait for 2 s before they take it for left. So locks that
nobody has are removed as well.
"""

import contextlib
import fcntl
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LOOKS = 10
"""At least so many without a sign, before it is ended; both may have been stopped for any time."""
LOOK_S = 0.5
SHARED_MEMORY = Path("/dev/shm")
PORTS, LOCK = ("fastdds_port", "fastrtps_port"), "_el"
"""How a port's file begins (in 3.2, in 2.14), and how that ends which its listener has locked."""
SEMAPHORES, MUTEX = tuple(f"sem.{port}" for port in PORTS), "_mutex"
LOCKED = bytes(4)
"""How a semaphore's file begins while it is locked (glibc, 64 bits): with its value."""
NEW_S = 0.3
"""A younger one may be about to be locked."""


def main() -> None:
    """Watch until the process ends."""
    program, seconds = sys.argv[1], float(sys.argv[2])
    watched = os.getppid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when the other has
    look_s = min(LOOK_S, seconds / LOOKS)
    missed, locked = 0, set[Lock]()
    while missed < round(seconds / look_s):
        remove_ports_of_the_dead(SHARED_MEMORY)
        locked = remove_locks_of_the_dead(SHARED_MEMORY, locked)
        if select.select([0], [], [], look_s)[0]:
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


def remove_ports_of_the_dead(folder: Path) -> None:
    """Remove the ports in shared memory whose listeners have ended without removing them."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # it is locked, gone, or somebody else's
                if (
                    entry.name.startswith(PORTS)
                    and entry.name.endswith(LOCK)
                    and entry.is_file(follow_symlinks=False)  # a pipe would be waited for
                ):
                    _remove_if_dead(Path(entry))


def _remove_if_dead(lock: Path) -> None:
    with lock.open() as file:
        there = os.fstat(file.fileno())
        if time.time() - there.st_mtime > NEW_S:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(lock.stat(), there):
                lock.with_name(lock.name.removesuffix(LOCK)).unlink(missing_ok=True)
                lock.unlink()


Lock = tuple[str, int, int]
"""Name, device and inode of a lock under which a port is opened."""


def remove_locks_of_the_dead(folder: Path, before: set[Lock]) -> set[Lock]:
    """Remove the locks of ports that were locked ``before`` and no process has; return the locked.

    Those of other users, which may not be removed, are left alone.
    """
    locked = set(_locked(folder))
    for lock in locked & before:
        with contextlib.suppress(OSError):
            path = folder / lock[0]
            if not _has_any_process(lock) and path.stat().st_ino == lock[2]:
                path.unlink()
    return locked


def _locked(folder: Path) -> Iterator[Lock]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(SEMAPHORES) and entry.name.endswith(MUTEX):
                with contextlib.suppress(OSError):  # it is gone, or somebody else's
                    there = entry.stat(follow_symlinks=False)
                    if there.st_uid == os.geteuid() and _value(entry.path) == LOCKED:
                        yield entry.name, there.st_dev, there.st_ino


def _value(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # of a pipe nothing comes
    try:
        return os.read(file, len(LOCKED))
    finally:
        os.close(file)


def _has_any_process(lock: Lock) -> bool:
    """Tell whether a process has mapped it: by its inode, as who made it did under another name."""
    _, device, inode = lock
    mapped = f" {os.major(device):02x}:{os.minor(device):02x} {inode} "
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            if mapped in maps.read_text():
                return True
    return False


def _stopped(pid: int) -> bool:
    """Tell whether a process is stopped, by a signal or by a debugger."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] in "Tt"


if __name__ == "__main__":
    main()
