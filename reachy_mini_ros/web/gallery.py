# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos in a folder: only the regular picture files directly in it.

Everything here blocks on the disk: call it in a thread.
"""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reachy_mini_ros.web.picture_size import SizeError, picture_size

CONTENT_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
HEAD_BYTES = 256 * 1024
"""In front of a JPEG's size can stand EXIF data and a preview."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One file."""

    name: str
    bytes: int
    time: float
    """Of the last change, unix time in s."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Photos:
    """What is in the gallery, the newest first."""

    photos: tuple[Photo, ...]


class Gallery:
    """Lists, reads and deletes; a name is never a path, and links are never followed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, int, int], Photo | None] = {}

    def photos(self) -> Photos:
        """Return the photos, the newest first; none if there is no folder."""
        known: dict[tuple[str, int, int], Photo | None] = {}
        for name, found in self._files():
            key = (name, found.st_mtime_ns, found.st_size)
            known[key] = self._known[key] if key in self._known else self._look(name, found)
        self._known = known
        photos = (photo for photo in known.values() if photo is not None)
        return Photos(tuple(sorted(photos, key=lambda photo: (-photo.time, photo.name))))

    def version(self) -> frozenset[tuple[str, int]]:
        """Return what is different when the gallery has changed."""
        return frozenset((name, found.st_mtime_ns) for name, found in self._files())

    def read(self, name: str) -> bytes:
        """Return a photo's content; raises FileNotFoundError if there is none of the name."""
        with self._open(name) as file:
            return file.read()

    def delete(self, name: str) -> None:
        """Delete a photo; raises FileNotFoundError, or OSError if it may not be."""
        self._open(name).close()
        (self._folder / name).unlink()

    def _files(self) -> list[tuple[str, os.stat_result]]:
        try:
            with os.scandir(self._folder) as entries:
                return [
                    (entry.name, entry.stat(follow_symlinks=False))
                    for entry in entries
                    if is_photo_name(entry.name) and entry.is_file(follow_symlinks=False)
                ]
        except OSError:
            return []

    def _look(self, name: str, found: os.stat_result) -> Photo | None:
        try:
            with self._open(name) as file:
                width, height = picture_size(file.read(HEAD_BYTES))
        except (OSError, SizeError):
            return None
        return Photo(name, found.st_size, round(found.st_mtime, 3), width, height)

    def _open(self, name: str) -> BinaryIO:
        if not is_photo_name(name):
            raise FileNotFoundError(name)
        try:
            # Neither through a link, nor waiting for what is no file.
            number = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOENT, errno.ENAMETOOLONG, errno.ENOTDIR):
                raise FileNotFoundError(name) from None
            raise
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise FileNotFoundError(name)
        return os.fdopen(number, "rb")


def is_photo_name(name: str) -> bool:
    """Tell whether a name is that of a photo, and of nothing else than a file in the folder."""
    return (
        Path(name).suffix.lower() in CONTENT_TYPES
        and not name.startswith(".")
        and not set(name) & {"/", "\\", "\0"}
    )
