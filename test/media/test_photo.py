# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photos on disk: what stands in them, and what is left when they cannot be written."""

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from reachy_mini_ros.media import photo

TAKEN_NS = 1_700_000_000_123_456_000
SETTINGS = {"robot": "127.0.0.1:8000", "camera_matrix": [[1.0, 0.0, 2.0]], "place": "Zürich"}


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)


def tiff_of(path: Path) -> bytes:
    """Return the Exif data of a file, found by the rules of its format."""
    content = path.read_bytes()
    if path.suffix == ".jpg":
        assert content[2:4] == b"\xff\xe1"
        (length,) = struct.unpack(">H", content[4:6])
        assert content[6:12] == b"Exif\0\0"
        assert content[4 + length : 6 + length] == b"\xff\xe0", "the next segment follows"
        return content[12 : 4 + length]
    at = 8
    while True:
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(kind + data)
        if kind == b"eXIf":
            return data
        at += 12 + length


def tags_of(tiff: bytes, offset: int) -> dict[int, bytes]:
    """Return the tags of one directory with their bytes."""
    sizes = {2: 1, 4: 4, 7: 1}
    (count,) = struct.unpack_from("<H", tiff, offset)
    tags = {}
    for number in range(count):
        at = offset + 2 + 12 * number
        tag, kind, length = struct.unpack_from("<HHI", tiff, at)
        size = sizes[kind] * length
        start = at + 8 if size <= 4 else struct.unpack_from("<I", tiff, at + 8)[0]
        tags[tag] = tiff[start : start + size]
    return tags


@pytest.mark.parametrize("kind", photo.FORMATS)
def test_time_and_settings_stand_in_the_file(tmp_path: Path, kind: str) -> None:
    path = photo.save(tmp_path / "new" / "folder", picture(), TAKEN_NS, SETTINGS, kind)
    tiff = tiff_of(path)
    assert tiff[:8] == b"II*\0\x08\0\0\0"
    main = tags_of(tiff, 8)
    assert main[0x010F] == b"Pollen Robotics\0"
    assert main[0x0110] == b"Reachy Mini\0"
    assert main[0x0132] == b"2023:11:14 22:13:20\0"
    details = tags_of(tiff, struct.unpack("<I", main[0x8769])[0])
    assert details[0x9003] == b"2023:11:14 22:13:20\0"
    assert details[0x9011] == b"+00:00\0"
    assert details[0x9291] == b"123456\0"
    assert details[0x9286].isascii()
    assert json.loads(details[0x9286].removeprefix(b"ASCII\0\0\0")) == SETTINGS
    seen = cv2.imread(str(path))
    assert seen.shape == (90, 160, 3)
    assert kind == "jpeg" or np.array_equal(seen, picture())


def test_two_photos_of_one_moment_are_two_files(tmp_path: Path) -> None:
    paths = {photo.save(tmp_path, picture(), TAKEN_NS, {}, "jpeg") for _ in range(3)}
    assert len(paths) == 3
    assert set(tmp_path.iterdir()) == paths


def test_nothing_half_written_is_left_when_the_disk_is_full(tmp_path: Path) -> None:
    program = f"""
import pathlib, resource, numpy
from reachy_mini_ros.media import photo
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
picture = numpy.random.default_rng(0).integers(0, 256, (90, 160, 3), numpy.uint8)
try:
    photo.save(pathlib.Path({str(tmp_path)!r}), picture, {TAKEN_NS}, {{}}, "png")
except OSError as error:
    print("refused", error.strerror)
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("refused File too large")
    assert list(tmp_path.iterdir()) == []
