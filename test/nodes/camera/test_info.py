# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Calibrations of the camera on disk."""

from pathlib import Path

import numpy as np
import pytest

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.nodes.camera import info
from reachy_mini_ros.robot.geometry.camera_models import camera_model


def test_a_calibration_survives_the_file(tmp_path: Path) -> None:
    model = camera_model("lite", 1280, 720)
    path = tmp_path / "new folder" / "camera.yaml"
    info.save_calibration(path, model)
    again = info.load_calibration(path)
    assert (again.width, again.height, again.d) == (model.width, model.height, model.d)
    assert again.k == pytest.approx(model.k)
    assert again.p == pytest.approx(np.column_stack([model.k, np.zeros(3)]))
    assert [entry.name for entry in path.parent.iterdir()] == ["camera.yaml"]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        "just text",
        "image_width: 640",
        "image_width: 0\nimage_height: 0\ncamera_matrix: {data: [1,0,0,0,1,0,0,0,1]}\n"
        "distortion_model: plumb_bob\ndistortion_coefficients: {data: []}",
        "image_width: 640\nimage_height: 480\ncamera_matrix: {data: [1,0,0,0]}\n"
        "distortion_model: plumb_bob\ndistortion_coefficients: {data: []}",
    ],
)
def test_a_bad_calibration_is_refused_in_one_line(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "camera.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SetupError) as refusal:
        info.load_calibration(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)
