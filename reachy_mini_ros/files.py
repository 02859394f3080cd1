# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files of ours: where live streams and caches lie, and writing what is whole at every moment."""

import os
from pathlib import Path

LONGEST_NAME_BYTES, LONGEST_PATH_BYTES = 255, 4095
"""Of Linux's file systems."""


def is_path(text: str) -> bool:
    """Return whether there can be a file or a folder of this name, in any user's home if so."""
    try:
        parts = Path(text).expanduser().parts
    except RuntimeError:  # ~nobody
        return False
    lengths = [len(part.encode(errors="replace")) for part in parts]
    short = max(lengths, default=0) <= LONGEST_NAME_BYTES and sum(lengths) < LONGEST_PATH_BYTES
    return short and (text.isprintable() or not text)


def write_atomically(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file, and the folders it needs, so that nobody ever sees a part of it.

    A ``private`` one only its owner may read, and it is whole after a loss of power too.

    Raises OSError if that is not possible.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.unlink(missing_ok=True)
        mode = 0o600 if private else 0o666
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb"
        ) as file:
            file.write(content)
            if private:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def live_directory(parameter: str, namespace: str) -> Path:
    """Return the folder that live streams (HLS, DASH) are written to and served from.

    ``parameter`` is what the user set; empty stands for a folder of ``namespace`` (``/a/b``) in
    RAM, below ``$XDG_RUNTIME_DIR``, or below ``~/.cache`` where that is not to be had.
    """
    if parameter:
        return Path(parameter).expanduser().absolute()
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    in_memory = bool(runtime) and Path(runtime).is_dir() and os.access(runtime, os.W_OK | os.X_OK)
    base = Path(runtime) / "reachy_mini_ros" if in_memory else cache_directory()
    return base.joinpath("live", *namespace.strip("/").split("/"))


def cache_directory() -> Path:
    """Return the folder for what can be made anew at any time."""
    return Path("~/.cache").expanduser() / "reachy_mini_ros"
