# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Motion is told from noise, begins at once and ends after a while."""

import av
import numpy as np
import pytest

from reachy_mini_ros.media.frames import Frame
from reachy_mini_ros.media.motion_detection import MotionDetector

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
