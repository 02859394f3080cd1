# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Freed buffers are kept, up to a size, and in few places however many threads used one."""

import subprocess
import sys
from pathlib import Path

from harness.waiting import patience

BEGIN = """
import ctypes, sys, threading
from reachy_mini_ros.media.memory import keep_freed_buffers
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
keep_freed_buffers()
"""
HEAPS = """
all_there = threading.Barrier(9)

def work():
    libc.malloc(3_000_000)
    all_there.wait()
    all_there.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
all_there.wait()
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
all_there.wait()
"""
KEPT = """
MB = 2**20
FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()

class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in FIELDS]

libc.mallinfo2.restype = Mallinfo2
others = libc.mallinfo2().uordblks

def kept(*sizes_mb):  # how many have a mapping of their own, and whether freed ones are kept
    before = libc.mallinfo2().hblks
    buffers = [libc.malloc(int(size * MB)) for size in sizes_mb]
    mapped = libc.mallinfo2().hblks - before
    for buffer in reversed(buffers):
        libc.free(buffer)
    return mapped, libc.mallinfo2().arena - others >= sum(sizes_mb) * MB

print(kept(31.9), kept(32.1), kept(31, 31, 31, 31, 3), kept(31, 31, 31, 31, 4.5))
"""


def run(program: str, *arguments: str, cwd: Path) -> str:
    command = [sys.executable, "-c", BEGIN + program, *arguments]
    return subprocess.check_output(command, timeout=patience(20), cwd=cwd, text=True)


def test_threads_share_the_places_where_freed_buffers_are_kept(tmp_path: Path) -> None:
    info = tmp_path / "info.xml"
    run(HEAPS, str(info), cwd=tmp_path)
    assert info.read_text().count("<heap nr=") == 2


def test_freed_buffers_are_kept_up_to_a_size(tmp_path: Path) -> None:
    assert run(KEPT, cwd=tmp_path) == "(0, True) (1, False) (0, True) (0, False)\n"
