# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The gallery and the live streams: files of one folder each, and nothing else."""

import os
from pathlib import Path
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from harness.dashboard import Serve, Served
from harness.events import EventStream
from harness.pictures import Client, jpeg

from reachy_mini_ros.media import photo


@pytest.fixture
def gallery(serve: Serve) -> Served:
    """Serve a gallery of three photos, and of much that is none."""
    served = serve()
    folder = served.photos
    folder.mkdir()
    picture = np.full((48, 64, 3), 90, np.uint8)
    photo.save(folder, picture, 1_700_000_000_000_000_000, {"gain": "x" * 900}, "jpeg")
    photo.save(folder, picture, 1_700_000_001_000_000_000, {}, "png")
    (folder / "large.JPEG").write_bytes(jpeg(1, noise=True))
    for age, path in enumerate(sorted(folder.iterdir(), reverse=True)):
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    (folder / "notes.txt").write_text("secret")
    (folder / ".hidden.jpg").write_bytes(jpeg(2))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    outside = folder.parent / "outside.jpg"
    outside.write_bytes(jpeg(3))
    (folder / "link.jpg").symlink_to(outside)
    return served


def names(served: Served) -> list[str]:
    status, answer = Client(served.port).json("/api/photos")
    assert status == 200
    return [entry["name"] for entry in answer["photos"]]


def test_photos_are_listed_newest_first_with_their_sizes(gallery: Served) -> None:
    photos = Client(gallery.port).json("/api/photos")[1]["photos"]
    assert [entry["time"] for entry in photos] == [1_700_000_000, 1_699_999_999, 1_699_999_998]
    sizes = {entry["name"]: (entry["width"], entry["height"]) for entry in photos}
    assert sizes == {
        "reachy_mini_20231114T221320_000000Z.jpg": (64, 48),
        "reachy_mini_20231114T221321_000000Z.png": (64, 48),
        "large.JPEG": (640, 360),
    }
    for entry in photos:
        assert entry["bytes"] == (gallery.photos / entry["name"]).stat().st_size


def test_without_a_folder_there_are_no_photos(serve: Serve) -> None:
    served = serve()
    assert names(served) == []
    assert Client(served.port).json("/api/photos/one.jpg")[0] == 404


def test_a_photo_is_sent_as_it_is(gallery: Served) -> None:
    for name in names(gallery):
        status, headers, body = Client(gallery.port).get(f"/api/photos/{name}")
        assert (status, body) == (200, (gallery.photos / name).read_bytes())
        assert headers["Content-Type"] == ("image/png" if name.endswith("png") else "image/jpeg")


def test_a_thumbnail_is_a_small_jpeg(gallery: Served) -> None:
    for name, shape in (("large.JPEG", (90, 160)), (names(gallery)[0], (48, 64))):
        status, headers, body = Client(gallery.port).get(f"/api/photos/{name}?width=160")
        assert status == 200
        assert headers["Content-Type"] == "image/jpeg"
        assert cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR).shape[:2] == shape
    for width in ("63", "4000", "x", "", "1e9"):
        status, answer = Client(gallery.port).json(f"/api/photos/large.JPEG?width={width}")
        assert status == 422
        assert answer["error"].startswith("width")


def test_a_photo_that_cannot_be_read_says_so(gallery: Served) -> None:
    status, answer = Client(gallery.port).json("/api/photos/broken.jpg?width=100")
    assert status == 409
    assert "cannot be read" in answer["error"]


NOT_PHOTOS = [
    *("notes.txt", ".hidden.jpg", "folder.jpg", "pipe.jpg", "link.jpg", "nothing.jpg", ".."),
    *(
        "../outside.jpg",
        "folder.jpg/../../outside.jpg",
        "/etc/passwd",
        "a\0.jpg",
        "..\\outside.jpg",
    ),
    *("x" * 300 + ".jpg", "\u00e4.jpg", "%2e%2e%2foutside.jpg"),
]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_nothing_else_is_reached(gallery: Served, method: str) -> None:
    before = sorted(gallery.photos.parent.rglob("*"))
    for name in NOT_PHOTOS:
        for path in (quote(name, safe=""), quote(name)):
            status, answer = Client(gallery.port).json(f"/api/photos/{path}", method)
            assert status in (403, 404, 405), path
            assert answer["error"]
    assert sorted(gallery.photos.parent.rglob("*")) == before


def test_a_photo_is_deleted_and_listeners_are_told(gallery: Served) -> None:
    name = names(gallery)[0]
    with EventStream(gallery.port) as events:
        assert events.next("photos") == {}  # what was there before is known now
        status, answer = Client(gallery.port).json(f"/api/photos/{name}", "DELETE")
        assert (status, answer) == (200, {"message": f"deleted {name}"})
        assert events.next("photos") == {}
        (gallery.photos / "new.jpg").write_bytes(jpeg(4))
        assert events.next("photos") == {}
    assert name not in names(gallery)
    assert "new.jpg" in names(gallery)
    assert Client(gallery.port).json(f"/api/photos/{name}", "DELETE")[0] == 404


def test_read_only_and_foreign_pages_delete_nothing(serve: Serve) -> None:
    served = serve(read_only=True)
    served.photos.mkdir()
    (served.photos / "one.jpg").write_bytes(jpeg(1))
    status, answer = Client(served.port).json("/api/photos/one.jpg", "DELETE")
    assert status == 403
    assert "read_only" in answer["error"]
    other = serve()
    foreign = {"Origin": "http://attacker.example"}
    assert Client(other.port).json("/api/photos/one.jpg", "DELETE", **foreign)[0] == 403
    assert names(served) == ["one.jpg"]


def live(served: Served, name: str, content: bytes = b"#EXTM3U") -> Path:
    path = served.live / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("index.m3u8", "application/vnd.apple.mpegurl"),
        ("dash/manifest.mpd", "application/dash+xml"),
        ("segment1.ts", "video/mp2t"),
        ("dash/chunk-0-1.m4s", "video/iso.segment"),
        ("init.mp4", "video/mp4"),
    ],
)
def test_live_streams_are_sent_with_their_types(serve: Serve, name: str, kind: str) -> None:
    served = serve()
    live(served, name, b"0123456789")
    status, headers, body = Client(served.port).get(f"/live/{name}")
    assert (status, body) == (200, b"0123456789")
    assert headers["Content-Type"] == kind
    assert headers["Cache-Control"] == "no-cache"
    assert Client(served.port).get(f"/live/{name}", Range="bytes=2-4")[2] == b"234"
    assert served.demands == [], "the camera is not asked"


def test_only_files_of_live_streams_are_sent(serve: Serve) -> None:
    served = serve()
    live(served, "index.m3u8")
    live(served, "key.txt")
    live(served, ".hidden/index.m3u8")
    live(served, "../outside.m3u8")
    live(served, "folder.ts/inner.ts")
    (served.live / "link.m3u8").symlink_to(served.live.parent / "outside.m3u8")
    for name in (
        *("", "key.txt", "nothing.m3u8", ".hidden/index.m3u8", "link.m3u8", "folder.ts"),
        *("..%2Foutside.m3u8", "../outside.m3u8", "%2Fetc%2Fpasswd", "a%00.ts", "a//b.ts"),
        "x" * 300 + ".ts",
    ):
        status, answer = Client(served.port).json(f"/live/{name}")
        assert status == 404, name
        assert answer["error"]
