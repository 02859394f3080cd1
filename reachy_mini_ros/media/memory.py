# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the memory of pictures in the process from one picture to the next."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST_BUFFER = 32 * 2**20
"""The most that glibc takes for M_MMAP_THRESHOLD; a picture of 3840x2592 has 30 MB."""
_KEPT = 128 * 2**20
_ARENAS = 2
"""Malloc has one for each thread that met another, up to 8 for each core, and each would keep what
was freed in it: a camera node grew by 50 MB in an hour of subscribers that came and went."""


def keep_freed_buffers() -> None:
    """Have malloc reuse large buffers instead of giving them back to the system.

    glibc otherwise maps each picture's buffers anew, and the kernel clears and maps every page
    again: seen as 3 of the 5 ms that a raw 720p picture took from decoder to DDS. Takes effect for
    the whole process, see mallopt(3); nothing happens with another C library.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_BUFFER)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
        mallopt(_M_ARENA_MAX, _ARENAS)
