# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scans and their panoramas, whatever robot is behind the page: tests for each to inherit."""

import json
import math
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from harness.behaviour import Page
from harness.pictures import Client
from harness.waiting import patience, wait_for
from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.landmarks import Landmark, find
from reachy_mini_ros.simulation.room import LANDMARKS

LATE_S = 0.25
"""So much later than they were taken pictures may be said to be: a head has stood still for longer
before one counts."""
WINDOW_PX = 640
"""Of the camera's pictures, in whose size a ball is known by its area."""


def landmarks_in(image: NDArray[np.uint8]) -> Iterator[tuple[Landmark, float, float]]:
    """Return each landmark with its column and row in the whole picture, px; some twice."""
    for left in range(0, max(1, image.shape[1] - WINDOW_PX // 2), WINDOW_PX // 2):
        window = np.ascontiguousarray(image[:, left : left + WINDOW_PX])
        for sighting in find(window, LANDMARKS):
            yield sighting.landmark, left + float(sighting.pixel[0]), float(sighting.pixel[1])


def begin(page: Page, **settings: object) -> str:
    """Begin a scan and return its name."""
    code, told = Client(page.port, patience(30.0)).post("/api/scan", settings)
    assert (code, told.get("state")) == (200, "running"), told
    return str(told["name"])


def scanning(page: Page) -> dict[str, Any]:
    """Return how the newest scan does."""
    answer: dict[str, Any] = Client(page.port).json("/api/scan")[1]
    return answer


def scanned(page: Page, state: str) -> dict[str, Any]:
    """Return how the scan ended when it has."""
    wait_for(lambda: scanning(page)["state"] != "running", 60, lambda: str(scanning(page)))
    told = scanning(page)
    assert told["state"] == state, told
    return told


def file_of(page: Page, scan: str, name: str) -> bytes:
    """Return a file of a scan."""
    status, _, body = Client(page.port).get(f"/api/scans/{scan}/{name}")
    assert status == 200, (name, body)
    return body


def picture(page: Page, scan: str, name: str) -> NDArray[np.uint8]:
    """Return a picture of a scan, BGR."""
    data = np.frombuffer(file_of(page, scan, name), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def lateness_s(page: Page, scan: str, entry: dict[str, Any]) -> float:
    """Return by how much a picture of a manifest is older than its stamp."""
    drawn = overlay.read(picture(page, scan, entry["file"]))
    assert drawn is not None
    return float(entry["stamp"]) - drawn.time_ns / 1e9


class PanoramaBehaviour:
    """What a scan does; the robot is awake."""

    def test_a_panorama_shows_landmarks_at_their_true_yaw(self, page: Page) -> None:
        assert page.command("body?wait=done", yaw=10)[0] == 200
        assert page.command("head?wait=done", yaw=10, pitch=5)[0] == 200
        scan = begin(page, yaw_steps=[-30, 0, 30, 80], pitch_steps=[0, 60], max_edge=640)
        assert Client(page.port).post("/api/scan", {})[0] == 409, "one at a time"
        told = scanned(page, "done")
        assert (told["name"], told["taken"], told["total"]) == (scan, 4, 8)
        manifest = json.loads(file_of(page, scan, "manifest.json"))
        assert [one["pitch"] for one in manifest["skipped"]] == [60] * 4
        assert "pitch 60.0 deg" in manifest["skipped"][0]["reason"]
        (drift,) = manifest["body_drift_warnings"]["pictures"]
        assert drift["drift"] > 10, "so far the body turns along"
        for entry in manifest["pictures"]:
            assert entry["world_yaw"] == pytest.approx(entry["asked"]["yaw"], abs=1.0)
            assert abs(entry["stamp"] - time.time()) < 300
            assert entry["camera_matrix"][0][0] == pytest.approx(457, abs=2)
        assert max(lateness_s(page, scan, entry) for entry in manifest["pictures"]) < LATE_S
        made = manifest["made"]["panorama.jpg"]
        image = picture(page, scan, "panorama.jpg")
        assert image.shape[:2] == (made["height"], made["width"])
        seen = list(landmarks_in(image))
        assert len(seen) >= 5
        for landmark, column, _ in seen:
            yaw = made["yaw_of_first_column"] - column * made["degrees_per_column"]
            true = math.degrees(math.atan2(*landmark.position[1::-1]))
            assert yaw == pytest.approx(true, abs=1.5)
        assert picture(page, scan, "panorama_grid.jpg").shape == (360, 4 * 640, 3)
        assert {"strip_pitch_+00.jpg", "manifest.json"} < set(told["files"])
        page.reaches(lambda told: told["head"]["pitch"], 5)
        page.reaches(lambda told: told["head"]["yaw"], 10)
        page.reaches(lambda told: told["joints"]["yaw_body"], 10)
        assert Client(page.port).get(f"/api/scans/{scan}/..%2f..%2fphoto.jpg")[0] == 404
        assert Client(page.port).get(f"/api/scans/..%2f{scan}/manifest.json")[0] == 404

    def test_a_scan_of_which_nothing_comes_has_failed_and_says_why(self, page: Page) -> None:
        scan = begin(page, pitch_steps=[60])
        told = scanned(page, "failed")
        assert (told["taken"], told["files"]) == (0, ["manifest.json"])
        assert "pitch 60.0 deg" in told["reason"]
        assert json.loads(file_of(page, scan, "manifest.json"))["no_panorama"]

    def test_a_cancelled_scan_goes_back_and_keeps_what_was_taken(self, page: Page) -> None:
        assert page.command("body?wait=done", yaw=0)[0] == 200
        assert page.command("head?wait=done", yaw=5)[0] == 200
        scan = begin(page, yaw_steps=[-40, -20, 0, 20, 40], max_edge=320)
        wait_for(lambda: scanning(page)["taken"], 20, "the first picture")
        assert Client(page.port).json("/api/scan", "DELETE")[0] == 200
        told = scanned(page, "cancelled")
        assert 1 <= told["taken"] < 5
        assert picture(page, scan, "picture_01.jpg").shape == (180, 320, 3)
        page.reaches(lambda told: told["head"]["yaw"], 5)
        assert Client(page.port).json("/api/scan", "DELETE")[0] == 409

    def test_a_scan_turns_no_faster_than_is_wanted(self, page: Page) -> None:
        assert page.command("head?wait=done")[0] == 200
        since_s = time.monotonic()
        begin(page, yaw_steps=[30], max_edge=320, max_speed=20)
        scanned(page, "done")
        assert time.monotonic() - since_s > 2 * 30 / 20, "there and back"

    def test_a_stop_ends_a_scan_where_it_is(self, page: Page) -> None:
        begin(page, yaw_steps=[-40, -20, 0, 20, 40], max_edge=320)
        wait_for(lambda: scanning(page)["taken"], 20, "the first picture")
        assert page.command("stop")[0] == 200
        told = scanned(page, "stopped")
        assert told["taken"] < 5
        yaw = lambda: (page.status()["head"] or {"yaw": 90})["yaw"]  # noqa: E731
        wait_for(lambda: yaw() < 0, 5, "a head that did not go back")
        assert page.command("head?wait=done")[0] == 200
