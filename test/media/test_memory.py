# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Buffers that are kept are kept in few places, however many threads have used one."""

import subprocess
import sys
from pathlib import Path

from harness.waiting import patience

HEAPS = """
import ctypes, re, sys, threading
from reachy_mini_ros.media.memory import keep_freed_buffers
keep_freed_buffers()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
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


def test_threads_share_the_places_where_freed_buffers_are_kept(tmp_path: Path) -> None:
    info = tmp_path / "info.xml"
    subprocess.run(
        [sys.executable, "-c", HEAPS, str(info)], check=True, timeout=patience(20), cwd=tmp_path
    )
    assert 1 <= info.read_text().count("<heap nr=") <= 2
