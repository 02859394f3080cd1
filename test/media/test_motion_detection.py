# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Motion is told from noise, begins at once and ends after a while."""

import av
import numpy as np
import pytest

from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.motion_detection import MotionDetector, small_grey

random = np.random.default_rng(1)


def picture(left: int, noise: float = 3.0) -> np.ndarray:
    """Return a dark noisy picture with a bright square, which is 4 % of it."""
    image = np.full((360, 640, 3), 60.0)
    image[100:196, left : left + 96] = 200.0
    return np.clip(image + random.normal(0, noise, image.shape), 0, 255).astype(np.uint8)


class Camera:
    """Gives the detector 15 pictures a second, in a clock of its own."""

    def __init__(self, decoded: bool) -> None:
        self.detector = MotionDetector(0.02)
        self._decoded = decoded
        self._now_ns = 0

    def show(self, lefts: list[int]) -> list[tuple[float, bool]]:
        told = []
        for left in lefts:
            self._now_ns += round(1e9 / 15)
            image = picture(left)
            content = av.VideoFrame.from_ndarray(image, format="bgr24") if self._decoded else image
            if self.detector.look(Frame(content, self._now_ns, self._now_ns)):
                told.append((self.detector.level, self.detector.moving))
        return told

    def pause(self, seconds: float) -> None:
        self._now_ns += round(seconds * 1e9)


@pytest.mark.parametrize("decoded", [False, True])
def test_motion_is_seen_at_once_ends_later_and_noise_is_none(decoded: bool) -> None:
    camera = Camera(decoded)
    still = camera.show([100] * 60)
    assert len(still) == pytest.approx(20, abs=2)
    assert not any(moving for _, moving in still)
    assert max(level for level, _ in still) < 0.005
    moved = camera.show(list(range(100, 400, 10)))
    assert all(moving for _, moving in moved[1:])
    assert max(level for level, _ in moved) == pytest.approx(0.04, abs=0.03)
    after = [moving for _, moving in camera.show([390] * 45)]
    assert after[0]
    assert not after[-1]
    assert after == sorted(after, reverse=True)


def test_a_pause_of_the_pictures_is_no_motion() -> None:
    camera = Camera(decoded=False)
    camera.show([100] * 15)
    camera.pause(10)
    assert not any(moving for _, moving in camera.show([400] * 30))


FIFTH_NS = 200_000_000
AREA = 160 * 90
"""Of the small picture."""
GREY = 60


def plain(grey: int = GREY, side: int = 0, brightness: int = 200) -> np.ndarray:
    """Return a picture of one grey with a square, its side in pixels of the small picture."""
    image = np.full((360, 640, 3), grey, np.uint8)
    image[80 : 80 + 4 * side, 160 : 160 + 4 * side] = brightness
    return image


def share(side: int) -> float:
    """Return what changes with a square: by the blur a pixel more each way but in the corners."""
    return ((side + 2) ** 2 - 4) / AREA


class Steady:
    """Gives the detector a picture every fifth of a second, to the nanosecond."""

    def __init__(self, threshold: float) -> None:
        self.detector = MotionDetector(threshold)
        self.now_ns = 10**12

    def look(self, image: np.ndarray, after_ns: int = FIFTH_NS) -> bool:
        self.now_ns += after_ns
        return self.detector.look(Frame(image, self.now_ns, self.now_ns))


def test_the_small_picture_is_160_by_90_and_a_little_blurred() -> None:
    small = small_grey(Frame(plain(side=10), 0, 0))
    assert small.shape == (90, 160)
    assert np.argwhere(small > GREY).min(axis=0).tolist() == [19, 39]
    assert np.argwhere(small > GREY).max(axis=0).tolist() == [30, 50]
    assert small[25, 45] == 200


def test_the_level_is_the_share_that_changed() -> None:
    steady = Steady(0.5)
    assert steady.look(plain())
    assert steady.detector.level == 0.0
    assert steady.look(plain(side=30))
    assert steady.detector.level == pytest.approx(share(30))
    assert not steady.detector.moving


@pytest.mark.parametrize(("change", "level"), [(16, 0.0), (17, 1.0), (-16, 0.0), (-17, 1.0)])
def test_what_changes_by_a_few_levels_is_noise(change: int, level: float) -> None:
    steady = Steady(0.5)
    steady.look(plain())
    steady.look(plain(GREY + change))
    assert steady.detector.level == level
    assert steady.detector.moving == (level > 0.5)


def test_motion_begins_at_the_threshold_and_ends_a_second_after_it_is_below_half() -> None:
    steady = Steady(share(30))

    def change(side: int) -> bool:
        for image in (plain(side=side), plain()):
            steady.look(image)
        return steady.detector.moving

    steady.look(plain())
    assert not change(29)
    assert change(30)
    steady.detector.threshold = 2 * share(30)
    for _ in range(10):
        assert change(30), "it goes on at half of the threshold"
    steady.detector.threshold = 2.5 * share(30)
    # 0.2 to 1.0 s after the last that was above: still moving.
    for number in range(5):
        steady.look(plain(side=30 * (number % 2 == 0)))
        assert steady.detector.moving
    steady.look(plain())
    assert not steady.detector.moving


def test_after_a_gap_it_begins_anew() -> None:
    steady = Steady(0.5)
    steady.look(plain())
    steady.look(plain(200), after_ns=2_000_000_000)
    assert (steady.detector.level, steady.detector.moving) == (1.0, True)
    assert steady.look(plain(), after_ns=2_000_000_001)
    assert (steady.detector.level, steady.detector.moving) == (0.0, False)
    assert steady.look(plain(200))
    assert steady.detector.level == 1.0
