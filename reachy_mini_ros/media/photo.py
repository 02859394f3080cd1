# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos on disk: JPEG and PNG files that say when and with what they were taken."""

import itertools
import json
import struct
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import cv2

from reachy_mini_ros.files import write_atomically
from reachy_mini_ros.media import jpeg
from reachy_mini_ros.media.frames import Frame, Picture
from reachy_mini_ros.robot.geometry.camera_models import CameraModel

FORMATS = ("jpeg", "png")
_SUFFIXES = {"jpeg": ".jpg", "png": ".png"}
_QUALITY = 95
_ASCII, _LONG, _UNDEFINED = 2, 4, 7
_EXIF_IFD = 0x8769
_PNG_FIRST_CHUNK_END = 33
"""Signature and IHDR, which must come first."""


def facts(frame: Frame, flip: str, model: CameraModel | None) -> dict[str, object]:
    """Return what a photo says of its picture; ``model`` is that of the picture as it is saved."""
    found: dict[str, object] = {"width": frame.width, "height": frame.height, "flip": flip}
    if model is not None and model.k.any():
        found["camera_matrix"] = model.k.tolist()
        found["distortion_model"] = model.distortion_model
        found["distortion_coefficients"] = list(model.d)
    return found


def save(
    folder: Path, picture: Picture, taken_ns: int, settings: Mapping[str, object], kind: str
) -> Path:
    """Write a picture into ``folder`` and return the new file's path, named by its time in UTC.

    ``taken_ns`` is unix time, ``kind`` one of :data:`FORMATS`. Time and settings stand in the
    file's EXIF data: DateTimeOriginal and, as JSON, UserComment. Raises OSError if the file cannot
    be written; nothing of it is left then.
    """
    taken = datetime.fromtimestamp(taken_ns / 1e9, UTC)
    name = f"reachy_mini_{taken:%Y%m%dT%H%M%S}_{taken.microsecond:06d}Z"
    exif = _tiff(taken, settings)
    content = _png(picture, exif) if kind == "png" else _jpeg(picture, exif)
    path = _unused(folder.absolute(), name, _SUFFIXES[kind])
    write_atomically(path, content)
    return path


def _unused(folder: Path, name: str, suffix: str) -> Path:
    ends = itertools.chain([""], (f"_{number}" for number in itertools.count(2)))
    paths = (folder / f"{name}{end}{suffix}" for end in ends)
    return next(path for path in paths if not path.exists())


def _jpeg(picture: Picture, exif: bytes) -> bytes:
    """Return a JPEG file with an APP1 segment (Exif 2.32, section 4.7.2) in front."""
    image = jpeg.encode(picture, _QUALITY).tobytes()
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
    return image[:2] + segment + image[2:]


def _png(picture: Picture, exif: bytes) -> bytes:
    """Return a PNG file with an eXIf chunk (PNG third edition, section 11.3.4.5)."""
    done, encoded = cv2.imencode(".png", picture)
    assert done, "OpenCV refused a BGR picture"
    image, typed = encoded.tobytes(), b"eXIf" + exif
    chunk = struct.pack(">I", len(exif)) + typed + struct.pack(">I", zlib.crc32(typed))
    return image[:_PNG_FIRST_CHUNK_END] + chunk + image[_PNG_FIRST_CHUNK_END:]


def _tiff(taken: datetime, settings: Mapping[str, object]) -> bytes:
    """Return Exif data (Exif 2.32, section 4.5: TIFF with two directories)."""
    time = _text(f"{taken:%Y:%m:%d %H:%M:%S}")
    comment = b"ASCII\0\0\0" + json.dumps(settings, ensure_ascii=True).encode()
    image_tags = [
        (0x010F, _ASCII, _text("Pollen Robotics")),  # Make
        (0x0110, _ASCII, _text("Reachy Mini")),  # Model
        (0x0132, _ASCII, time),  # DateTime
    ]
    exif_tags = [
        (0x9003, _ASCII, time),  # DateTimeOriginal
        (0x9011, _ASCII, _text("+00:00")),  # OffsetTimeOriginal
        (0x9286, _UNDEFINED, comment),  # UserComment
        (0x9291, _ASCII, _text(f"{taken.microsecond:06d}")),  # SubSecTimeOriginal
    ]
    header = struct.pack("<2sHI", b"II", 42, 8)
    length = len(_directory([*image_tags, (_EXIF_IFD, _LONG, bytes(4))], 8))
    pointer = struct.pack("<I", 8 + length)
    tiff = header + _directory([*image_tags, (_EXIF_IFD, _LONG, pointer)], 8)
    return tiff + _directory(exif_tags, len(tiff))


def _directory(tags: list[tuple[int, int, bytes]], offset: int) -> bytes:
    """Return a TIFF directory that stands at ``offset``, followed by its longer values."""
    entries, values = struct.pack("<H", len(tags)), b""
    after = offset + 2 + 12 * len(tags) + 4
    for tag, kind, value in tags:
        count = 1 if kind == _LONG else len(value)
        if len(value) <= 4:
            field = value.ljust(4, b"\0")
        else:
            field = struct.pack("<I", after + len(values))
            values += value + b"\0" * (len(value) % 2)
        entries += struct.pack("<HHI", tag, kind, count) + field
    return entries + bytes(4) + values


def _text(text: str) -> bytes:
    return text.encode("ascii") + b"\0"
