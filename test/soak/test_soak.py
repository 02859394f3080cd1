# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The short form of the soak, and that its criteria see what is not as promised."""

import signal
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from harness.processes import Processes
from harness.soak import Everything, Visitors, run
from harness.soak_clients import CAMERA, DAEMON, JUDGE, WATCHED, Made, Watched, apart
from harness.soak_report import USUAL_HZ, Sample, Soak, write
from harness.waiting import wait_for
from sensor_msgs.msg import CompressedImage

from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.yuv import Yuv

MINUTES = 60.0


def test_a_topic_that_comes_no_more_has_a_gap_until_the_end() -> None:
    watched = Watched(0.05)
    watched(None)
    watched.begin()
    ((_, length_s),) = wait_for(lambda: watched.result()["gaps"], 5)
    assert length_s > 0.05
    assert watched.result()["rate_hz"] == 0


def test_of_states_that_come_together_the_first_counts() -> None:
    assert list(apart([1.0, 1.001, 1.009, 1.02, 1.04, 1.046, 1.052])) == [1.0, 1.02, 1.04, 1.052]


def jpeg(number: int, at_s: float) -> CompressedImage:
    """Return what the simulated camera makes at a time."""
    picture = Yuv.of(np.full((360, 640), 128, np.uint8))
    overlay.draw(picture, overlay.Overlay(number, round(at_s * 1e9)))
    image = cv2.cvtColor(picture.buffer, cv2.COLOR_YUV2BGR_I420)
    return CompressedImage(format="jpeg", data=cv2.imencode(".jpg", image)[1].tobytes())


def test_what_the_simulated_camera_left_out_is_its_own_gap() -> None:
    made = Made(0.1)
    # Each second one comes; three are lost later, and four were never made.
    for number, at_s in ((1, 1.0), (3, 1.067), (5, 1.133), (11, 1.333), (13, 1.533)):
        made(jpeg(number, at_s))
    ((begun_s, length_s),) = made.gaps
    assert begun_s == pytest.approx(1.333)
    assert length_s == pytest.approx(0.2 - 1 / 30, abs=1e-3)
    assert made.count == 13


def test_clients_come_and_go_and_leave_nothing(tmp_path: Path) -> None:
    soak = run(tmp_path, 0.25, 0.0)
    assert soak.visitors >= 3
    names = {growth.name for growth in soak.growths}
    assert {"control", "camera", "audio", "dashboard", "stream", "simulation"} < names
    # Rates are the machine's too, which others use: they are judged where it does nothing else.
    of_machine = tuple(USUAL_HZ)
    assert [one for one in soak.missed() if not one.startswith(of_machine)] == []
    for topic in USUAL_HZ:
        assert soak.topics[topic]["rate_hz"] > 0, topic
    write(soak, tmp_path / "soak.md", "kilted")
    text = (tmp_path / "soak.md").read_text()
    for name in names | WATCHED.keys() - {JUDGE}:
        assert name in text
    assert ElementTree.parse(tmp_path / "soak.svg").getroot().tag.endswith("svg")


def test_a_visitor_that_ends_by_itself_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Processes(tmp_path) as processes:
        program = (sys.executable, "-c", "raise SystemExit('knows no such type')")
        monkeypatch.setattr("harness.soak.client", lambda *_: processes.start(*program))
        visitors = Visitors(processes, 0)
        visitors.change()
        wait_for(visitors.gone, 10, "the visitor")
        visitors.change()
        assert visitors.failures == ["a visitor ended: `knows no such type`"]


