# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos and clips in a folder each: only the regular files of their kind directly in it.

Everything here blocks on the disk: call it in a thread.
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.media import clips
from reachy_mini_ros.web.picture_size import SizeError, picture_size

CONTENT_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
CLIP_TYPES = {clips.SUFFIX: "video/mp4", clips.STATES_SUFFIX: "text/csv"}
GROWS_S = 3.0
"""A clip that was written to within that is being recorded."""
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


@dataclass(frozen=True, slots=True)
class Clip(Photo):
    """One clip, also one that is being recorded."""

    length: float
    """In s."""
    states: str | None
    """The file with the robot's states beside it."""


@dataclass(frozen=True, slots=True)
class Clips:
    """What was recorded, the newest first."""

    clips: tuple[Clip, ...]


class Folder:
    """Reads and deletes files; a name is never a path, and links are never followed."""

    def __init__(self, folder: Path, has_name: Callable[[str], bool]) -> None:
        self._folder = folder
        self._has_name = has_name

    def version(self) -> frozenset[tuple[str, int]]:
        """Return what is different when the gallery has changed."""
        return frozenset((name, found.st_mtime_ns) for name, found in self._files())

    def read(self, name: str) -> bytes:
        """Return a file's content; raises FileNotFoundError if there is none of the name."""
        with self._open(name) as file:
            return file.read()

    def delete(self, name: str) -> None:
        """Delete a file; raises FileNotFoundError, or OSError if it may not be."""
        self._open(name).close()
        (self._folder / name).unlink()

    def _files(self) -> list[tuple[str, os.stat_result]]:
        try:
            with os.scandir(self._folder) as entries:
                return [
                    (entry.name, entry.stat(follow_symlinks=False))
                    for entry in entries
                    if self._has_name(entry.name) and entry.is_file(follow_symlinks=False)
                ]
        except OSError:
            return []

    def _open(self, name: str) -> BinaryIO:
        if not self._has_name(name):
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


class Gallery(Folder):
    """The photos."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, is_photo_name)
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

    def _look(self, name: str, found: os.stat_result) -> Photo | None:
        try:
            with self._open(name) as file:
                width, height = picture_size(file.read(HEAD_BYTES))
        except (OSError, SizeError):
            return None
        return Photo(name, found.st_size, round(found.st_mtime, 3), width, height)


class ClipFolder(Folder):
    """The clips, and the tables of states that lie beside them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, is_clip_name)
        self._known: dict[tuple[str, int, int, bool], Clip | None] = {}

    def clips(self) -> Clips:
        """Return the clips, the newest first; none if there is no folder."""
        files, known = dict(self._files()), {}
        for name, found in files.items():
            if Path(name).suffix.lower() != clips.SUFFIX:
                continue
            beside = str(Path(name).with_suffix(clips.STATES_SUFFIX))
            key = (name, found.st_mtime_ns, found.st_size, beside in files)
            states = beside if beside in files else None
            known[key] = self._known[key] if key in self._known else self._clip(name, found, states)
        self._known = known
        there = (clip for clip in known.values() if clip is not None)
        return Clips(tuple(sorted(there, key=lambda clip: (-clip.time, clip.name))))

    def version(self) -> frozenset[tuple[str, int]]:
        """Return the same while a clip grows, and something else when it is finished."""
        now_s = time.time()
        return frozenset(
            (name, 0 if now_s - found.st_mtime < GROWS_S else found.st_mtime_ns)
            for name, found in self._files()
        )

    def path(self, name: str) -> Path:
        """Return where a file is; raises FileNotFoundError if there is none of the name."""
        self._open(name).close()
        return self._folder / name

    def still(self, name: str) -> bytes:
        """Return a clip's first picture as JPEG; raises MalformedError if there is none."""
        return clips.still(self.path(name))

    def delete(self, name: str) -> None:
        """Delete a clip, and the states beside it."""
        super().delete(name)
        (self._folder / name).with_suffix(clips.STATES_SUFFIX).unlink(missing_ok=True)

    def _clip(self, name: str, found: os.stat_result, states: str | None) -> Clip | None:
        try:
            with self._open(name) as file:
                size = clips.size(file.read(HEAD_BYTES))
                length_s = clips.length_s(file)
        except (OSError, MalformedError):
            return None
        if size is None:
            return None
        time_s = round(found.st_mtime, 3)
        return Clip(name, found.st_size, time_s, *size, round(length_s, 2), states)


def is_photo_name(name: str) -> bool:
    """Tell whether a name is that of a photo, and of nothing else than a file in the folder."""
    return _is_plain(name) and Path(name).suffix.lower() in CONTENT_TYPES


def is_clip_name(name: str) -> bool:
    """Tell the same of clips, and of the states beside them."""
    return _is_plain(name) and Path(name).suffix.lower() in CLIP_TYPES


def _is_plain(name: str) -> bool:
    return not name.startswith(".") and not set(name) & {"/", "\\", "\0"}
