# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clips: what is in them, where they end, and what a kill or a full disk leaves of them."""

import csv
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import av
import pytest
from harness.video import Encoder, counter

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.media import clips
from reachy_mini_ros.media.clips import Clip
from reachy_mini_ros.media.frames import EncodedFrame
from reachy_mini_ros.media.state_rows import State

TAKEN_NS = 1_700_000_000_123_456_000
STEP_NS = 33_333_333


def frames(count: int, encoder: Encoder | None = None) -> list[EncodedFrame]:
    """Return pictures in step with their capture times."""
    encoder = encoder or Encoder()
    begin_ns = time.monotonic_ns()
    return [
        replace(encoder.frame(), captured_ns=begin_ns + number * STEP_NS) for number in range(count)
    ]


def record(folder: Path, pictures: list[EncodedFrame]) -> Clip:
    clip = Clip(folder, pictures[0], TAKEN_NS, ("head_x", "yaw_body"))
    for picture in pictures:
        clip.write(picture)
    return clip


def counters(path: Path) -> list[int | None]:
    with av.open(str(path)) as container:
        return [counter(frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]


def length_s(path: Path) -> float:
    with path.open("rb") as file:
        return clips.length_s(file)


def test_a_clip_holds_every_picture_and_is_as_long_as_they_were(tmp_path: Path) -> None:
    clip = record(tmp_path / "new" / "folder", frames(60))
    clip.close()
    assert clip.path.name == "reachy_mini_20231114T221320_123456Z.mp4"
    assert counters(clip.path) == list(range(60))
    assert length_s(clip.path) == pytest.approx(2.0, abs=0.001)
    with av.open(str(clip.path)) as container:
        last = [packet for packet in container.demux(video=0) if packet.size][-1]
        assert last.pts is not None
        assert last.pts * last.time_base == pytest.approx(2.0, abs=0.04)
    assert clips.size(clip.path.read_bytes()[:4096]) == (640, 360)
    assert clips.still(clip.path).startswith(b"\xff\xd8\xff")


def test_its_length_is_that_of_its_last_whole_fragment(tmp_path: Path) -> None:
    clip = record(tmp_path, frames(3))
    clip.close()
    data = clip.path.read_bytes()
    last = data.rfind(b"moof") - 4
    assert length_s(clip.path) == pytest.approx(0.1, abs=0.001)
    cut = tmp_path / "cut.mp4"
    for end in (*range(last, last + 130), len(data) - 1):
        cut.write_bytes(data[:end])
        assert length_s(cut) == pytest.approx(2 / 30, abs=0.001), end - last
    first = data.find(b"moof") - 4
    for end in (0, 1, first, first + 60):
        cut.write_bytes(data[:end])
        with pytest.raises(MalformedError, match="no fragment of a clip"):
            length_s(cut)


def test_its_size_is_there_as_soon_as_the_bytes_that_hold_it(tmp_path: Path) -> None:
    clip = record(tmp_path, frames(1, Encoder(320, 180)))
    clip.close()
    data = clip.path.read_bytes()
    there = data.find(b"avc1\0\0") + 32
    assert clips.size(data[:there]) == (320, 180)
    assert clips.size(data[: there - 1]) is None
    assert clips.size(b"") is None
    assert clips.size(data[data.find(b"avc1\0\0") : there]) == (320, 180)


def test_a_pause_keeps_its_length_though_a_new_connection_counts_anew(tmp_path: Path) -> None:
    encoder = Encoder()
    first = frames(30, encoder)
    encoder.restart()
    later_ns = first[-1].captured_ns + 5_000_000_000
    again = [
        replace(picture, captured_ns=later_ns + number * STEP_NS, pts=picture.pts - 50_000_000)
        for number, picture in enumerate(frames(30, encoder))
    ]
    clip = record(tmp_path, first + again)
    clip.close()
    assert length_s(clip.path) == pytest.approx(29 / 30 + 5 + 30 / 30, abs=0.01)
    assert counters(clip.path) == list(range(60))


def test_states_stand_beside_it_by_their_time(tmp_path: Path) -> None:
    clip = record(tmp_path, frames(1))
    clip.write_states([State(TAKEN_NS + 20_000_000, {"head_x": 0.25, "other": 1.0})])
    clip.write_states([State(TAKEN_NS + 40_000_000, {"yaw_body": -0.5})])
    clip.close()
    with clip.path.with_suffix(".csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {
            "time": "1700000000.143456",
            "clip_time": "0.020000",
            "head_x": "0.250000",
            "yaw_body": "",
        },
        {
            "time": "1700000000.163456",
            "clip_time": "0.040000",
            "head_x": "",
            "yaw_body": "-0.500000",
        },
    ]


def test_two_clips_of_one_moment_are_two_files(tmp_path: Path) -> None:
    made = [record(tmp_path, frames(1)) for _ in range(3)]
    for clip in made:
        clip.close()
    name = "reachy_mini_20231114T221320_123456Z"
    assert [clip.path.stem for clip in made] == [name, f"{name}_2", f"{name}_3"]


def test_what_is_no_key_frame_begins_no_clip_and_leaves_no_file(tmp_path: Path) -> None:
    _, other = frames(2)
    for bad in (other, replace(other, codec="vp8", is_key=True)):
        with pytest.raises(MalformedError):
            Clip(tmp_path, bad, TAKEN_NS, ())
    assert list(tmp_path.iterdir()) == []


PROGRAM = """
import os, pathlib, resource, signal, sys
sys.path[:0] = {path!r}
from test_recording import *
pictures = frames(60)
if {limit}:
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
clip = Clip(pathlib.Path({folder!r}), pictures[0], TAKEN_NS, ())
try:
    for picture in pictures:
        clip.write(picture)
except OSError as error:
    print("refused", error.strerror, clip.bytes, flush=True)
else:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run(folder: Path, limit: int) -> str:
    path = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    program = PROGRAM.format(path=path, folder=str(folder), limit=limit)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    ).stdout


def test_a_killed_recording_plays_to_its_last_picture(tmp_path: Path) -> None:
    assert run(tmp_path, 0) == ""
    [path] = tmp_path.iterdir()
    assert counters(path) == list(range(60))
    assert length_s(path) == pytest.approx(2.0, abs=0.001)


def test_a_full_disk_is_told_and_all_before_it_plays(tmp_path: Path) -> None:
    limit = 15_000
    told = run(tmp_path, limit)
    [path] = tmp_path.iterdir()
    assert told == f"refused File too large {path.stat().st_size}\n"
    assert limit / 2 < path.stat().st_size <= limit
    seen = counters(path)
    assert len(seen) > 2
    assert seen == list(range(len(seen)))