def test_a_node_that_ends_is_told_and_started_anew(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        nodes: dict[str, dict[str, object]] = {"audio": {"robot_host": "127.0.0.1"}}
        first = processes.start_node("audio", **nodes["audio"])
        everything = Everything({"audio": first.pid}, {"audio": first}, nodes, 0, 0)
        assert everything.start_again(processes) == []
        first.stop(signal.SIGKILL)
        (told,) = everything.start_again(processes)
        assert told.startswith("audio ended: ")
        again = everything.children["audio"]
        assert again.process.poll() is None
        assert everything.parts["audio"] == again.pid != first.pid


def soak(rss_mb: Any = lambda _: 100.0, **changed: Any) -> Soak:
    """Return an hour of one process whose memory is a function of minutes."""
    at_min = [number / 12 for number in range(int(MINUTES * 12))]
    samples = [
        Sample("node", 60 * at, rss_mb(at), 50.0, 20.0, *_counts(at, changed)) for at in at_min
    ]
    topics = {name: {"rate_hz": rate_hz, "gaps": []} for name, rate_hz in USUAL_HZ.items()}
    for name, told in changed.get("topics", {}).items():
        topics[name] |= told
    return Soak(0.0, MINUTES, 600.0, 1.0, samples, topics, 720, [])


def _counts(at_min: float, changed: dict[str, Any]) -> tuple[int, int]:
    later = at_min > MINUTES / 2
    return tuple(20 + (changed.get(name, 0) if later else 0) for name in ("descriptors", "threads"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("measured", "missed"),
    [
        (soak(), ""),
        # Much at the beginning, and less and less.
        (soak(lambda at: 100 + 20 * at / (at + 5)), ""),
        (soak(lambda at: 100 + 1.2 * at), "node grows by 1.20 MB a minute"),
        (soak(lambda at: 100 + 0.006 * at**2), "node grows ever faster"),
        (soak(descriptors=8, threads=8), ""),
        (soak(descriptors=9), "node has 9 more descriptors"),
        (soak(threads=9), "node has 9 more threads"),
        (soak(topics={"joint_states": {"rate_hz": 48.9}}), "joint_states comes at 48.90 Hz"),
        # So slow was the daemon, or the machine.
        (soak(topics={"joint_states": {"rate_hz": 45}, DAEMON: {"rate_hz": 45.5}}), ""),
        (soak(topics={"audio/pcm": {"rate_hz": 45}, JUDGE: {"rate_hz": 45.5}}), ""),
        (soak(topics={"camera/video": {"rate_hz": 27}}), "camera/video comes at 27.00 Hz"),
        (
            soak(
                topics={
                    "camera/video": {"rate_hz": 27},
                    "camera/image_raw/compressed": {"rate_hz": 13.5},
                    CAMERA: {"rate_hz": 27},
                }
            ),
            "",
        ),
        (soak(topics={"audio/pcm": {"gaps": [(50, 0.3)]}}), "audio/pcm has 1 gaps"),
        (soak(topics={"audio/pcm": {"gaps": [(50, 0.3)]}, JUDGE: {"gaps": [(51, 0.1)]}}), ""),
        (
            soak(topics={"audio/pcm": {"gaps": [(50, 0.3)]}, JUDGE: {"gaps": [(53, 0.1)]}}),
            "audio/pcm has 1 gaps",
        ),
        # That explains no end for good.
        (
            soak(topics={"audio/pcm": {"gaps": [(50, 900)]}, JUDGE: {"gaps": [(53, 0.9)]}}),
            "audio/pcm has 1 gaps, the longest of 900",
        ),
        # A gap of the daemon's is none of the camera's.
        (
            soak(topics={"camera/video": {"gaps": [(50, 0.3)]}, DAEMON: {"gaps": [(50, 0.3)]}}),
            "camera/video has 1 gaps",
        ),
        (soak(topics={"camera/video": {"gaps": [(50, 0.3)]}, CAMERA: {"gaps": [(50, 0.1)]}}), ""),
        (soak(topics={"head_pose": {"gaps": [(50, 0.3)]}, DAEMON: {"gaps": [(50, 0.3)]}}), ""),
    ],
)
def test_what_is_not_as_promised_is_seen(measured: Soak, missed: str) -> None:
    found = measured.missed()
    assert len(found) == bool(missed), found
    assert all(line.startswith(missed) for line in found)
